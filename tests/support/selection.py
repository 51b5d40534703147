"""What of the tests a run has: which suites, which packages, and whether the long ones.

Imported before anything is installed: needs only the standard library.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.checkout import REPOSITORY
from teamhub_build.built_of import staleness
from teamhub_build.suites import SUITES, machine_suite

DIST = REPOSITORY / "dist"


class NoPackageError(Exception):
    """The package that a stage tests is missing, or is another than the checkout builds."""


@dataclass(frozen=True)
class Package:
    """One package to build and test: a suite, a profile, and the folder that it is built into."""

    suite: str
    profile: str
    folder: Path

    def path(self) -> Path:
        """The newest .deb of this package; NoPackageError where none is built."""
        pattern = f"teamhub_*~deb{SUITES[self.suite].release}_amd64.deb"
        found = sorted(self.folder.glob(pattern), key=lambda deb: deb.stat().st_mtime)
        if not found:
            raise NoPackageError(f"There is no {_shown(self.folder / pattern)}.\n{self._remedy}")
        return found[-1]

    def fresh_path(self) -> Path:
        """`path`; NoPackageError where the checkout builds another one by now."""
        deb = self.path()
        if why := staleness(deb, REPOSITORY):
            raise NoPackageError(
                f"{_shown(deb)} is stale; {why}.\n{self._remedy}\n"
                "Or test it as it is: tests/run.py ... --stale"
            )
        return deb

    @property
    def build_options(self) -> list[str]:
        """The arguments of build.py."""
        profile = ["--profile", self.profile, "--output", str(self.folder)]
        return ["--suite", self.suite, *(profile if self.folder != DIST else [])]

    @property
    def _remedy(self) -> str:
        options = [argument.replace(f"{REPOSITORY}/", "") for argument in self.build_options]
        return f"Build it: python3 build.py {' '.join(options)}"


#: The scientific packages, which most tests are for, and the minimal one.
PACKAGES = (
    *(Package(suite, "scientific", DIST) for suite in SUITES),
    Package(machine_suite().codename, "minimal", DIST / "minimal"),
)


@dataclass(frozen=True)
class Selection:
    """What a run tests."""

    #: Whether it has every test on every suite.
    everything: bool
    #: The suites that it has at all.
    suites: tuple[str, ...]
    #: The one for tests that depend on no suite, if a run has several and not everything.
    one_suite: str
    #: Whether packages are tested that the checkout would build otherwise by now.
    stale: bool = False

    def __str__(self) -> str:
        if self.everything or len(self.suites) == 1:
            return f"Every test that is chosen runs on {' and '.join(self.suites)}."
        return (
            f"What depends on no suite is tested on {self.one_suite} alone, the other tests run on "
            f"{' and '.join(self.suites)}. The commit has chosen; --suite does, too."
        )

    @property
    def packages(self) -> list[Package]:
        """The packages that it tests; the minimal one takes minutes to build and to install."""
        profiles = ("scientific", "minimal") if self.everything else ("scientific",)
        return [
            package
            for package in PACKAGES
            if package.suite in self.suites and package.profile in profiles
        ]

    def path(self, package: Package) -> Path:
        """The .deb of a package; NoPackageError where it is missing or stale."""
        return package.path() if self.stale else package.fresh_path()

    @property
    def options(self) -> list[str]:
        """The same for tests/server/conftest.py and tests/package/conftest.py.

        Raises NoPackageError.
        """
        names = [f"{each.suite}:{each.profile}:{self.path(each)}" for each in self.packages]
        debs = [f"--package={name}" for name in names]
        return (
            [*debs, "--everything"] if self.everything else [*debs, f"--once-on={self.one_suite}"]
        )


def select(*, everything: bool, suite: str | None, stale: bool, commit: str) -> Selection:
    """What a run tests: all suites, or `suite` alone; `commit` decides what needs no more than one.

    So over time the tests run on every suite, and a commit's on the same one each time.
    """
    suites = (suite,) if suite else tuple(SUITES)
    return Selection(everything, suites, suites[int(commit, 16) % len(suites)], stale)


def commit_hash() -> str:
    """The commit that is checked out, in hexadecimal digits."""
    command = ["git", "-c", f"safe.directory={REPOSITORY}", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))
