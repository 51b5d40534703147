"""The members of the hub's two groups, and what is refused before a group is changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.people import membership
from teamhub.people.accounts import BadName


def test_admins_are_users_too() -> None:
    wanted = membership.read_membership("zoe", "wash")
    assert wanted == membership.Membership(users=("wash", "zoe"), admins=("wash",))


def test_strangers_are_named_all_at_once() -> None:
    with pytest.raises(BadName, match="not on the list of users: badger, niska"):
        membership.check_on_list(["niska", "badger"])


@pytest.fixture
def _ghost_has_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory service that has the account of ghost does not answer."""
    monkeypatch.setattr(membership, "has_account", lambda name: name != "ghost")


def test_a_list_that_is_as_wanted_is_left_alone() -> None:
    assert membership.changes("jupyterhub", {"ghost", "zoe"}, {"zoe", "ghost"}) == []


@pytest.mark.usefixtures("_ghost_has_no_account")
def test_any_number_of_people_join_and_leave_in_one_command() -> None:
    before = {"ghost", *(f"old-{number}" for number in range(1000))}
    wanted = {f"new-{number}" for number in range(1000)}
    names = ",".join(sorted(wanted))
    assert membership.changes("jupyterhub", before, wanted) == [
        ["gpasswd", "--members", names, "jupyterhub"]
    ]


@pytest.mark.usefixtures("_ghost_has_no_account")
def test_somebody_without_an_account_stays_and_the_others_change_one_by_one() -> None:
    before, wanted = {"ghost", "book", "wash", "zoe"}, {"ghost", "kaylee", "river", "zoe"}
    assert membership.changes("jupyterhub", before, wanted) == [
        ["gpasswd", "--add", "kaylee", "jupyterhub"],
        ["gpasswd", "--add", "river", "jupyterhub"],
        ["gpasswd", "--delete", "book", "jupyterhub"],
        ["gpasswd", "--delete", "wash", "jupyterhub"],
    ]


@pytest.mark.usefixtures("_ghost_has_no_account")
def test_the_last_one_leaves_an_empty_list() -> None:
    assert membership.changes("jupyterhub", {"ghost"}, set()) == [
        ["gpasswd", "--members", "", "jupyterhub"]
    ]


LISTS = st.text() | st.lists(
    st.sampled_from(["zoe", "wash", "root", "rhea", "..", "a" * 33, ",", " ", "\n", "\0", "-"])
).map("".join)


@given(users=LISTS, admins=LISTS)
def test_any_two_lists_are_of_people_or_refused(users: str, admins: str) -> None:
    try:
        wanted = membership.read_membership(users, admins)
    except BadName as error:
        assert error.problem.isprintable()  # noqa: PT017 - both may be fine
        return
    assert set(wanted.admins) <= set(wanted.users)
    # each command has one name, or names with commas between
    for command in membership.changes("jupyterhub", set(), set(wanted.users)):
        assert all(re.fullmatch("[-a-z0-9_,]+", word) for word in command)
    assert not {"root", "rhea", ".."}.intersection(wanted.users)
