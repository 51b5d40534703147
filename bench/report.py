"""Rows of figures, and the table that they make."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Digits behind the point; bytes and percents are not as fine as seconds.
DIGITS = {"s": 2, "ms": 2, "MB": 0, "%": 1, "requests/s": 0}


@dataclass(frozen=True)
class Limit:
    """What a row is to keep to: said in the table, never a condition of anything."""

    #: The most of ours, in the row's unit.
    most: float | None = None
    #: The most of ours in multiples of the peer's.
    times_peer: float | None = None

    def words(self, unit: str) -> str:
        """It as the table says it."""
        if self.most is not None:
            return f"at most {self.most:g} {unit}"
        return f"at most {self.times_peer:.2f} times the peer"


@dataclass(frozen=True)
class Row:
    """One thing measured of ours and of a peer, in the same run."""

    what: str
    #: What the peer is.
    peer_is: str
    #: Of each round the figure of ours and of the peer.
    pairs: Sequence[tuple[float, float]]
    unit: str = "s"
    limit: Limit | None = None
    #: Where a peer can be ahead: why, and what could close it.
    why: str = ""
    more_is_better: bool = False

    @property
    def ours(self) -> float:
        """The median of ours."""
        return statistics.median(ours for ours, _ in self.pairs)

    @property
    def peer(self) -> float:
        """The median of the peer's."""
        return statistics.median(peer for _, peer in self.pairs)

    @property
    def ratio(self) -> float:
        """How many times better ours is: the median of the rounds' own ratios.

        Rounds share what else the machine was doing.
        """
        return statistics.median(
            ours / peer if self.more_is_better else peer / ours for ours, peer in self.pairs
        )

    def keeps(self) -> bool:
        """Whether it is within its limit."""
        if self.limit is None:
            return True
        if self.limit.most is not None:
            return self.ours <= self.limit.most
        return 1 / self.ratio <= (self.limit.times_peer or 0)


def table(rows: Iterable[Row]) -> str:
    """A Markdown table; a ratio over 1 says that teamhub is ahead."""
    lines = [
        "| what | teamhub | peer | the peer is | times better | limit | rounds | "
        "where the peer is ahead |",
        "|---|---|---|---|---|---|---|---|",
        *map(line, rows),
        "",
    ]
    return "\n".join(lines)


def line(row: Row) -> str:
    """A row of the table."""
    ours, peer = (f"{figure:.{DIGITS[row.unit]}f} {row.unit}" for figure in (row.ours, row.peer))
    kept = "kept" if row.keeps() else "missed"
    limit = f"{row.limit.words(row.unit)}: {kept}" if row.limit else ""
    behind = (row.why or "no reason is known") if row.ratio < 1 else ""
    cells = (row.what, ours, peer, row.peer_is, f"{row.ratio:.2f}", limit, len(row.pairs), behind)
    return f"| {' | '.join(map(str, cells))} |"


def raw(row: Row) -> dict[str, Any]:
    """All of a row's figures, for a file."""
    return dataclasses.asdict(row)


def read(kept: Mapping[str, Any]) -> Row:
    """The row that `raw` made a file's part of."""
    limit = Limit(**kept["limit"]) if kept["limit"] else None
    pairs = [(ours, peer) for ours, peer in kept["pairs"]]
    return Row(**{**kept, "pairs": pairs, "limit": limit})
