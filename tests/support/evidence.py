"""What a test that fails leaves behind: the journals of its servers, and what browsers show."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from support.kept import remove_old

#: What tests that failed have left, a folder each.
FAILURES = Path(".build/failures").resolve()
#: So many stay when the next run begins.
KEPT = 5
LONGEST_NAME = 150
#: The folders of this run, by test.
_folders: dict[str, Path] = {}


class Server(Protocol):
    """A server that may be running, or has been."""

    @property
    def label(self) -> str:
        """A name that no other server of the run has."""

    @property
    def console(self) -> str:
        """What its boots have printed."""

    def whole_journal(self) -> str:
        """Its journal, as it is now or was when it was shut down."""


class Page(Protocol):
    """A page of a browser."""

    def screenshot(self, *, path: Path) -> object:
        """Write a picture of it."""


def folder_of(test: str, failures: Path) -> Path:
    """Where a test, named as pytest names it, leaves what it leaves."""
    module, _, name = test.partition(".py::")
    short = re.sub(r"[^\w.=,-]+", "_", f"{Path(module).name}-{name}").strip("_")
    if len(short) > LONGEST_NAME:
        short = f"{short[:LONGEST_NAME]}-{hashlib.sha256(test.encode()).hexdigest()[:8]}"
    return failures / short


def folder_for(test: str) -> Path:
    """The folder of a test that has failed in this run, empty when it is first asked for.

    It has another name where somebody has booted what an earlier run has left there.
    """
    if test not in _folders:
        folder = folder_of(test, FAILURES)
        remove_old(filter(Path.exists, [folder]), 0, shutil.rmtree)
        while folder.exists():
            folder = folder.with_name(f"{folder.name}-again")
        folder.mkdir(parents=True)
        _folders[test] = folder
    return _folders[test]


def keep(folder: Path, words: str, servers: Iterable[Server], pages: Iterable[Page]) -> Path:
    """Write what is known of a failure into `folder`; what cannot be had is said in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure.txt").write_text(words, "utf-8")
    for server in servers:
        (folder / f"{server.label}.console.txt").write_text(server.console, "utf-8")
        try:
            journal = server.whole_journal()
        except Exception as error:  # whatever the server died of, the test's own words count
            journal = f"no journal: {error}\n"
        (folder / f"{server.label}.journal.txt").write_text(journal, "utf-8")
    for number, page in enumerate(pages, start=1):
        try:
            page.screenshot(path=folder / f"page-{number}.png")
        except Exception as error:  # a page that has crashed
            (folder / f"page-{number}.txt").write_text(f"no picture: {error}\n", "utf-8")
    return folder
