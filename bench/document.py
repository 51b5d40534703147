"""What is kept of measurements: docs/benchmarks.md to read, and all figures next to it as JSON.

A section that was measured again takes the place of what it was; the others stay, each with the
machine that it was measured on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.report import Row, raw, read, table

HEAD = """\
# Side by side

What teamhub takes, next to what people would use instead. `make bench` measures all of it again,
`make bench-quick` some sections in some minutes, with one round of each; both need the package that
`make` builds, and write this page and all single figures, [benchmarks.json](benchmarks.json).

How to read it: ours and the peer's are medians; a round measures both, one after the other, each
round beginning with another. "Times better" is the median of the rounds' ratios: over 1 teamhub is
ahead, under 1 the peer is, and the last column says why and what could close it. Limits are what we
set ourselves.
"""


def keep(page: Path, order: Sequence[str], measured: Mapping[str, Any]) -> None:
    """Write the page, and the figures next to it.

    `measured` has by its name what `section` made; `order` is that of the page.
    """
    figures = page.with_suffix(".json")
    before = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
    every = {**before, **measured}
    kept = {name: every[name] for name in order if name in every}
    page.parent.mkdir(parents=True, exist_ok=True)
    figures.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    page.write_text("\n".join([HEAD, *map(words, kept.values())]), "utf-8")


def section(
    title: str, explanation: str, machine: Mapping[str, str], rows: Sequence[Row]
) -> dict[str, Any]:
    """What is kept of a section."""
    return {
        "title": title,
        "explanation": explanation,
        "machine": dict(machine),
        "rows": [raw(row) for row in rows],
    }


def words(kept: Mapping[str, Any]) -> str:
    """A section as the page has it."""
    machine = "; ".join(f"{name}: {value}" for name, value in kept["machine"].items())
    rows = table(map(read, kept["rows"]))
    return f"## {kept['title']}\n\n{kept['explanation']}\n\n{rows}\nMeasured on {machine}.\n"
