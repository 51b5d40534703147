"""The checkout of these tests, and another one to build in: what this one has, changes and all.

Imported before anything is installed: needs only the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def copy_checkout(target: Path, build_folders: Iterable[str]) -> Path:
    """Copy the committed files as they lie in the work tree, and link some folders of .build."""
    listed = subprocess.run(
        # anyone who builds as root need not own the checkout
        ["git", "-c", f"safe.directory={REPOSITORY}", "ls-files", "-z"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    for name in build_folders:
        folder = REPOSITORY / ".build" / name
        shutil.copytree(folder, target / ".build" / name, copy_function=os.link, symlinks=True)
    return target
