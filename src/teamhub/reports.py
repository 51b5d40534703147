"""What the admin is told while something is done; errors are the command line's."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from teamhub import accounts


def report(line: str) -> None:
    """Tell the admin one thing; on stderr, since stdout is debconf's (debconf-devel(7))."""
    print(f"teamhub: {line}", file=sys.stderr, flush=True)


def warn_of_root_equivalents(names: Iterable[str]) -> None:
    """Tell which of the people let in could become root by themselves."""
    for name, group in accounts.root_equivalent(names).items():
        report(
            f"warning: {name} is in group {group} and could become root; "
            "the hub, which can act as any of its users, then could too"
        )
