"""`build.py release`, in a git repository with a changelog; only the builds are stood in for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from teamhub_build.commands import CommandError
from teamhub_build.release import read_release
from teamhub_build.release_command import BuildError, ReleaseError, make_release
from teamhub_build.suites import SUITES
from teamhub_shared import TeamhubError

ENTRY = """\
teamhub ({version}) {distribution}; urgency=medium

{changes}
 -- teamhub maintainers <teamhub@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
"""
CHANGE = "  * Something changed.\n"

Releaser = Callable[[str], list[str]]


def changelog(*entries: tuple[str, str], changes: str = CHANGE) -> str:
    """A changelog of entries, the newest first, each a version and a distribution."""
    return "\n".join(
        ENTRY.format(version=version, distribution=distribution, changes=changes)
        for version, distribution in entries
    )


@pytest.fixture(autouse=True)
def _git_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name to commit under, and none of this machine's settings of git."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Person")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose next version, 0.2.0, has a change."""
    folder = tmp_path / "repository"
    (folder / "debian").mkdir(parents=True)
    git(folder, "init", "--quiet")
    write(folder, changelog(("0.2.0", "UNRELEASED"), ("0.1.0", "unstable")))
    return folder


@pytest.fixture
def release(repository: Path, tmp_path: Path) -> Releaser:
    """Releases a version; the suites that it was built for."""

    def made(version: str) -> list[str]:
        built: list[str] = []
        make_release(repository, version, built.append, log=tmp_path / "log")
        return built

    return made


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write(repository: Path, text: str, name: str = "debian/changelog") -> None:
    """Commit a file with this text."""
    (repository / name).write_text(text, "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", f"Write {name}")


def state(repository: Path) -> tuple[str, str, str]:
    """The commit, the tags, and what is not committed."""
    return (
        git(repository, "rev-parse", "HEAD"),
        git(repository, "tag", "--list"),
        git(repository, "status", "--porcelain"),
    )


class TestRelease:
    """A version with a change."""

    def test_the_entry_is_dated_committed_and_tagged(
        self, repository: Path, release: Releaser
    ) -> None:
        release("0.2.0")
        made = read_release(repository / "debian/changelog", SUITES["bookworm"])
        assert made.upstream == "0.2.0"
        assert made.epoch > 1767225600
        text = (repository / "debian/changelog").read_text()
        assert text.startswith(f"teamhub (0.2.0) unstable; urgency=medium\n\n{CHANGE}\n -- teamhub")
        assert git(repository, "log", "-1", "--format=%s") == "Release 0.2.0"
        assert git(repository, "rev-parse", "v0.2.0^{commit}") == git(
            repository, "rev-parse", "HEAD"
        )
        assert git(repository, "status", "--porcelain") == ""

    def test_entries_of_older_versions_stay(self, repository: Path, release: Releaser) -> None:
        before = (repository / "debian/changelog").read_text().partition("teamhub (0.1.0)")[2]
        release("0.2.0")
        assert (repository / "debian/changelog").read_text().endswith(before)

    def test_it_is_built_for_every_suite(self, release: Releaser) -> None:
        assert release("0.2.0") == [*SUITES]

    def test_the_version_may_be_higher_than_the_entry_had(
        self, repository: Path, release: Releaser
    ) -> None:
        release("1.0")
        assert (repository / "debian/changelog").read_text().startswith("teamhub (1.0) unstable;")

    def test_news_are_dated_too(self, repository: Path, release: Releaser) -> None:
        write(repository, changelog(("0.2.0", "UNRELEASED")), "debian/NEWS")
        release("0.3.0")
        assert (repository / "debian/NEWS").read_text().startswith("teamhub (0.3.0) unstable;")
        assert git(repository, "status", "--porcelain") == ""

    def test_news_of_an_older_version_stay(self, repository: Path, release: Releaser) -> None:
        write(repository, changelog(("0.1.0", "unstable")), "debian/NEWS")
        release("0.3.0")
        assert (repository / "debian/NEWS").read_text() == changelog(("0.1.0", "unstable"))


class TestRefusals:
    """Nothing is changed where something is not as it has to be."""

    def refused(self, repository: Path, release: Releaser, version: str = "0.2.0") -> str:
        """The error of a release that is refused; nothing has changed."""
        before = state(repository)
        with pytest.raises((ReleaseError, CommandError)) as raised:
            release(version)
        assert state(repository) == before
        assert raised.value.remedy
        return raised.value.problem

    @pytest.mark.parametrize("version", ["", "v0.2.0", "0.2.0~rc1", "0.2.0-1", "--help"])
    def test_of_what_is_no_version(self, repository: Path, release: Releaser, version: str) -> None:
        assert f"{version!r} is not a version" in self.refused(repository, release, version)

    @pytest.mark.parametrize("name", ["debian/changelog", "forgotten"])
    def test_of_changes_that_are_not_committed(
        self, repository: Path, release: Releaser, name: str
    ) -> None:
        with (repository / name).open("a") as file:
            file.write("\n")
        assert "not committed" in self.refused(repository, release)

    def test_of_a_version_that_is_tagged(self, repository: Path, release: Releaser) -> None:
        git(repository, "tag", "v0.2.0")
        assert "the tag v0.2.0 is there already" in self.refused(repository, release)

    def test_of_a_changelog_whose_newest_entry_is_released(
        self, repository: Path, release: Releaser
    ) -> None:
        write(repository, changelog(("0.1.0", "unstable")))
        assert "changelog, 0.1.0, is released already" in self.refused(repository, release)

    @pytest.mark.parametrize("changes", ["", "  *\n", "  * \n\n", "  [ A Person ]\n"])
    def test_of_an_entry_that_names_no_change(
        self, repository: Path, release: Releaser, changes: str
    ) -> None:
        write(repository, changelog(("0.2.0", "UNRELEASED"), changes=changes))
        assert "names no change" in self.refused(repository, release)

    def test_of_a_version_below_the_entrys(self, repository: Path, release: Releaser) -> None:
        assert "0.1.9 is lower than 0.2.0" in self.refused(repository, release, "0.1.9")

    def test_of_a_version_below_that_of_the_news(self, repository: Path, release: Releaser) -> None:
        write(repository, changelog(("0.3.0", "UNRELEASED")), "debian/NEWS")
        assert "which debian/NEWS is to be" in self.refused(repository, release)

    def test_of_git_itself(self, repository: Path, release: Releaser) -> None:
        """Such as a hook that finds something."""
        hook = repository / ".git/hooks/pre-commit"
        hook.write_text("#!/bin/sh\necho a hook objects >&2\nexit 1\n")
        hook.chmod(0o755)
        assert "a hook objects" in self.refused(repository, release)


def test_a_build_that_fails_says_how_to_go_on_and_how_to_go_back(
    repository: Path, tmp_path: Path
) -> None:
    def fail(suite: str) -> None:
        raise TeamhubError(f"no wheel for {suite}", "wait")

    before = git(repository, "rev-parse", "HEAD")
    with pytest.raises(BuildError, match="is committed and tagged") as raised:
        make_release(repository, "0.2.0", fail, log=tmp_path / "log")
    assert "no wheel for bookworm" in raised.value.problem
    assert "python3 build.py --suite bookworm" in raised.value.remedy
    back = raised.value.remedy.partition("take the release back: ")[2]
    subprocess.run(["sh", "-c", back], cwd=repository, check=True)
    assert state(repository) == (before, "", "")
