"""Two servers are compared by every file that work has touched, but for what differs by nature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.server_state import GONE, Digests, State, answers, describe, differences, shown

TOKEN = "/etc/teamhub/proxy-token"
HISTORY = "/opt/teamhub/history.jsonl"


def described(root: Path, path: str, text: str) -> str:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return describe(root, path, Digests())


@pytest.fixture
def clean(tmp_path: Path) -> State:
    """A server with one file that the work has made."""
    return State({"/etc/made": described(tmp_path / "clean", "/etc/made", "as it should be\n")})


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("torn"),
        lambda file: file.chmod(0o600),
        lambda file: file.unlink(),
        lambda file: file.rename(file.with_name("made.dpkg-new")),
    ],
    ids=["content", "mode", "gone", "renamed"],
)
def test_a_file_that_is_otherwise_is_named(
    clean: State, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    root = tmp_path / "found"
    described(root, "/etc/made", "as it should be\n")
    change(root / "etc/made")
    there = [f"/{file.relative_to(root)}" for file in root.rglob("*") if file.is_file()]
    found = State({path: describe(root, path, Digests()) for path in there})
    lines = differences(clean, tmp_path / "before", found, root)
    assert lines
    assert all(line.startswith("/etc/made") for line in lines)


def test_the_same_on_both_is_no_difference(clean: State, tmp_path: Path) -> None:
    root = tmp_path / "found"
    same = State({"/etc/made": described(root, "/etc/made", "as it should be\n")})
    assert differences(clean, tmp_path / "before", same, root) == []


def test_what_one_has_written_as_it_was_before_is_no_difference(tmp_path: Path) -> None:
    before, root = tmp_path / "before", tmp_path / "found"
    described(before, "/etc/old", "old")
    touched = State({"/etc/old": described(root, "/etc/old", "old")})
    assert differences(State(), before, touched, root) == []
    assert differences(touched, before, State(), root) == []


def test_secrets_need_content_and_mode_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert described(one, TOKEN, "abc") == described(other, TOKEN, "xyz")
    assert described(one, TOKEN, "abc") != described(other, TOKEN, "")


def test_times_are_no_difference_and_what_stands_beside_them_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    at = described(one, HISTORY, '{"number": 1, "time": "2026-01-02T03:04:05Z"}')
    assert at == described(other, HISTORY, '{"number": 1, "time": "2027-01-02T03:04:06Z"}')
    assert at != described(other, HISTORY, '{"number": 2, "time": "2026-01-02T03:04:05Z"}')


def test_answers_are_compared_by_question_and_what_ours_come_to_is_not() -> None:
    other = "Name: locales/default\nTemplate: locales/default\nValue: C\n\n"
    ours = "Name: teamhub/users\nTemplate: teamhub/users\nValue: zoe\nFlags: seen\n\n"
    kept = answers(other + ours)
    assert len(kept) == 2
    assert kept == answers(other + ours.replace("Value: zoe\n", ""))
    assert kept != answers(other + ours.replace("Flags: seen\n", ""))
    assert kept != answers(other.replace("Value: C\n", "") + ours)


def test_what_is_gone_is_described_as_gone(tmp_path: Path) -> None:
    assert describe(tmp_path, "/etc/none", Digests()) == GONE


def test_of_many_differences_the_first_are_shown() -> None:
    assert shown([f"/{number}" for number in range(25)]).endswith("/19\n... and 5 more")
