"""What debian/changelog says: the version, and the moment that all files are dated by."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.suites import Suite
from teamhub_shared import TeamhubError


class ChangelogError(TeamhubError):
    """debian/changelog cannot be read."""


@dataclass(frozen=True)
class Release:
    """The newest entry of debian/changelog, as one suite gets it."""

    suite: Suite
    #: The version in the changelog, without the suite, such as "0.1.0".
    upstream: str
    #: Seconds since 1970; SOURCE_DATE_EPOCH of the whole build.
    epoch: int

    @property
    def version(self) -> str:
        """The package's version, such as "0.1.0~deb12"; a newer suite's sorts as newer.

        A package for every suite, whose version has no suffix, sorts as the newest.
        """
        return self._of_suite(self.upstream)

    def changelog(self, text: str) -> str:
        """`text`, a changelog, with this version and suite in its newest entry."""
        return re.sub(
            r"\A(\S+) \(.*?\) .*?;", rf"\1 ({self.version}) {self.suite.codename};", text, count=1
        )

    def news(self, text: str) -> str:
        """`text`, debian/NEWS, with the suite in every entry and its version.

        apt-listchanges shows the entries that are newer than what was installed.  0.1.0 is newer
        than 0.1.0~deb12: without the suite it would show an entry once more at the next upgrade.
        """
        return re.sub(
            r"^(\S+) \((.*?)\) .*?;",
            lambda entry: f"{entry[1]} ({self._of_suite(entry[2])}) {self.suite.codename};",
            text,
            flags=re.MULTILINE,
        )

    def _of_suite(self, version: str) -> str:
        return version if self.suite.release is None else f"{version}~deb{self.suite.release}"


def read_release(changelog: Path, suite: Suite) -> Release:
    """The release that a build of `suite` makes now.

    Raises ChangelogError for a changelog that dpkg-parsechangelog refuses, or a version that is not
    plain (a suffix is the build's to add).
    """
    version = changelog_field(changelog, "Version")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
        raise ChangelogError(
            f"{changelog} gives the version as {version}",
            "give it as plain numbers such as 1.2.3; the build adds the suite",
        )
    return Release(suite, version, int(changelog_field(changelog, "Timestamp")))


def changelog_field(changelog: Path, name: str) -> str:
    """What the newest entry of a changelog has in a field of dpkg-parsechangelog(1).

    Raises ChangelogError for a changelog that has no such field, or is none.
    """
    parsed = subprocess.run(
        ["dpkg-parsechangelog", "--file", changelog, "--show-field", name],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    value = parsed.stdout.strip()
    if parsed.returncode != 0 or not value:
        raise ChangelogError(
            f"{changelog} has no {name}: {parsed.stderr.strip()}",
            "write the entry as deb-changelog(5) says; `dch` does",
        )
    return value
