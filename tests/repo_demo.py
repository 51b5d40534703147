#!/usr/bin/python3
"""Makes dist/repo, a repository to look at: two versions, the second in canary, and the keyring.

Needs the package that `make` builds.  It is signed by a key that is made for it, in dist/repo-key.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.checkout import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "src"))
REPO, KEY_HOME = REPOSITORY / "dist/repo", REPOSITORY / "dist/repo-key"
KEY = "teamhub demo"
URL = "http://127.0.0.1:8000/"


def main() -> int:
    """Prepare like the tests, then go on in their environment."""
    from support.preparation import VENV, prepare
    from support.selection import PACKAGES
    from teamhub_build.suites import machine_suite

    os.chdir(REPOSITORY)
    if not VENV.exists() and prepare().failed:
        return 1
    if Path(sys.prefix) != VENV:
        return subprocess.run([VENV / "bin/python", __file__], check=False).returncode
    package = next(made for made in PACKAGES if made.suite == machine_suite().codename)
    make_keyring()
    try:
        make_repository(package.path(), package.suite)
    finally:
        # the agent that gpg has started for this key
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
    return 0


def make_keyring() -> None:
    """A keyring with a key that signs nothing else."""
    from support.keys import make_key

    shutil.rmtree(KEY_HOME, ignore_errors=True)
    KEY_HOME.mkdir(mode=0o700, parents=True)
    os.environ["GNUPGHOME"] = str(KEY_HOME)
    make_key(KEY)


def make_repository(package: Path, suite: str) -> None:
    """Publish both versions and the keyring package, and tell how to look at them."""
    from support.next_version import LATER, Change, write_version

    shutil.rmtree(REPO, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=REPOSITORY / "dist") as folder:
        work = Path(folder)
        second = write_version(package, suite, Change(f"{LATER}.2", package="serenity"), work)
        build("keyring", "--url", URL, "--output", str(work))
        keyrings = map(str, work.glob("teamhub-archive-keyring_*.deb"))
        build("publish", "--repo", str(REPO), str(package), *keyrings)
        build("publish", "--repo", str(REPO), "--suite", "canary", str(second))
    print(f"serve it: python3 -m http.server --bind 127.0.0.1 --directory {REPO} 8000")


def build(action: str, *arguments: str) -> None:
    """Run build.py with the demo's key."""
    command = [sys.executable, "build.py", action, "--key", KEY, *arguments]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
