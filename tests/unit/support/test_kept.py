"""Folders that are made once, held, and removed when they are old."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.kept import COMPLETE, hold, remove_old, take


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []
    for _ in range(2):
        assert take(tmp_path / "layer", made.append) == tmp_path / "layer"
    assert made == [tmp_path / "layer"]


def test_what_a_killed_run_has_left_is_made_anew(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "half").mkdir(parents=True)
    take(layer, lambda folder: (folder / "whole").touch())
    assert sorted(path.name for path in layer.iterdir()) == [COMPLETE, "whole"]


def test_the_newest_stay(tmp_path: Path) -> None:
    for age in range(4):
        folder = tmp_path / str(age)
        folder.mkdir()
        os.utime(folder, (1000 - age, 1000 - age))
    remove_old(tmp_path.iterdir(), 2, shutil.rmtree)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_an_old_one_that_is_held_stays(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    hold(tmp_path / "held")
    (tmp_path / "other").mkdir()
    remove_old(tmp_path.iterdir(), 0, shutil.rmtree)
    assert [path.name for path in tmp_path.iterdir()] == ["held"]


def test_one_that_was_removed_is_made_again(tmp_path: Path) -> None:
    made: list[Path] = []
    layer = take(tmp_path / "layer", made.append)
    shutil.rmtree(layer)
    take(layer, made.append)
    assert len(made) == 2
    assert (layer / COMPLETE).exists()


def test_a_failure_lets_the_next_one_try(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        take(tmp_path / "layer", fail)
    take(tmp_path / "layer", lambda folder: (folder / "whole").touch())
    assert sorted(path.name for path in (tmp_path / "layer").iterdir()) == [COMPLETE, "whole"]
