"""The members of the hub's two groups, and what is refused before a group is changed."""

from __future__ import annotations

import pytest

from teamhub.people import membership
from teamhub.people.accounts import BadName


def test_admins_are_users_too() -> None:
    wanted = membership.read_membership("zoe", "wash")
    assert wanted == membership.Membership(users=("wash", "zoe"), admins=("wash",))


def test_strangers_are_named_all_at_once() -> None:
    with pytest.raises(BadName, match="not on the list of users: badger, niska"):
        membership.check_on_list(["niska", "badger"])
