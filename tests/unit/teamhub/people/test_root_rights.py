"""Who could become root by themselves, and by what."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from teamhub.people import root_rights
from teamhub.system.run import CommandFailed

#: An account that every machine has, and that no rule of sudo's names.
SOMEBODY = "nobody"


@pytest.fixture
def member_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The groups that the system says each account is in, also those of a directory."""
    numbers = [pwd.getpwnam(SOMEBODY).pw_gid]
    monkeypatch.setattr(os, "getgrouplist", lambda *_: numbers)
    return numbers


def named(monkeypatch: pytest.MonkeyPatch, number: int, name: str) -> None:
    line = grp.struct_group((name, "x", number, []))  # the members of a directory are not listed
    monkeypatch.setattr(grp, "getgrgid", lambda _: line)


@pytest.mark.parametrize("group", root_rights.GROUPS)
def test_members_of_groups_with_power_over_the_machine_could(
    member_of: list[int], monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    member_of.append(70000)
    named(monkeypatch, 70000, group)
    assert root_rights.reason(SOMEBODY) == f"is in group {group} ({root_rights.GROUPS[group]})"


def test_so_could_members_of_roots_group_by_another_name(
    member_of: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    member_of.append(0)
    named(monkeypatch, 0, "toor")
    assert root_rights.reason(SOMEBODY).startswith("is in group toor")


@pytest.mark.parametrize("group", ["adm", "users", "audio"])
def test_members_of_other_groups_could_not(
    member_of: list[int], monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    """Group adm reads logs, and no more."""
    member_of.append(70000)
    named(monkeypatch, 70000, group)
    assert root_rights.reason(SOMEBODY) == ""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("User zoe may run the following commands on hub:\n    (ALL) ALL\n", "may run commands"),
        ("User zoe is not allowed to run sudo on hub.\n", ""),
    ],
)
def test_sudo_itself_is_asked(monkeypatch: pytest.MonkeyPatch, said: str, why: str) -> None:
    monkeypatch.setattr(root_rights, "run", lambda *_, **__: said)
    assert root_rights.reason_by_sudo(SOMEBODY).startswith(why)
    assert bool(root_rights.reason_by_sudo(SOMEBODY)) == bool(why)


def test_an_account_that_is_not_there_could_not() -> None:
    assert root_rights.reason("no-such-account") == ""


def test_people_are_warned_of_once_and_a_sudo_that_fails_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> str:
        raise CommandFailed("sudo: no file /etc/sudoers", "look at it")

    monkeypatch.setattr(root_rights, "run", fails)
    root_rights.warn([SOMEBODY], already_in=[SOMEBODY])
    assert capsys.readouterr() == ("", "")
    root_rights.warn([SOMEBODY])
    shown = capsys.readouterr()
    assert f"what {SOMEBODY} may do through sudo cannot be seen" in shown.out + shown.err
