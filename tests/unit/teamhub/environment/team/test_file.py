"""environment.yml is read as conda reads it, and what cannot be meant is reported with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.team.file import BadTeamFile, TeamPackages, edited, read

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
        ("name: x\ndependancies:\n  - a\n", 2, "'dependancies' is not a key"),
        ("dependencies:\n  - a\n  - pipp:\n    - b\n", 3, "only `pip:`"),
        ("dependencies:\n  - a\n  -\n", 3, "a package's name"),
        ("dependencies:\n  - pip: [a]\n  - pip: [b]\n", 3, "a second time"),
        ("channels:\n  - [a]\n", 2, "a name was expected"),
        ("dependencies:\n  - pip:\n    - a\n    - --no-binary\n", 4, "`--no-binary` needs"),
        ("dependencies:\n  - pip:\n    - --target /\n", 3, "no option --target"),
        ("channels: [a]\nchannels: [b]\n", 2, "a second time"),
    ],
)
def test_what_cannot_be_meant_is_reported_with_its_line(
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


class TestEdited:
    """The file is changed for as long as what follows succeeds."""

    ADDED = "dependencies:\n  - polars\n"

    def fail(self, file: Path) -> None:
        """Change the file, and fail after that."""
        with edited(file, lambda _: self.ADDED):
            assert file.read_text() == self.ADDED
            raise KeyboardInterrupt

    def test_it_stays_changed_where_that_succeeds(self, file: Path) -> None:
        with edited(file, lambda text: text + self.ADDED):
            assert file.read_text() == self.ADDED
        assert file.read_text() == self.ADDED

    @pytest.mark.parametrize("before", ["", "# ours\ndependencies: []\n"])
    def test_it_is_put_back_where_that_fails(self, file: Path, before: str) -> None:
        file.write_text(before)
        with pytest.raises(KeyboardInterrupt):
            self.fail(file)
        assert file.read_text() == before

    def test_it_is_taken_away_where_there_was_none(self, file: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.fail(file)
        assert not file.exists()

    def test_it_keeps_its_mode_and_owner(self, file: Path) -> None:
        file.write_text("")
        file.chmod(0o640)
        os.chown(file, 65534, 65534)
        with edited(file, lambda _: self.ADDED):
            pass
        status = file.stat()
        assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, 65534, 65534)

    def test_a_new_one_can_be_read_by_anyone(self, file: Path) -> None:
        with edited(file, lambda _: self.ADDED):
            pass
        assert file.stat().st_mode & 0o777 == 0o644

    def test_a_link_to_it_stays_a_link(self, file: Path, tmp_path: Path) -> None:
        target = tmp_path / "repository.yml"
        target.write_text("# ours\n")
        file.symlink_to(target)
        with pytest.raises(KeyboardInterrupt):
            self.fail(file)
        assert file.is_symlink()
        assert target.read_text() == "# ours\n"

    def test_it_is_not_written_where_nothing_changes(self, file: Path) -> None:
        file.write_text(self.ADDED)
        before = file.stat().st_ino
        with edited(file, lambda text: text):
            pass
        assert file.stat().st_ino == before

    def test_what_is_no_text_is_reported_before_anything_is_changed(self, file: Path) -> None:
        file.write_bytes(b"\xff\xfe")
        with pytest.raises(BadTeamFile, match="utf-8"), edited(file, lambda _: self.ADDED):
            pass
        assert file.read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dependencies: " + "[" * 2000, "nested too deeply"),
        ('dependencies:\n  - "\\UFFFFFFFF"\n', "an escape in it is no character"),
        ("dependencies:\n- a\n? [x]\n: y\n", ":3: a word and a colon were expected here"),
        ("? {a: b}\n", ":1: a word and a colon"),
        ('dependencies:\n  - "a\\n--index-url=http://x"\n', ":2: .* has a character that no name"),
        ('dependencies:\n  - pip:\n    - "a\\0"\n', ":3: .* has a character that no name"),
        ('channels:\n  - "\\u202ec"\n', ":2: .* has a character that no name"),
        ("dependencies:\n  - |\n    a\n    b\n", ":2: .* has a character that no name"),
    ],
)
def test_what_no_package_is_called_is_refused(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(BadTeamFile, match=words):
        read(file)


PIECES = ["dependencies:", "channels:", "name: x", "- ", "  - ", "    - ", "pip:", "\n", "\n", "a",
          "[", "]", "{", "}", ", ", "'", '"', "#", "&a ", "*a", "? ", "| ", "> ", "!!int ", "~",
          ": ", '"\\UFFFFFFFF"', '"\\ud800"', '"a\\nb"', "\t", "\r\n", "\u2028", "---"]  # fmt: skip


@given(st.binary() | (st.text() | st.lists(st.sampled_from(PIECES)).map("".join)).map(str.encode))
def test_any_bytes_ask_for_names_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "environment.yml"
    path.write_bytes(content)
    try:
        team = read(path)
    except BadTeamFile as error:
        assert str(path) in error.problem  # noqa: PT017 - the bytes may be such a file
        return
    assert all(name.strip() and name.isprintable() for name in (*team.channels, *team.specs))
    assert all(name.strip() and name.isprintable() for name in team.pip)
