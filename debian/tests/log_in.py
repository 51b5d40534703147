"""People who are let in log in over HTTPS and compute; people who are taken off are kept out.

A DEP-8 test (debian/tests/control): it uses the installed package and Debian's own Python packages,
and leaves an account behind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

# The client of the project's own tests, which the build lays beside debian/.
from support.hub_client import HubClient

PERSON = "autopkgtest-zoe"


def main() -> None:
    """Let somebody in, do as they would, and take them off again."""
    ca = Path(os.environ["AUTOPKGTEST_TMP"]) / "ca.crt"
    ca.write_text(teamhub("tls", "ca"))
    added = teamhub("user", "add", PERSON, "--generate", "--permanent")
    password = re.findall(rf"^{PERSON}: initial password (\S+)$", added, re.MULTILINE)[0]

    client = HubClient("https://localhost", ca, PERSON)
    expect("a wrong password is refused", client.log_in("x" + password).status_code, 403)
    expect("the right one is not", client.log_in(password).status_code, 302)
    print(f"the server was ready after {client.spawn():.1f} s")
    printed = client.compute("import getpass; print(getpass.getuser(), 6 * 7)")
    expect("a cell runs as that person", printed, f"{PERSON} 42\n")

    teamhub("user", "remove", PERSON)
    expect("the session has ended", client.is_signed_in(), False)
    expect("nobody gets in any more", client.log_in(password).status_code, 403)


def teamhub(*arguments: str) -> str:
    """What the command `teamhub` prints; CalledProcessError where it fails."""
    command = ["teamhub", *arguments]
    # It reports what it does on stderr, which DEP-8 takes for a failure.
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    print(f"$ {' '.join(command)}\n{done.stderr}", end="")
    done.check_returncode()
    return done.stdout


def expect(what: str, found: object, wanted: object) -> None:
    """Print what holds; end with an error where it does not."""
    if found != wanted:
        sys.exit(f"not so: {what}: found {found!r}, not {wanted!r}")
    print(f"{what}: {found!r}")


if __name__ == "__main__":
    main()
