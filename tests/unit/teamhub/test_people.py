"""Who has an account, and what is refused before anything is created or changed."""

from __future__ import annotations

import pytest

from teamhub import people
from teamhub.accounts import BadName


def test_names_without_an_account_are_found() -> None:
    assert people.missing(["root", "no-such-account", "daemon"]) == ["no-such-account"]


def test_a_member_without_an_account_is_none_to_create(monkeypatch: pytest.MonkeyPatch) -> None:
    """Her directory service does not answer now."""
    monkeypatch.setattr(people, "members", lambda _: ("ghost",))
    assert people.missing(["ghost", "no-such-account"]) == ["no-such-account"]


def test_where_none_may_be_created_a_missing_account_is_named_with_what_to_type() -> None:
    with pytest.raises(BadName, match="'no-such-account' has no account") as raised:
        people.check_accounts(["root", "no-such-account"], may_create=False)
    assert "adduser no-such-account" in raised.value.remedy
    assert "CREATE_ACCOUNTS=yes" in raised.value.remedy


def test_where_they_may_be_created_nothing_is_refused() -> None:
    people.check_accounts(["root", "no-such-account"], may_create=True)


def test_strangers_are_named_all_at_once() -> None:
    with pytest.raises(BadName, match="not on the list of users: badger, niska"):
        people.check_on_list(["niska", "badger"])


def test_accounts_that_are_there_are_not_created_again() -> None:
    created: list[str] = []
    people.create_accounts(["root", "daemon"], created.append)
    assert created == []
