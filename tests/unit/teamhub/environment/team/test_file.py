"""environment.yml is read as conda reads it, and what cannot be meant is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub.environment.team.file import BadTeamFile, TeamPackages, read

SHIPPED = Path(__file__).parents[5] / "conffiles/etc/teamhub/environment.yml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "environment.yml"


def test_no_file_asks_for_nothing(file: Path) -> None:
    assert not read(file)


def test_the_file_that_ships_asks_for_nothing() -> None:
    assert read(SHIPPED) == TeamPackages()


@pytest.mark.parametrize("text", ["", "# nothing\n", "dependencies:\n", "dependencies: []\n"])
def test_an_empty_file_asks_for_nothing(file: Path, text: str) -> None:
    file.write_text(text)
    assert read(file) == TeamPackages()


def test_all_of_condas_form_is_read(file: Path) -> None:
    file.write_text(
        "name: team\n"
        "channels: [conda-forge, nodefaults]\n"
        "dependencies:\n"
        "  - polars >=1  # for zoe\n"
        "  - conda-forge::xarray=2024.1\n"
        "  - pip:\n"
        "      - thing==1.4\n"
    )
    assert read(file) == TeamPackages(
        channels=("conda-forge", "nodefaults"),
        specs=("polars >=1", "conda-forge::xarray=2024.1"),
        pip=("thing==1.4",),
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("dependencies:\n  - a\n b: [\n", 3, ""),
        ("dependencies:\n\t- a\n", 2, r"'\t'"),
        ("- a\n", 1, "`dependencies:`"),
        ("dependencies: polars\n", 1, "must be a list"),
        ("name: x\ndependancies:\n  - a\n", 2, "'dependancies' is no key"),
        ("dependencies:\n  - a\n  - pipp:\n    - b\n", 3, "only `pip:`"),
        ("dependencies:\n  - a\n  -\n", 3, "a package's name"),
        ("dependencies:\n  - pip: [a]\n  - pip: [b]\n", 3, "a second time"),
        ("channels:\n  - [a]\n", 2, "a name was expected"),
        ("channels: [a]\nchannels: [b]\n", 2, "a second time"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(
    file: Path, text: str, line: int, words: str
) -> None:
    file.write_text(text)
    with pytest.raises(BadTeamFile) as caught:
        read(file)
    assert caught.value.problem.startswith(f"{file}:{line}: ")
    assert words in caught.value.problem


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"dependencies: [\x00]\n"])
def test_a_file_that_is_no_text_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(BadTeamFile, match=r"environment\.yml"):
        read(file)
