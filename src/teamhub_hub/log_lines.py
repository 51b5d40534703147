"""Lines of the hub's log that the journal takes whole.

journald cuts a line after 48 KiB, and begins an entry with what comes next: by a long header of a
request anybody could write entries that look like the hub's own, for fail2ban or a person to read.
"""

from __future__ import annotations

import logging

#: Characters of four bytes at most, so that a line stays well below LineMax= (journald.conf(5)).
LONGEST = 8192


class ShortLines(logging.Formatter):
    """Formats as another formatter does, and shortens each line that is too long."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record's text."""
        return "\n".join(map(shortened, self.inner.format(record).split("\n")))


def shortened(line: str) -> str:
    """A line, without what is beyond LONGEST."""
    if len(line) <= LONGEST:
        return line
    return f"{line[:LONGEST]}... ({len(line)} characters)"


def shorten(log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
    """From now on shorten the lines of all that is logged through the handlers of `log`."""
    logger = log.logger if isinstance(log, logging.LoggerAdapter) else log
    for handler in logger.handlers:
        if handler.formatter and not isinstance(handler.formatter, ShortLines):
            handler.setFormatter(ShortLines(handler.formatter))
