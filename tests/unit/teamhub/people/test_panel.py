"""The panel's helper takes one action and one name of a person, whatever it is given."""

from __future__ import annotations

import os
import pwd

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teamhub.people import accounts, panel, root_rights
from teamhub_shared.accounts import SERVICE_ACCOUNT, is_persons


@pytest.mark.parametrize(("word", "action"), [("add", panel.add), ("remove", panel.remove)])
def test_two_words_are_an_action_and_a_name(word: str, action: object) -> None:
    assert panel.check([word, "kaylee"]) == (action, "kaylee")


#: What a program gets of its command line, also of bytes that are no text.
BYTES = st.binary(max_size=8).filter(lambda word: b"\0" not in word).map(os.fsdecode)
WORDS = st.sampled_from(["add", "remove", "zoe", "root", "rhea", "..", "zoe\n", "-zoe", "add zoe"])


@settings(max_examples=200)
@given(st.lists(st.text(max_size=8) | BYTES | WORDS))
def test_nothing_else_gets_through(arguments: list[str]) -> None:
    try:
        action, name = panel.check(arguments)
    except (panel.PanelError, accounts.BadName):
        return
    assert [name] == arguments[1:]
    assert action is panel.ACTIONS[arguments[0]]
    assert name not in ("root", SERVICE_ACCOUNT)
    uids = {account.pw_name: account.pw_uid for account in pwd.getpwall()}
    assert is_persons(uids.get(name, 1000))


@pytest.mark.parametrize("arguments", [[], ["add"], ["purge", "zoe"], ["add zoe"], ["add", "root"]])
def test_a_refusal_is_one_line_on_stderr_and_exit_status_1(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert panel.main(arguments) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_somebody_who_could_become_root_is_refused_with_the_command_for_the_servers_admin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(root_rights.GROUPS, "daemon", "runs as it")
    with pytest.raises(panel.PanelError, match="daemon is in group daemon") as raised:
        panel.add("daemon")
    assert "teamhub user add daemon" in raised.value.remedy


def test_taking_off_somebody_who_is_not_on_the_list_changes_nothing() -> None:
    panel.remove("no-such-account")
