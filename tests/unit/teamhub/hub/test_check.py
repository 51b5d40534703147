"""What an admin reads where the hub could not start: all of it at once, with what to do."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from teamhub.environment.checks import BrokenGeneration
from teamhub.hub import check as hub_check
from teamhub.hub import unit
from teamhub.hub.check import Answer, Finding, HubCannotStart, HubCheck
from teamhub.people import accounts

ERROR = Finding("/etc/teamhub/jupyterhub_config.d/10-team.py", 3, "NameError: foo")
ELSEWHERE = Finding("/etc/teamhub/jupyterhub_config.py", 0, "ConfigFileNotFound")
DATABASE = ("/var/lib/teamhub/jupyterhub.sqlite is of a newer JupyterHub", "install that again")


@pytest.fixture
def reports() -> list[str]:
    """What is reported to the admin."""
    return []


def answered(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Have the hub's own code answer so: tests/unit/teamhub_hub/test_check.py runs it."""
    monkeypatch.setattr(hub_check, "ask", lambda *_: answer)


def refusal(reports: list[str]) -> HubCannotStart:
    with pytest.raises(HubCannotStart) as raised:
        hub_check.check({}, reports.append)
    return raised.value


def test_nothing_is_said_of_a_hub_that_can_start(
    monkeypatch: pytest.MonkeyPatch, reports: list[str]
) -> None:
    answered(monkeypatch, Answer((), (), None))
    hub_check.check({}, reports.append)
    assert reports == []


def test_a_warning_is_reported_and_does_not_stop(
    monkeypatch: pytest.MonkeyPatch, reports: list[str]
) -> None:
    answered(monkeypatch, Answer((), (ERROR,), None))
    hub_check.check({}, reports.append)
    assert reports == [f"warning: {ERROR.file}, line 3: NameError: foo"]


def test_every_error_is_named(monkeypatch: pytest.MonkeyPatch, reports: list[str]) -> None:
    answered(monkeypatch, Answer((ERROR, ELSEWHERE), (), None))
    assert str(refusal(reports)) == (
        f"{ERROR.file}, line 3: NameError: foo\n"
        f"  {ELSEWHERE.file}: ConfigFileNotFound\n"
        "  What to do: fix the errors above (a running hub is not affected), then: teamhub apply"
    )


def test_an_unreadable_database_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, reports: list[str]
) -> None:
    answered(monkeypatch, Answer((), (), DATABASE))
    assert str(refusal(reports)) == (
        f"{DATABASE[0]}\n  What to do: install that again, then: teamhub apply"
    )


def test_both_are_named_together(monkeypatch: pytest.MonkeyPatch, reports: list[str]) -> None:
    answered(monkeypatch, Answer((ERROR,), (), DATABASE))
    error = refusal(reports)
    assert error.problem == f"{ERROR}\n  {DATABASE[0]}"
    assert error.remedy.startswith(
        "fix the errors above (a running hub is not affected); install that"
    )


def test_a_hub_that_does_not_run_is_not_laid_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SERVICE_ACCOUNT", pwd.getpwuid(os.getuid()).pw_name)
    monkeypatch.setattr(unit, "read", lambda: "")
    check = HubCheck({}, print)
    with pytest.raises(BrokenGeneration, match="hub/bin/jupyterhub"):
        check.run(tmp_path)
    assert not check.has_passed
