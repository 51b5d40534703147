"""Who may be on the list of users, and what the system's groups say of it."""

from __future__ import annotations

import pwd
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.people import accounts
from teamhub_shared.accounts import is_persons


@pytest.mark.parametrize(
    "text", ["zoe, wash", "wash zoe", "zoe\nwash", " zoe,,wash , zoe ", "zoe\twash\r\n"]
)
def test_names_are_separated_by_commas_or_white_space_and_counted_once(text: str) -> None:
    assert accounts.parse_names(text) == ("wash", "zoe")


def test_an_empty_list_names_nobody() -> None:
    assert accounts.parse_names(" \n,") == ()


@pytest.mark.parametrize("name", ["root", "daemon", "nobody"])
def test_a_system_account_is_refused_with_its_uid(name: str) -> None:
    uid = pwd.getpwnam(name).pw_uid
    with pytest.raises(accounts.BadName, match=rf"'{name}' is a system account \(uid {uid}\)"):
        accounts.parse_names(f"zoe {name}")


def test_the_hubs_own_account_is_refused() -> None:
    with pytest.raises(accounts.BadName, match="runs the hub"):
        accounts.parse_names("rhea")


@pytest.mark.parametrize(
    "name", ["Zoe", "1zoe", "-zoe", "zoe!", "zoë", "z" * 33, "ALL=(ALL)", "%sudo", "zoe:x", "#1000"]
)
def test_a_name_that_no_account_can_have_is_refused_by_name(name: str) -> None:
    with pytest.raises(accounts.BadName, match=re.escape(repr(name))):
        accounts.parse_names(f"wash,{name}")


def test_the_command_that_renames_an_account_with_a_dot_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts, "has_account", lambda name: name == "amy.lin")
    with pytest.raises(accounts.BadName) as refused:
        accounts.parse_names("amy.lin")
    assert "usermod --login amy-lin amy.lin" in refused.value.remedy
    with pytest.raises(accounts.BadName) as refused:
        accounts.parse_names("kay.lin")
    assert "usermod" not in refused.value.remedy


@pytest.mark.parametrize("count", [300, 1000])
def test_long_lists_are_read_whatever_separates_the_names(count: int) -> None:
    names = [f"person-{number}" for number in range(count)]
    for separator in (",", " ", "\n", ", \t"):
        assert accounts.parse_names(separator.join(names)) == tuple(sorted(names))


#: Text as somebody would smuggle it in: names and separators, and pieces of sudo's grammar.
PIECES = st.sampled_from(
    ["zoe", "wash", "root", "rhea", "ALL=(ALL)", "%sudo", "#0", "*", "!root", ",", " ", "\n", "\0"]
)


@given(st.text() | st.lists(PIECES | st.text(max_size=3)).map("".join))
def test_any_text_gives_names_of_people_or_is_refused(text: str) -> None:
    try:
        names = accounts.parse_names(text)
    except accounts.BadName:
        return
    assert all(re.fullmatch(r"[a-z][-a-z0-9_]{0,31}", name) for name in names)
    assert not {"root", "rhea"}.intersection(names)
    uids = {account.pw_name: account.pw_uid for account in pwd.getpwall()}
    assert all(is_persons(uids[name]) for name in names if name in uids)


def test_the_error_says_what_is_wrong_in_one_line_even_for_a_name_with_a_new_line() -> None:
    with pytest.raises(accounts.BadName) as raised:
        accounts.check_name("zoe\nroot ALL=(ALL) ALL")
    assert "\n" not in raised.value.problem
    assert r"\n" in raised.value.problem


def test_a_group_that_is_not_there_has_no_members() -> None:
    assert accounts.members("no-such-group") == ()


def test_names_without_an_account_are_found() -> None:
    assert accounts.missing(["root", "no-such-account", "daemon"]) == ["no-such-account"]


def test_a_member_without_an_account_is_none_to_create(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory service of that account does not answer now."""
    monkeypatch.setattr(accounts, "members", lambda _: ("ghost",))
    assert accounts.missing(["ghost", "no-such-account"]) == ["no-such-account"]


def test_where_none_may_be_created_a_missing_account_is_named_with_what_to_type() -> None:
    with pytest.raises(accounts.BadName, match="'no-such-account' has no account") as raised:
        accounts.check_accounts(["root", "no-such-account"], may_create=False)
    assert "adduser no-such-account" in raised.value.remedy
    assert "CREATE_ACCOUNTS=yes" in raised.value.remedy


def test_where_they_may_be_created_nothing_is_refused() -> None:
    accounts.check_accounts(["root", "no-such-account"], may_create=True)


def test_accounts_that_are_there_are_not_created_again() -> None:
    created: list[str] = []
    accounts.create_accounts(["root", "daemon"], created.append)
    assert created == []
