"""Every move of `current` is kept, in the order in which they were made."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.store import history
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.history import Switch
from teamhub_shared import TeamhubError

MOVES = [
    Switch(1, "0f3c", "2025-01-02T03:04:05Z", "install", "lock1"),
    Switch(2, "a1b2", "2025-01-03T03:04:05Z", "apply", "lock1"),
    Switch(1, "0f3c", "2025-01-04T03:04:05Z", "rollback", "lock2"),
]


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert history.read(tmp_path / "history.jsonl") == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.write(path, MOVES)
    assert history.read(path) == MOVES


def test_each_move_is_a_line_that_other_programs_can_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.write(path, MOVES)
    assert path.read_text().splitlines()[1] == (
        '{"number": 2, "generation": "a1b2", "time": "2025-01-03T03:04:05Z",'
        ' "reason": "apply", "shipped": "lock1"}'
    )
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_history_that_cannot_be_written_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.write(path, MOVES)
    # a folder in the place of the file that is written first
    (tmp_path / ".history.jsonl.new").mkdir()
    with pytest.raises((TeamhubError, OSError)):
        history.write(path, MOVES[:1])
    assert history.read(path) == MOVES


def test_the_time_is_utc_to_the_second() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = datetime.strptime(history.now(), "%Y-%m-%dT%H:%M:%S%z")
    assert before <= found <= datetime.now(UTC)


MOVE = json.dumps(dataclasses.asdict(MOVES[0]))


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in dataclasses.fields(Switch)]),
        st.none() | st.booleans() | st.text(max_size=3) | st.integers() | st.lists(st.text()),
        min_size=1,
    )
)
def test_a_move_of_another_form_is_named_by_its_line(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "history.jsonl"
    path.write_text(f"{MOVE}\n{json.dumps({**json.loads(MOVE), **changed})}\n")
    moves, fault = history.parse(path)
    if fault:
        assert (moves, fault) == (MOVES[:1], "line 2 is no move of `current`")
    else:
        assert all(type(move.number) is int and isinstance(move.time, str) for move in moves)
        history.write(path, moves)
        assert history.read(path) == moves


@given(st.binary(min_size=1) | st.sampled_from([b"[" * 100_000, b"9" * 10_000, b"null", b"[]"]))
def test_other_bytes_are_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "history.jsonl"
    path.write_bytes(content)
    with pytest.raises(DamagedStore, match="history"):
        history.read(path)
