"""What has become of a group's members, and whose the hub's files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from teamhub.people import system_accounts

GROUPS = "root:x:0:\njupyterhub:x:990:zoe,wash\njupyterhub-admin:x:991:wash\nempty:x:5:\n"


@pytest.mark.parametrize(
    ("group", "names"),
    [("jupyterhub", ["zoe", "wash"]), ("jupyterhub-admin", ["wash"]), ("empty", []), ("none", [])],
)
def test_members_are_those_of_the_group_alone(group: str, names: list[str]) -> None:
    assert system_accounts.members_in(group, GROUPS) == names


def test_who_was_in_a_lost_group_is_named_in_the_command_that_lets_them_in() -> None:
    words = system_accounts.words_for("jupyterhub-admin", GROUPS)
    assert words.endswith("teamhub user add --admin wash")


def test_nobody_is_made_up_where_nothing_is_known() -> None:
    assert system_accounts.words_for("jupyterhub", "").endswith("teamhub user add NAME...")


def test_only_others_than_root_and_the_account_are_strangers(tmp_path: Path) -> None:
    for uid in (0, 4001, 4002):
        (tmp_path / str(uid)).touch()
        os.chown(tmp_path / str(uid), uid, uid)
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.chown(tmp_path / "link", 4003, 4003, follow_symlinks=False)
    assert system_accounts.strangers(tmp_path, 4001) == [4002, 4003]
