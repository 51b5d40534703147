"""Tools that the build runs: their output is logged, and a failure repeats its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub_build.commands import TAIL_LINES, CommandError, run_logged


def test_output_is_logged_shown_and_returned(tmp_path: Path) -> None:
    shown: list[str] = []
    output = run_logged(
        ["sh", "-c", "echo one; echo two >&2"], log=tmp_path / "logs/a.log", show=shown.append
    )
    assert output == "one\ntwo\n"
    assert shown == ["one", "two"]
    assert (tmp_path / "logs/a.log").read_text() == "$ sh -c 'echo one; echo two >&2'\none\ntwo\n"


def test_a_failure_repeats_the_last_lines_and_names_the_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with pytest.raises(CommandError) as failed:
        run_logged(["sh", "-c", "seq 100; exit 3"], log=log)
    assert failed.value.problem.startswith("sh ended with status 3")
    assert failed.value.problem.split()[-TAIL_LINES:] == [
        str(number) for number in range(101 - TAIL_LINES, 101)
    ]
    assert str(log) in failed.value.remedy


def test_bytes_that_are_no_text_do_not_stop_a_build(tmp_path: Path) -> None:
    assert run_logged(["printf", r"\377\n"], log=tmp_path / "a.log") == "\ufffd\n"
