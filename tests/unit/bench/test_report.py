"""Rows of the measurements, as their table says them."""

from __future__ import annotations

import pytest

from bench.report import Limit, Row, line, raw, read


def cells(row: Row) -> list[str]:
    return [cell.strip() for cell in line(row).strip("|").split("|")]


def test_the_ratio_is_the_median_of_the_rounds_own() -> None:
    row = Row("it", "a peer", [(1.0, 2.0), (1.0, 3.0), (10.0, 40.0)])
    assert row.ratio == pytest.approx(3)


def test_where_more_is_better_ours_over_the_peers() -> None:
    row = Row("it", "a peer", [(200.0, 100.0)], "requests/s", more_is_better=True)
    assert row.ratio == pytest.approx(2)


def test_a_peer_that_is_ahead_is_named_with_the_reason() -> None:
    assert cells(Row("it", "a peer", [(2.0, 1.0)], why="it does less"))[-1] == "it does less"
    assert cells(Row("it", "a peer", [(1.0, 2.0)], why="it does less"))[-1] == ""


def test_a_peer_that_is_ahead_is_never_passed_over() -> None:
    assert cells(Row("it", "a peer", [(2.0, 1.0)]))[-1] == "no reason is known"


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        (Limit(most=2), "at most 2 s: kept"),
        (Limit(most=1), "at most 1 s: missed"),
        (Limit(times_peer=1 / 3), "at most 0.33 times the peer: kept"),
        (Limit(times_peer=1 / 4), "at most 0.25 times the peer: missed"),
    ],
)
def test_a_limit_is_kept_or_missed(limit: Limit, word: str) -> None:
    assert word in cells(Row("it", "a peer", [(2.0, 6.0)], limit=limit))


def test_a_row_comes_back_from_the_file_as_it_was() -> None:
    row = Row("it", "a peer", [(2.0, 1.0)], "MB", Limit(most=3), "why", more_is_better=True)
    assert read(raw(row)) == row
