"""What a failed test of servers leaves: its words, journals and pictures, whatever else fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from support import evidence
from support.kept import hold


@dataclass
class Server:
    """A server whose journal is known, or is out of reach."""

    label: str
    console: str = "booted\n"
    journal: str = ""

    def whole_journal(self) -> str:
        if not self.journal:
            raise AssertionError("nsenter: exit status 1")
        return self.journal


class Page:
    """A page whose picture can be taken."""

    def screenshot(self, *, path: Path) -> None:
        path.write_bytes(b"a picture")


class CrashedPage:
    """One of which none can."""

    def screenshot(self, *, path: Path) -> None:
        raise RuntimeError(f"Target crashed: {path.name}")


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_a_folder_is_named_after_the_test_with_its_suite(tmp_path: Path) -> None:
    folder = evidence.folder_of(
        "tests/server/test_login.py::test_x[trixie-ALL=(ALL) a/b]", tmp_path
    )
    assert folder == tmp_path / "test_login-test_x_trixie-ALL=_ALL_a_b"


def test_two_tests_with_long_names_have_two_folders(tmp_path: Path) -> None:
    names = [f"tests/server/test_login.py::test_x[{'a' * 300}{end}]" for end in "bc"]
    folders = {evidence.folder_of(name, tmp_path) for name in names}
    assert len(folders) == 2
    assert all(len(folder.name) < 200 for folder in folders)


def test_journals_consoles_and_pictures_are_kept(tmp_path: Path) -> None:
    servers = [Server("hub-trixie-1", journal="started\n"), Server("hub-trixie-2", journal="up\n")]
    evidence.keep(tmp_path / "failed", "assert 1 == 2", servers, [Page()])
    assert contents(tmp_path / "failed") == {
        "failure.txt": "assert 1 == 2",
        "hub-trixie-1.console.txt": "booted\n",
        "hub-trixie-1.journal.txt": "started\n",
        "hub-trixie-2.console.txt": "booted\n",
        "hub-trixie-2.journal.txt": "up\n",
        "page-1.png": "a picture",
    }


def test_what_cannot_be_had_is_said_in_its_place(tmp_path: Path) -> None:
    evidence.keep(tmp_path, "timed out", [Server("hub-bookworm-1")], [CrashedPage()])
    assert contents(tmp_path) == {
        "failure.txt": "timed out",
        "hub-bookworm-1.console.txt": "booted\n",
        "hub-bookworm-1.journal.txt": "no journal: nsenter: exit status 1\n",
        "page-1.txt": "no picture: Target crashed: page-1.png\n",
    }


def test_a_test_has_one_folder_in_a_run_which_has_nothing_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "FAILURES", tmp_path)
    old = evidence.folder_of("tests/server/test_x.py::test_y", tmp_path)
    (old / "layers").mkdir(parents=True)
    folder = evidence.folder_for("tests/server/test_x.py::test_y")
    assert folder == old
    assert list(folder.iterdir()) == []
    (folder / "failure.txt").touch()
    assert evidence.folder_for("tests/server/test_x.py::test_y") == folder
    assert (folder / "failure.txt").exists()


def test_what_somebody_has_booted_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "FAILURES", tmp_path)
    booted = evidence.folder_of("tests/server/test_x.py::test_z", tmp_path)
    (booted / "layers").mkdir(parents=True)
    hold(booted)
    folder = evidence.folder_for("tests/server/test_x.py::test_z")
    assert folder != booted
    assert (booted / "layers").exists()
