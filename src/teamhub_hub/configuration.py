"""The hub's configuration, loaded as the hub loads it, with every fault instead of the first."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import NamedTuple

from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader


class Finding(NamedTuple):
    """Something in a configuration file that the hub cannot use, or does not know."""

    file: str
    #: Counted from 1; 0 if the line is not known.
    line: int
    message: str


class Loader(PyFileConfigLoader):
    """Loads the main file and the snippets; an error in one does not hide those of the next."""

    def __init__(self, filename: str, path: str | None = None) -> None:
        super().__init__(filename, path)
        #: Of all files, in the order in which they ended.
        self.loaded: list[str] = []
        self.errors: list[Finding] = []

    def load_main_file(self) -> None:
        """Load this file with all that it loads; a missing one is an error."""
        try:
            self.load_or_note()
        except ConfigFileNotFound as error:
            self.errors.append(place_of(error, str(Path(self.path or "", self.filename))))

    def load_or_note(self) -> None:
        """Load this file; what it raises is noted with its place, SystemExit too.

        Raises ConfigFileNotFound if there is none.
        """
        try:
            self.load_config()
        except BaseException as error:
            if not self.full_filename:
                raise
            self.errors.append(place_of(error, self.full_filename))
        self.loaded.append(self.full_filename)

    def load_subconfig(self, fname: str, path: str | None = None) -> None:
        """What a configuration file calls to load another, which the hub allows to be missing."""
        inner = Loader(fname, path or self.path)
        with contextlib.suppress(ConfigFileNotFound):
            inner.load_or_note()
        self.loaded += inner.loaded
        self.errors += inner.errors
        self.config.merge(inner.config)


def place_of(error: BaseException, file: str) -> Finding:
    """An exception's text, and the line of the configuration that was running."""
    words = "".join(traceback.format_exception_only(error)).split("\n")
    if isinstance(error, SyntaxError) and error.filename:
        # after the line itself and a mark
        return Finding(error.filename, error.lineno or 0, words[-2])
    text = " ".join(words).strip()
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return Finding(file, (lines[-1] if lines else 0) or 0, text)
