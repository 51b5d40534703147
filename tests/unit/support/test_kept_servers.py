"""The servers of failed tests."""

from __future__ import annotations

from support.kept_servers import current_test


def test_the_test_that_pytest_is_at_is_known() -> None:
    name = "test_kept_servers.py::test_the_test_that_pytest_is_at_is_known"
    assert current_test().endswith(name)
