"""Files of advisories: JSON, JSON lines, folders and .zip archives of them.

What comes from outside may be made to harm: what is read at once, and in all, has a limit.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from teamhub.system.tables import printable
from teamhub_shared import TeamhubError

#: What may be read as one piece of JSON, in bytes: parsed, it takes up to 30 times as much memory.
LONGEST_JSON = 16 * 2**20
#: What may be read of all files together, unpacked: room for whole ecosystems.
MOST_BYTES = 4 * 2**30
#: The names of files that are read in a folder or an archive.
ENDINGS = (".json", ".jsonl", ".ndjson")
ARCHIVE = ".zip"
#: How an archive's files may be compressed: the others let it say how much memory they take.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What zipfile raises for an archive that is damaged or encrypted.
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


class BadAdvisories(TeamhubError):
    """A file of advisories cannot be read, or has something else in it."""


#: An advisory as JSON has it, and where it was found.
Found = tuple[str, object]


def read(paths: Iterable[Path]) -> Iterator[Found]:
    """Every advisory in these files and folders, with the place that errors name.

    Raises BadAdvisories, naming the file, and the line where there is one.
    """
    budget = Budget()
    for path in paths:
        yield from _of_path(path, budget)


class Budget:
    """What may still be read, of all files together."""

    def __init__(self) -> None:
        self._left = MOST_BYTES

    def spend(self, count: int, place: str) -> None:
        """Take so many bytes off.  Raises BadAdvisories once there are none left."""
        self._left -= count
        if self._left < 0:
            raise bad(place, f"the advisories are more than {MOST_BYTES >> 30} GB, unpacked")


def bad(place: object, problem: str) -> BadAdvisories:
    """The error for a file."""
    return BadAdvisories(
        printable(f"{place}: {problem}"),
        "get the file again from where it came; it has to be in OSV's form "
        "(https://ossf.github.io/osv-schema): JSON, JSON lines, or a folder or .zip of these",
    )


def _of_path(path: Path, budget: Budget) -> Iterator[Found]:
    """The advisories of one file, or of all in a folder; there have to be some files."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise bad(path, getattr(error, "strerror", None) or str(error)) from error
    if stat.S_ISDIR(mode):
        files = _below(path)
        if not files:
            raise bad(path, f"no file in this folder ends in {', '.join((*ENDINGS, ARCHIVE))}")
        for file in files:
            yield from _of_path(file, budget)
    elif not stat.S_ISREG(mode):
        # a pipe may never end
        raise bad(path, "it is neither a file nor a folder")
    else:
        try:
            with path.open("rb") as stream:
                if path.suffix.lower() == ARCHIVE:
                    yield from _of_archive(stream, str(path), budget)
                else:
                    yield from _of_stream(stream, str(path), budget)
        except OSError as error:
            raise bad(path, error.strerror or str(error)) from error


def _below(folder: Path) -> list[Path]:
    """The files in a folder and those below it that may have advisories; links are not followed."""
    return sorted(
        Path(above, name)
        for above, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith((*ENDINGS, ARCHIVE)) and not Path(above, name).is_symlink()
    )


def _of_archive(stream: IO[bytes], place: str, budget: Budget) -> Iterator[Found]:
    """The advisories of all files in a .zip."""
    try:
        archive = zipfile.ZipFile(stream)
    except ZIP_FAULTS as error:
        raise bad(place, f"it is no .zip that can be read: {error}") from error
    with archive:
        members = [each for each in archive.infolist() if each.filename.lower().endswith(ENDINGS)]
        if not members:
            raise bad(place, f"no file in it ends in {', '.join(ENDINGS)}")
        for member in members:
            inside = f"{place}: {member.filename}"
            if member.compress_type not in METHODS:
                raise bad(inside, "it is compressed by another method than deflate")
            try:
                opened = archive.open(member)
            except ZIP_FAULTS as error:
                raise bad(inside, f"it cannot be unpacked: {error}") from error
            with opened:
                yield from _of_stream(opened, inside, budget)


def _of_stream(stream: IO[bytes], place: str, budget: Budget) -> Iterator[Found]:
    """The advisories of one file: one object, a list of them, or one a line."""
    first = _piece(stream, place, budget, line=True)
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        # the first line of JSON that has several, or of nothing
        text = first + _piece(stream, place, budget)
        if len(text) > LONGEST_JSON:
            raise too_long(place) from None
        yield from _each(_parsed(text, place), place)
        return
    number = 1
    while True:
        yield from _each(entry, place if number == 1 else f"{place}, line {number}")
        line = b"\n"
        while line and not line.strip():
            line = _piece(stream, place, budget, line=True)
            number += 1
        if not line:
            return
        entry = _parsed(line, place, number)


def _piece(stream: IO[bytes], place: str, budget: Budget, *, line: bool = False) -> bytes:
    """The next line of a file, or all that is left.  Raises BadAdvisories if it is too long."""
    try:
        piece = stream.readline(LONGEST_JSON + 1) if line else stream.read(LONGEST_JSON + 1)
    except ZIP_FAULTS as error:
        raise bad(place, f"it cannot be read: {error}") from error
    budget.spend(len(piece), place)
    if len(piece) > LONGEST_JSON:
        raise too_long(place)
    return piece


def too_long(place: str) -> BadAdvisories:
    """The error for more JSON than is read at once."""
    return BadAdvisories(
        printable(f"{place}: more than {LONGEST_JSON >> 20} MB of JSON in one piece"),
        "write one advisory a line (jq -c '.[]'), or use a folder or a .zip with a file for each",
    )


def _parsed(text: bytes, place: str, line: int = 0) -> object:
    """What a piece of JSON says; `line` is its number, where it is one line of several."""
    if not text.strip():
        raise bad(place, "it is empty")
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise bad(f"{place}, line {line or error.lineno}", f"no JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        number = line or text[: error.start].count(b"\n") + 1
        raise bad(f"{place}, line {number}", "it is not in UTF-8") from error
    except ValueError as error:
        raise bad(place, f"no JSON that can be used: {error}") from error
    except RecursionError as error:
        raise bad(place, "it is nested too deeply") from error
    return value


def _each(value: object, place: str) -> Iterator[Found]:
    """The advisories of one value: itself, or all in a list."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield f"{place}[{number}]", entry
    else:
        yield place, value
