"""What the tests need on a machine: Debian packages, and a virtual environment with pinned tools.

Needs only the standard library, since it makes the rest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

from support.checkout import REPOSITORY
from support.outcomes import Outcome, succeeds
from teamhub_build.machine import BUILD_PACKAGES

VENV = REPOSITORY / ".build/venv-test"
REQUIREMENTS = [REPOSITORY / "requirements" / name for name in ("build.txt", "test.txt")]
DEBIAN_PYTHON = "/usr/bin/python3"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--preserve-env"]

#: Debian packages that the tests call; the unit tests call what a build does, too.
DEBIAN_PACKAGES = (
    *BUILD_PACKAGES,
    "apt-utils",
    "chromium",
    "debconf-utils",
    "devscripts",
    "faketime",
    "fonts-dejavu-core",
    "gpg",
    "gpg-agent",
    "iproute2",
    "libnss3-tools",
    "mmdebstrap",
    "patchelf",
    "pebble",
    "piuparts",
    "reprotest",
    "shellcheck",
    "systemd-container",
    "testssl.sh",
    "xfsprogs",
)


def prepare() -> Outcome:
    """Install the Debian packages that are missing, and the tests' virtual environment.

    Not a test: nothing is counted but a failure.
    """
    ready = install_debian_packages() and install_venv()
    return Outcome(0, 0 if ready else 1)


def install_debian_packages() -> bool:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"]
    listed = subprocess.run([*query, *DEBIAN_PACKAGES], capture_output=True, text=True, check=False)
    here = {line.split()[0] for line in listed.stdout.splitlines() if line.endswith(" installed")}
    missing = [package for package in DEBIAN_PACKAGES if package not in here]
    if not missing:
        return True
    apt = [*AS_ROOT, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2", "--yes"]
    return succeeds([*apt, "update"]) and succeeds(
        [*apt, "install", "--no-install-recommends", *missing]
    )


def install_venv() -> bool:
    """Make .build/venv-test from the pinned requirements, when they have changed since."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    stamp = VENV / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == key:
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    files = [argument for path in REQUIREMENTS for argument in ("--requirement", str(path))]
    made = succeeds([DEBIAN_PYTHON, "-m", "venv", str(VENV)]) and succeeds(
        [str(VENV / "bin/pip"), "install", "--quiet", "--require-hashes", *files]
    )
    if made:
        stamp.write_text(key)
    return made
