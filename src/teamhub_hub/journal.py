"""The hub's log lines, without secrets and without what a terminal takes for a command."""

from __future__ import annotations

import logging
import re

#: Parameters of an address that are secrets.  JupyterHub hides them, but not in an address that is
#: a part of another (`next=` of a login that was refused), where = is encoded.
SECRET = re.compile(
    r"((?:token|code|state|_xsrf|auth|key)(?:=|%3D|%253D))(?!\[secret\])[^&%\s\"']+", re.IGNORECASE
)
#: C0, DEL and C1, but for the two that a traceback has.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Harmless(logging.Filter):
    """Takes secrets and control characters out of each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the line; every one is kept."""
        record.msg, record.args = harmless(record.getMessage()), ()
        return True


def harmless(text: str) -> str:
    """A text as it may be written down."""
    hidden = SECRET.sub(r"\1[secret]", text)
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", hidden)


def keep_harmless(log: logging.Logger) -> None:
    """Have all that reaches the handlers of a logger go through the filter."""
    for handler in log.handlers:
        if not any(isinstance(each, Harmless) for each in handler.filters):
            handler.addFilter(Harmless())
