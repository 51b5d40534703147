"""Rows of figures, and the table that they make."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One thing measured of ours and of a peer, in the same run."""

    what: str
    #: Medians, in seconds.
    ours: float
    peer: float
    #: The median of the rounds' own ratios: rounds share what else the machine was doing.
    ratio: float
    rounds: int


def median_of_pairs(what: str, pairs: Sequence[tuple[float, float]]) -> Row:
    """The row of some rounds, each the seconds of ours and of the peer."""
    ours, peer = zip(*pairs, strict=True)
    ratio = statistics.median(theirs / own for own, theirs in pairs)
    return Row(what, statistics.median(ours), statistics.median(peer), ratio, len(pairs))


def table(title: str, rows: Iterable[Row]) -> str:
    """A Markdown table; the ratio says how many times longer the peer took."""
    lines = [
        f"## {title}",
        "",
        "| what | teamhub | peer | peer / teamhub | rounds |",
        "|---|---|---|---|---|",
        *(
            f"| {row.what} | {row.ours:.2f} s | {row.peer:.2f} s | {row.ratio:.1f} | {row.rounds} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)
