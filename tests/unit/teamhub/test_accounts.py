"""Who may be put on the list of users."""

from __future__ import annotations

import pwd
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub import accounts


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


def test_admins_are_users_too() -> None:
    membership = accounts.read_membership("zoe", "wash")
    assert membership == accounts.Membership(users=("wash", "zoe"), admins=("wash",))


@given(st.text())
def test_any_text_gives_plain_names_or_is_refused(text: str) -> None:
    try:
        names = accounts.parse_names(text)
    except accounts.BadName:
        return
    assert all(re.fullmatch(r"[a-z][-a-z0-9_]{0,31}", name) for name in names)
