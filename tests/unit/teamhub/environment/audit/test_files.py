"""Advisories are read of every form of file, and nothing in one does harm."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teamhub.environment.audit import files
from teamhub.environment.audit.files import BadAdvisories

ONE, TWO = {"id": "ONE"}, {"id": "TWO", "summary": "several\nlines"}


def ids(*paths: Path) -> list[str]:
    return [entry["id"] for _, entry in files.read(paths) if isinstance(entry, dict)]


def complaint(path: Path) -> str:
    with pytest.raises(BadAdvisories) as refused:
        list(files.read([path]))
    assert refused.value.remedy
    return refused.value.problem


def lines(entries: Sequence[object]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ONE, TWO]),
        json.dumps([ONE, TWO], indent=2),
        "\ufeff" + json.dumps([ONE, TWO]),
        lines([ONE, TWO]),
        lines([ONE, TWO]).replace("\n", "\r\n\n").strip(),
        lines([[ONE], [TWO]]),
        lines([[], ONE, TWO]),
    ],
)
def test_a_file_has_a_list_or_an_advisory_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some"
    path.write_text(text, "utf-8")
    assert ids(path) == ["ONE", "TWO"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_has_one_advisory(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(TWO, indent=indent))
    assert ids(path) == ["TWO"]


def test_a_folder_and_an_archive_have_a_file_for_each(tmp_path: Path) -> None:
    below = tmp_path / "PyPI/deep"
    below.mkdir(parents=True)
    (below / "one.json").write_text(json.dumps(ONE))
    (below / "README").write_text("no advisory")
    with zipfile.ZipFile(tmp_path / "PyPI/all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("two.json", json.dumps(TWO, indent=1))
        archive.writestr("README", "no advisory")
    assert ids(tmp_path / "PyPI") == ["TWO", "ONE"]
    assert ids(tmp_path / "PyPI/all.zip", below) == ["TWO", "ONE"]


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text("[]")
    assert ids(path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b'{"id":\n nonsense}', "line 2: no JSON"),
        (b'{"id": "x"}\n\n{"id"\n', "line 3: no JSON"),
        (b'{"id": "x"}\n"\xff"\n', "line 2: it is not in UTF-8"),
        (b'{\n"id": "\xff"}', "line 2: it is not in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" + b"9" * 10_000 + b"]", "no JSON that can be used"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    said = complaint(path)
    assert str(path) in said
    assert words in said


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    assert "No such file" in complaint(tmp_path / "absent")
    assert "no file in this folder ends in .json" in complaint(tmp_path)
    assert "cannot" in complaint(Path("x\0y")) or "null" in complaint(Path("x\0y"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert "neither a file nor a folder" in complaint(tmp_path / "pipe.json")
    assert "neither a file nor a folder" in complaint(tmp_path)


def test_a_folders_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "one.json").write_text(json.dumps(ONE))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "two.json").write_text(json.dumps(TWO))
    (inside / "link.json").symlink_to(outside / "one.json")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    assert ids(inside) == ["TWO"]


def encrypted(archive: bytearray) -> None:
    """Set the bit of both headers that says so (APPNOTE 4.4.4)."""
    archive[archive.index(b"PK\x03\x04") + 6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1


def other_method(archive: bytearray) -> None:
    """Name a method of compression that nobody has."""
    archive[archive.index(b"PK\x03\x04") + 8] = archive[archive.index(b"PK\x01\x02") + 10] = 77


def other_content(archive: bytearray) -> None:
    archive[archive.index(b"ONE")] ^= 1


def cut_short(archive: bytearray) -> None:
    del archive[40:]


@pytest.mark.parametrize("damage", [encrypted, other_method, other_content, cut_short])
def test_a_damaged_archive_is_named(tmp_path: Path, damage: Callable[[bytearray], None]) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.json", json.dumps(ONE))
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    assert str(path) in complaint(path)


def test_an_archive_without_advisories_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("README", "no advisory")
    assert "no file in it ends in" in complaint(tmp_path / "all.zip")


def test_a_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * (files.LONGEST_JSON + 2))
    said = complaint(path)
    assert "bomb.json: more than 16 MB of JSON in one piece" in said

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.json", json.dumps({"id": "x" * 1000}))
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    assert "the advisories are more than" in complaint(path)


def test_what_a_name_in_an_archive_says_does_not_reach_the_terminal(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("\x1b[2J\u202e.json", "nonsense")
    said = complaint(tmp_path / "all.zip")
    assert said.isprintable()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    content=st.binary() | st.text().map(str.encode) | st.lists(values).map(lines).map(str.encode)
)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.json", "any.zip"):
        path = folder / name
        path.write_bytes(content)
        try:
            list(files.read([path]))
        except BadAdvisories as error:
            assert str(path) in error.problem  # noqa: PT017 - it may also be read


@given(data=st.data(), edits=st.integers(1, 3))
@settings(max_examples=100)
def test_any_damage_of_an_archive_is_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, edits: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    method = data.draw(
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
    )
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("one.json", json.dumps(ONE))
    content = bytearray(path.read_bytes())
    for _ in range(edits):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        list(files.read([path]))
    except BadAdvisories as error:
        assert str(path) in error.problem  # noqa: PT017 - the damage may be harmless


@settings(max_examples=50)
@given(entries=st.lists(values.filter(lambda value: not isinstance(value, list)), min_size=1))
def test_lines_and_a_list_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, entries: list[object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "same.json"
    found = []
    for text in (lines(entries), json.dumps(entries), json.dumps(entries, indent=1)):
        path.write_text(text, "utf-8")
        found.append(repr([entry for _, entry in files.read([path])]))
    assert found == [repr(json.loads(json.dumps(entries)))] * 3
