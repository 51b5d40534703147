"""What is done to servers again and again; `make soak` does all of it, `make test-all` a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.faults import modules_of
from support.trials import Count, Moment, Trials

HERE = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that is marked `moments` each of them as `moment`."""
    if marker := metafunc.definition.get_closest_marker("moments"):
        count = marker.kwargs["soak" if metafunc.config.getoption("--soak") else "part"]
        moments = [Moment(number, count) for number in range(1, count + 1)]
        metafunc.parametrize("moment", moments, ids=str)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a part does not have, and with --soak what has no part in it."""
    soak = bool(config.getoption("--soak"))
    has_part = bool(config.getoption("--everything"))
    with_faults = modules_of(items)

    def is_wanted(item: pytest.Item) -> bool:
        if HERE not in item.path.parents:
            return not soak or str(item.path) in with_faults
        return soak or (has_part and not item.get_closest_marker("soak_only"))

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]


@pytest.fixture
def trial(request: pytest.FixtureRequest, trials: Trials) -> Count:
    """Counts trials in the section that the module names SECTION."""
    return lambda what, ends: trials.count(request.module.SECTION, what, ends)
