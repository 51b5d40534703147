"""The command line of `teamhub user`, as far as it changes nothing."""

from __future__ import annotations

import json

import pytest

from teamhub import cli
from teamhub.commands import user
from teamhub.people import accounts, membership, passwords, servers


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on which wash administers, zoe works, and kaylee has no password yet."""
    crew = membership.Membership(users=("kaylee", "wash", "zoe"), admins=("wash",))
    states = {"kaylee": "none", "wash": "set", "zoe": "must be changed"}
    monkeypatch.setattr(membership, "current_membership", lambda: crew)
    monkeypatch.setattr(accounts, "check_groups", lambda: None)
    monkeypatch.setattr(passwords, "states", lambda names: {name: states[name] for name in names})
    monkeypatch.setattr(servers, "running", lambda: [servers.Server("zoe", "session-c1.scope")])


def run(*arguments: str) -> None:
    """Parse a command line and do what it says."""
    chosen = cli.parser().parse_args(["user", *arguments])
    chosen.run(chosen)


@pytest.mark.usefixtures("crew")
def test_the_list_is_a_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("list")
    assert capsys.readouterr().out.splitlines() == [
        "NAME    ADMIN  PASSWORD         SERVER",
        "kaylee  -      none             -",
        "wash    admin  set              -",
        "zoe     -      must be changed  running",
    ]


@pytest.mark.usefixtures("crew")
def test_the_list_for_programs_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    run("list", "--json")
    assert json.loads(capsys.readouterr().out)[2] == {
        "name": "zoe",
        "admin": False,
        "password": "must be changed",
        "server": True,
    }


def test_an_empty_list_still_has_its_heading(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(membership, "current_membership", lambda: membership.Membership((), ()))
    monkeypatch.setattr(accounts, "check_groups", lambda: None)
    monkeypatch.setattr(servers, "running", list)
    run("list")
    assert capsys.readouterr().out == "NAME  ADMIN  PASSWORD  SERVER\n"


@pytest.mark.parametrize("arguments", [(), ("add",), ("remove",), ("passwd",), ("rename", "zoe")])
def test_a_command_line_without_a_name_or_with_another_action_is_refused(
    arguments: tuple[str, ...],
) -> None:
    with pytest.raises(SystemExit):
        cli.parser().parse_args(["user", *arguments])


@pytest.mark.parametrize("names", [("zoe", "root"), ("zoe,ALL=(ALL)",), ("Zoe",)])
def test_a_bad_name_is_refused_before_anybody_is_added(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[str] = []
    monkeypatch.setattr(accounts, "create_accounts", lambda *_: touched.append("accounts"))
    monkeypatch.setattr(membership, "let_in", lambda *_, **__: touched.append("groups"))
    with pytest.raises(accounts.BadName):
        run("add", *names)
    assert touched == []


def test_two_passwords_that_differ_are_asked_for_again_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["one", "two"] * user.ATTEMPTS)
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    with pytest.raises(passwords.BadPassword, match="no password for kaylee") as raised:
        user.ask("kaylee")
    assert "teamhub user passwd kaylee" in raised.value.remedy
    assert capsys.readouterr().err.count("the two passwords differ") == user.ATTEMPTS


def test_the_same_password_twice_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _: "Mudder's Milk 5")
    assert user.ask("kaylee") == "Mudder's Milk 5"


def test_ctrl_c_keeps_the_passwords_that_were_given_and_names_who_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[dict[str, str]] = []
    typed = iter(["Engine's song 1", "Engine's song 1"])

    def type_or_interrupt(_: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", type_or_interrupt)
    monkeypatch.setattr(passwords, "give", lambda new, **_: given.append(dict(new)))
    chosen = cli.parser().parse_args(["user", "add", "kaylee", "river", "simon"])
    with pytest.raises(user.Interrupted, match="river, simon") as ended:
        user.give_passwords("initial", chosen.names, chosen)
    assert given == [{"kaylee": "Engine's song 1"}]
    assert "teamhub user passwd river" in ended.value.remedy
