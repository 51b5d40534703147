"""Messages to the admin while something is done; errors are the command line's."""

from __future__ import annotations

import sys


def report(line: str) -> None:
    """Print one message for the admin; on stderr, since stdout is debconf's (debconf-devel(7))."""
    print(f"teamhub: {line}", file=sys.stderr, flush=True)
