"""The version and the clock of a build come from debian/changelog."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from teamhub_build.release import ChangelogError, read_release
from teamhub_build.suites import EVERY_SUITE, SUITES

ENTRY = """\
teamhub ({version}) unstable; urgency=medium

  * Something; (really) changed.

 -- A Person <a@example.org>  Thu, 01 Jan 2026 01:00:00 +0100
"""


def changelog(folder: Path, *versions: str) -> Path:
    path = folder / "changelog"
    path.write_text("\n".join(ENTRY.format(version=version) for version in versions), "utf-8")
    return path


def test_the_newest_entry_gives_version_and_time(tmp_path: Path) -> None:
    release = read_release(changelog(tmp_path, "0.2.0", "0.1.0"), SUITES["bookworm"])
    assert (release.upstream, release.version) == ("0.2.0", "0.2.0~deb12")
    assert release.epoch == 1767225600


def test_only_the_newest_entry_gets_the_suite(tmp_path: Path) -> None:
    path = changelog(tmp_path, "0.2.0", "0.1.0")
    text = read_release(path, SUITES["trixie"]).changelog(path.read_text())
    assert text == path.read_text().replace("(0.2.0) unstable;", "(0.2.0~deb13) trixie;")


def test_an_entry_that_is_not_released_can_be_built(tmp_path: Path) -> None:
    path = changelog(tmp_path, "0.2.0", "0.1.0")
    path.write_text(path.read_text().replace("unstable", "UNRELEASED", 1))
    release = read_release(path, SUITES["bookworm"])
    assert release.version == "0.2.0~deb12"
    assert release.changelog(path.read_text()).startswith("teamhub (0.2.0~deb12) bookworm;")


def test_news_are_shown_once_since_every_entry_has_the_suites_version(tmp_path: Path) -> None:
    path = changelog(tmp_path, "0.2.0", "0.1.0")
    news = read_release(path, SUITES["trixie"]).news(path.read_text())
    assert [line for line in news.splitlines() if line.startswith("teamhub")] == [
        "teamhub (0.2.0~deb13) trixie; urgency=medium",
        "teamhub (0.1.0~deb13) trixie; urgency=medium",
    ]
    assert news.count("* Something; (really) changed.") == 2


def test_versions_sort_by_release_then_by_suite(tmp_path: Path) -> None:
    older = read_release(changelog(tmp_path, "0.9.0"), SUITES["trixie"]).version
    bookworm, trixie = (
        read_release(changelog(tmp_path, "0.10.0"), suite).version for suite in SUITES.values()
    )
    for smaller, greater in ((older, bookworm), (bookworm, trixie), (trixie, "0.10.0")):
        subprocess.run(["dpkg", "--compare-versions", smaller, "lt", greater], check=True)


def test_a_package_for_every_suite_has_the_changelogs_own_version(tmp_path: Path) -> None:
    path = changelog(tmp_path, "0.2.0")
    release = read_release(path, EVERY_SUITE)
    assert release.version == "0.2.0"
    assert release.changelog(path.read_text()).startswith("teamhub (0.2.0) unstable;")


def test_a_version_with_a_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChangelogError, match=r"1\.0~rc1"):
        read_release(changelog(tmp_path, "1.0~rc1"), SUITES["bookworm"])


def test_a_missing_changelog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChangelogError, match="no Version"):
        read_release(tmp_path / "none", SUITES["bookworm"])
