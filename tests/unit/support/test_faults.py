"""A test that is marked with faults counts each of them once, however it ends."""

from __future__ import annotations

import pytest

from support.faults import note
from support.trials import Trials


@pytest.mark.fault("one", person="nothing", admin="a line", remedy="apply")
@pytest.mark.fault("two", person="nothing", admin="a line", remedy="apply")
@pytest.mark.parametrize("failing", ["", "setup", "call", "teardown"])
def test_it_is_lost_if_any_part_failed(request: pytest.FixtureRequest, failing: str) -> None:
    item, trials = request.node, Trials()
    for when in ("setup", "teardown") if failing == "setup" else ("setup", "call", "teardown"):
        outcome = "failed" if when == failing else "passed"
        report = pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)  # type: ignore[arg-type]
        note(item, report, trials)
    assert sorted((each.what, each.lost) for each in trials.made) == [
        ("one", bool(failing)),
        ("two", bool(failing)),
    ]
