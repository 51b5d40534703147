"""What commands print for people, and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

Row = Mapping[str, object]


def show(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as a table of these columns, or all of them as JSON."""
    listed = list(rows)
    if as_json:
        print(json.dumps(listed, indent=2))
        return
    # a terminal may have fewer characters than a package's summary
    encoding = sys.stdout.encoding or "utf-8"
    for line in table(listed, columns):
        print(line.encode(encoding, "backslashreplace").decode(encoding))


def printable(text: str) -> str:
    """A text from elsewhere, without what moves a terminal's cursor or turns words round."""
    return "".join(character if character.isprintable() else "?" for character in text)


def table(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """The lines of a table: a heading, and each column as wide as its longest entry.

    What is in it may be of a channel, or of a person's process.
    """
    lines = [[column.replace("_", " ").upper() for column in columns]]
    lines += [[printable(str(row[column])) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
