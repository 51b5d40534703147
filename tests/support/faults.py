"""Faults in the running system: what a test's marker `fault` says of each, and how it ended."""

from __future__ import annotations

import pytest

from support.trials import Trial, Trials

SECTION = "Faults in the running system"
MARKER = "fault"
FAILED = pytest.StashKey[bool]()


def fault(what: str, *, person: str, admin: str, remedy: str, lost: bool) -> Trial:
    """A fault as the marker's arguments name it."""
    return Trial(SECTION, what, remedy, lost, person, admin)


def note(item: pytest.Item, report: pytest.TestReport, trials: Trials) -> None:
    """Count a marked test's faults once it is torn down, and as lost if any part of it failed.

    What looks at the server once more after a test is often a fixture's end.
    """
    if report.when == "setup":
        item.stash[FAILED] = False
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if report.when == "teardown":
        trials.made += [
            fault(*marker.args, **marker.kwargs, lost=item.stash[FAILED])
            for marker in item.iter_markers(MARKER)
        ]


def modules_of(items: list[pytest.Item]) -> set[str]:
    """The modules that have a marked test: as stories they run whole."""
    return {str(item.path) for item in items if item.get_closest_marker(MARKER)}
