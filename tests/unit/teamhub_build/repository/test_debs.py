"""Which files a repository takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub_build.repository.debs import DebError, newest_first, read_deb
from unit.teamhub_build.repository.conftest import Deb


@pytest.mark.parametrize(
    ("version", "codenames"),
    [
        ("1.0~deb12", ["bookworm"]),
        ("1.0~deb13", ["trixie"]),
        ("1.0", ["bookworm", "trixie"]),
    ],
)
def test_a_version_says_for_which_debian_it_is(
    deb: Deb, version: str, codenames: list[str]
) -> None:
    assert read_deb(deb(version)).codenames == codenames


def test_it_lies_where_debian_keeps_its_own(deb: Deb) -> None:
    read = read_deb(deb("1.0~deb12"))
    assert read.pool_path("main") == "pool/main/t/teamhub/teamhub_1.0~deb12_amd64.deb"


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_text("x")
    with pytest.raises(DebError, match=r"x\.deb is no Debian package"):
        read_deb(tmp_path / "x.deb")


def test_a_package_of_somebody_else_is_refused(deb: Deb) -> None:
    with pytest.raises(DebError, match="is the package openssh-server"):
        read_deb(deb("1.0", "openssh-server"))


def test_a_debian_that_nothing_is_built_for_is_refused(deb: Deb) -> None:
    with pytest.raises(DebError, match=r"1\.0~deb9"):
        read_deb(deb("1.0~deb9"))


def test_versions_sort_as_dpkg_does() -> None:
    assert newest_first(["1.9", "1.10", "1.10~deb12", "1.10"]) == ["1.10", "1.10~deb12", "1.9"]
