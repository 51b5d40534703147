"""What the hub makes of the system's groups."""

from __future__ import annotations

import pytest

from teamhub_hub.membership import Standing, group_id, standing

OUTSIDE = Standing(member=False, admin=False)


@pytest.mark.parametrize(
    "name", ["no-such-account", "Zoe", "zoe\n", "../zoe", "", "#0", "z" * 33, "root ALL"]
)
def test_a_name_without_an_account_is_outside(name: str) -> None:
    assert standing(name) == OUTSIDE


def test_an_account_that_is_in_neither_group_is_outside() -> None:
    assert standing("daemon") == OUTSIDE


def test_membership_comes_from_the_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The groups of account bin on every Debian system stand for the hub's."""
    monkeypatch.setattr("teamhub_hub.membership.USERS_GROUP", "bin")
    assert standing("bin") == Standing(member=True, admin=False)
    monkeypatch.setattr("teamhub_hub.membership.ADMINS_GROUP", "bin")
    assert standing("bin") == Standing(member=True, admin=True)


def test_an_admin_who_is_no_member_is_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teamhub_hub.membership.ADMINS_GROUP", "bin")
    assert standing("bin") == OUTSIDE


def test_a_group_that_is_not_there_has_no_number() -> None:
    assert group_id("no-such-group") is None
    assert group_id("root") == 0
