"""What was done to servers, how often, and how often something was lost: the soak's table."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

#: Takes what is done and how it ends, and counts the block that follows.
Count = Callable[[str, str], contextlib.AbstractContextManager[None]]

HEAD = """\
# What was tried

`make soak` does to booted Debian servers what this page names, and writes the page: each line says
what was done, how often, how often the server ended in neither of the two states that it may end
in ("lost"), and what that state is. Either the hub works and nothing that anyone had is missing, or
one line says what is wrong, and the command that the line names heals it. `make test-all` tries a
part of it each time.
"""


@dataclass(frozen=True)
class Trial:
    """One thing that was done to a server, once."""

    #: The heading that it is counted under, such as "Killed".
    section: str
    #: What was done, and to what.
    what: str
    #: What the server does then, or what the admin types to heal it.
    ends: str
    lost: bool
    #: Of a fault in the running system: what a person sees of it, and what the admin.
    person: str = ""
    admin: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    section: str
    what: str
    ends: str
    tried: int
    lost: int
    person: str = ""
    admin: str = ""


@dataclass(frozen=True)
class Moment:
    """When something happens to work that is under way: the number-th of so many moments."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}of{self.of}"

    def step(self, steps: int) -> int:
        """Which of so many steps of the work it is, from 1; the moments are spread evenly."""
        return 1 + round((self.number - 1) * (steps - 1) / max(self.of - 1, 1))

    @property
    def share(self) -> float:
        """How much of the work is done then, over 0 and at most 1."""
        return self.number / self.of


class Trials:
    """Counts what is tried."""

    def __init__(self) -> None:
        self.made: list[Trial] = []

    @contextlib.contextmanager
    def count(self, section: str, what: str, ends: str) -> Iterator[None]:
        """Count the block as a trial, and as lost if anything is raised in it."""
        lost = True
        try:
            yield
            lost = False
        finally:
            self.made.append(Trial(section, what, ends, lost))


def rows(trials: Iterable[Trial]) -> list[Row]:
    """The trials of one kind in one row, in the order of the page."""
    kinds: dict[Trial, list[bool]] = {}
    for trial in trials:
        kinds.setdefault(replace(trial, lost=False), []).append(trial.lost)
    found = [
        Row(kind.section, kind.what, kind.ends, len(lost), sum(lost), kind.person, kind.admin)
        for kind, lost in kinds.items()
    ]
    return sorted(found, key=lambda row: (row.section, row.what))


def keep(page: Path, measured: Iterable[Row]) -> None:
    """Write the page, and its rows next to it as JSON.

    What was tried again takes the place of what it was.
    """
    file = page.with_suffix(".json")
    before = [Row(**row) for row in json.loads(file.read_text("utf-8"))] if file.exists() else []
    every = {(row.section, row.what): row for row in [*before, *measured]}
    kept = [row for _, row in sorted(every.items())]
    file.write_text(json.dumps([asdict(row) for row in kept], indent=1) + "\n", "utf-8")
    page.write_text(HEAD + tables(kept), "utf-8")


def tables(kept: Iterable[Row]) -> str:
    """A Markdown table for each section; the rows are in the order of the page."""
    lines, section = [], ""
    for row in kept:
        cells = columns(row)
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", line(cells), "|" + "---|" * len(cells)]
        lines.append(line(cells.values()))
    return "\n".join([*lines, ""])


def columns(row: Row) -> dict[str, str]:
    """What the row's table has in each column; that of faults says what is seen of them."""
    if row.person:
        return {
            "fault": row.what,
            "what the person sees": row.person,
            "what the admin sees": row.admin,
            "remedy": row.ends,
            "how often": str(row.tried),
            "healed": str(row.tried - row.lost),
        }
    return {
        "what was done": row.what,
        "how often": str(row.tried),
        "lost": str(row.lost),
        "how it ends": row.ends,
    }


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
