"""What people may take: a drop-in for each slice, none for root, and one for all together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.people import limits
from teamhub.settings import conf
from teamhub_shared.settings import SETTINGS

NONE = {setting.key: setting.default for setting in SETTINGS}
SOME = {**NONE, "MEMORY_LIMIT": "1.5G", "CPU_LIMIT": "1.25", "TASKS_LIMIT": "512"}


def lines(folder: Path, name: str) -> list[str]:
    text = (folder / name).read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    assert limits.apply(SOME, tmp_path)
    assert lines(tmp_path, limits.PEOPLE) == [
        "[Slice]",
        "MemoryMax=1.5G",
        "MemorySwapMax=0",
        "CPUQuota=125%",
        "TasksMax=512",
    ]


def test_a_file_of_the_same_name_frees_root(tmp_path: Path) -> None:
    limits.apply(SOME, tmp_path)
    assert Path(limits.ROOT).name == Path(limits.PEOPLE).name
    assert lines(tmp_path, limits.ROOT) == []


def test_what_has_no_limit_is_not_mentioned(tmp_path: Path) -> None:
    limits.apply({**NONE, "CPU_LIMIT": "2"}, tmp_path)
    assert lines(tmp_path, limits.PEOPLE) == ["[Slice]", "CPUQuota=200%"]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    limits.apply(SOME, tmp_path)
    assert not limits.apply(SOME, tmp_path)


@pytest.mark.parametrize("name", [limits.PEOPLE, limits.ROOT])
def test_a_file_that_is_gone_or_changed_is_put_right(tmp_path: Path, name: str) -> None:
    limits.apply(SOME, tmp_path)
    right = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(b"\xff")
    assert limits.apply(SOME, tmp_path)
    assert (tmp_path / name).read_bytes() == right
    (tmp_path / name).unlink()
    assert limits.apply(SOME, tmp_path)
    assert (tmp_path / name).read_bytes() == right


def test_without_limits_only_that_of_everybody_is_left(tmp_path: Path) -> None:
    limits.apply(SOME, tmp_path)
    assert limits.apply(NONE, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / limits.EVERYBODY]
    assert not limits.apply(NONE, tmp_path)


@pytest.mark.parametrize(
    ("gigabytes", "percents"), [(1, 50), (4, 75), (8, 87), (16, 93), (64, 98), (1024, 98)]
)
def test_everybody_together_leaves_room_for_the_hub(gigabytes: int, percents: int) -> None:
    text = limits.drop_ins(NONE, gigabytes * 1024**3)[limits.EVERYBODY]
    assert text.endswith(f"[Slice]\nMemoryMax={percents}%\n")


def test_an_admins_own_drop_in_stays(tmp_path: Path) -> None:
    limits.apply(SOME, tmp_path)
    own = (tmp_path / limits.PEOPLE).with_name("60-own.conf")
    own.write_text("[Slice]\n")
    limits.apply(NONE, tmp_path)
    assert list((tmp_path / limits.PEOPLE).parent.iterdir()) == [own]


KEYS = ("MEMORY_LIMIT", "CPU_LIMIT", "TASKS_LIMIT")


@given(st.fixed_dictionaries({key: st.text() | st.from_regex(r"\A[0-9]{1,4}(\.[0-9])?[KMGT]?\n?\Z")
                              for key in KEYS}))  # fmt: skip
def test_a_limit_that_passes_is_one_line_of_its_own(values: dict[str, str]) -> None:
    try:
        passed = conf.read([f"{k}={v}" for k, v in values.items()], path=Path("/nonexistent"))
    except conf.BadSetting:
        return
    drop_ins = limits.drop_ins(passed, memory=2**34)
    for text in drop_ins.values():
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"\[Slice\]|[A-Za-z]+=[0-9.]+[KMGT%]?", line) for line in lines)
