"""A statement that fails on a full disk carries what people read, and the log has a line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from teamhub_hub.full_disk import FOR_PEOPLE, explain, explain_full_disk


@pytest.fixture(autouse=True)
def _explained() -> Iterator[None]:
    explain_full_disk()
    explain_full_disk()
    yield
    event.remove(Engine, "handle_error", explain)


def fault_of(database: Path, *statements: str) -> OperationalError:
    """What the last of some statements raises."""
    with create_engine(f"sqlite:///{database}").connect() as connection:
        for statement in statements[:-1]:
            connection.execute(text(statement))
        with pytest.raises(OperationalError) as caught:
            connection.execute(text(statements[-1]))
    return caught.value


def test_people_read_that_the_disk_is_full_and_the_log_names_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        fault = fault_of(
            tmp_path / "hub.sqlite",
            "PRAGMA max_page_count = 2",
            "CREATE TABLE users (name TEXT)",
            "INSERT INTO users VALUES (hex(zeroblob(100000)))",
        )
    assert getattr(fault, "jupyterhub_message", "") == FOR_PEOPLE
    (line,) = caplog.messages
    assert "df -h /var/lib/teamhub" in line


def test_another_fault_stays_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fault = fault_of(tmp_path / "hub.sqlite", "SELECT * FROM users")
    assert not hasattr(fault, "jupyterhub_message")
    assert caplog.messages == []
