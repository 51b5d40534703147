"""Lines of the hub's log that tell no secret, and that nobody else can write.

journald cuts a line after 48 KiB, and begins an entry with what comes next: by a long header of a
request anybody could write entries that look like the hub's own, for fail2ban or a person to read.
"""

from __future__ import annotations

import logging
import re

#: Characters of four bytes at most, so that a line stays well below LineMax= (journald.conf(5)).
LONGEST = 8192
#: Parameters of an address that are secrets.  JupyterHub hides them, but not in an address that is
#: a part of another (`next=` of a login that was refused), where = is encoded.
SECRET = re.compile(
    r"((?:token|code|state|_xsrf|auth|key)(?:=|%3D|%253D))(?!\[secret\])[^&%\s\"']+", re.IGNORECASE
)
#: C0, DEL and C1, of which a terminal obeys some; but for the two that a traceback has.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class CleanLines(logging.Formatter):
    """Formats as another formatter does, and changes each line that may not stay."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record's text."""
        return "\n".join(map(cleaned, self.inner.format(record).split("\n")))


def cleaned(line: str) -> str:
    """A line without secrets, without control characters, and without what is beyond LONGEST."""
    hidden = SECRET.sub(r"\1[secret]", line)
    shown = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", hidden)
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[:LONGEST]}... ({len(line)} characters)"


def clean(log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
    """From now on clean the lines of all that is logged through the handlers of `log`."""
    logger = log.logger if isinstance(log, logging.LoggerAdapter) else log
    for handler in logger.handlers:
        if handler.formatter and not isinstance(handler.formatter, CleanLines):
            handler.setFormatter(CleanLines(handler.formatter))
