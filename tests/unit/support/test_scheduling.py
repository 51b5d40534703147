"""Where and when the server tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from support.scheduling import LONG_MODULES, ByModuleAndSuite, is_for, long_ones_first, targets

BOOKWORM, TRIXIE, MINIMAL = targets(
    ["bookworm:scientific:a.deb", "trixie:scientific:b.deb", "trixie:minimal:c.deb"]
)
SERVER_TESTS = REPOSITORY / "tests/server"


class MarkedTest(pytest.Item):
    """A test with markers that is never run."""

    def runtest(self) -> None: ...


def marker(name: str, *arguments: str) -> pytest.Mark:
    """One of the server tests' markers, which pytest does not know in the unit tests."""
    return pytest.Mark(name, arguments, {}, _ispytest=True)


@pytest.fixture
def module(request: pytest.FixtureRequest) -> pytest.Module:
    """The node that the tests here belong to, which has no markers."""
    found: pytest.Module = request.node.getparent(pytest.Module)
    return found


def test_the_long_modules_are_there() -> None:
    assert [name for name in LONG_MODULES if not (SERVER_TESTS / f"{name}.py").exists()] == []


def test_they_begin_in_their_order_and_the_others_as_they_were(module: pytest.Module) -> None:
    names = ["test_first", LONG_MODULES[1], "test_last", LONG_MODULES[0]]
    items: list[pytest.Item] = [
        MarkedTest.from_parent(module, name="test", path=Path(f"{name}.py")) for name in names
    ]
    long_ones_first(items)
    assert [item.path.stem for item in items] == [*LONG_MODULES[:2], "test_first", "test_last"]


@pytest.mark.parametrize(
    ("markers", "once_on", "chosen"),
    [
        ([], "trixie", [TRIXIE]),
        ([], None, [BOOKWORM, TRIXIE]),
        ([marker("every_suite")], "trixie", [BOOKWORM, TRIXIE]),
        ([marker("suite", "bookworm")], "trixie", [BOOKWORM]),
        ([marker("profile", "minimal")], "trixie", [MINIMAL]),
    ],
)
def test_a_test_runs_where_its_markers_say(
    module: pytest.Module,
    markers: list[pytest.Mark],
    once_on: str | None,
    chosen: list[object],
) -> None:
    test = MarkedTest.from_parent(module, name="test")
    test.own_markers += markers
    assert [each for each in (BOOKWORM, TRIXIE, MINIMAL) if is_for(each, test, once_on)] == chosen


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("test_names.py::test_one[bookworm]", "test_names.py bookworm"),
        ("test_names.py::test_one[apply-trixie]", "test_names.py trixie"),
        ("test_names.py::test_of_none", "test_names.py"),
        ("test_names.py::test_one[bookworms]", "test_names.py"),
    ],
)
def test_a_worker_has_a_modules_tests_on_one_suite(name: str, scope: str) -> None:
    assert ByModuleAndSuite._split_scope(ByModuleAndSuite.__new__(ByModuleAndSuite), name) == scope
