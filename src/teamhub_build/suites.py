"""The Debian suites that teamhub is built for, and what differs between them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from teamhub_shared import TeamhubError


@dataclass(frozen=True)
class Suite:
    """One Debian release as a build target."""

    codename: str
    #: Debian's release number; the package's version ends in `~deb<release>`.  None where one
    #: package is for every release.
    release: int | None
    #: The version of the suite's own python3 when it was frozen, such as "3.11.2".
    python_version: str
    #: The glibc that every machine of the suite has at least.
    glibc: str
    #: The version of the suite's own nodejs.
    nodejs_version: str
    #: The systemd session class for people's servers: one that starts no user manager where the
    #: suite's systemd has it (`background-light` is new in systemd 256, pam_systemd(8)).
    session_class: str
    #: Whether sandbox options that imply NoNewPrivileges in older systemd (252) leave sudo working.
    sandbox_keeps_sudo: bool

    @property
    def python(self) -> str:
        """The minor version, such as "3.11"."""
        return self.python_version.rpartition(".")[0]

    @property
    def next_python(self) -> str:
        """The minor version that the package must not be installed with, such as "3.12"."""
        major, minor = self.python.split(".")
        return f"{major}.{int(minor) + 1}"


SUITES = {
    suite.codename: suite
    for suite in (
        Suite(
            codename="bookworm",
            release=12,
            python_version="3.11.2",
            glibc="2.36",
            nodejs_version="18.20.4",
            session_class="background",
            sandbox_keeps_sudo=False,
        ),
        Suite(
            codename="trixie",
            release=13,
            python_version="3.13.5",
            glibc="2.41",
            nodejs_version="20.19.2",
            session_class="background-light",
            sandbox_keeps_sudo=True,
        ),
    )
}

#: Of packages that bring their own Python and Node.js: they get by with what the oldest suite has.
EVERY_SUITE = dataclasses.replace(SUITES["bookworm"], codename="unstable", release=None)


def machine_suite(os_release: Path = Path("/etc/os-release")) -> Suite:
    """The suite of the machine that runs the build.

    Raises TeamhubError where that is not a suite that teamhub is built for.
    """
    fields = dict(
        line.split("=", 1) for line in os_release.read_text("utf-8").splitlines() if "=" in line
    )
    codename = fields.get("VERSION_CODENAME", "").strip('"')
    if codename not in SUITES:
        raise TeamhubError(
            f"this machine runs {fields.get('PRETTY_NAME', 'an unknown system')}, "
            "which is not a suite that teamhub is built for",
            f"name one with --suite: {', '.join(SUITES)}",
        )
    return SUITES[codename]
