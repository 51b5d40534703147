"""What the shipped sudoers file grants the hub's account, as sudo's own tools read it."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teamhub.people import panel
from teamhub_shared import accounts

SUDOERS = Path(__file__).parents[3] / "conffiles/etc/sudoers.d/teamhub"


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    """The file as cvtsudoers understands it."""
    command = ["cvtsudoers", "-f", "json", str(SUDOERS)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    policy: dict[str, Any] = json.loads(shown.stdout)
    return policy


def test_sudo_finds_no_fault_in_it() -> None:
    command = ["visudo", "--check", "--strict", "--quiet", f"--file={SUDOERS}"]
    assert subprocess.run(command, check=False).returncode == 0


def test_only_the_hubs_account_is_granted_anything(policy: dict[str, Any]) -> None:
    for grant in policy["User_Specs"]:
        assert grant["User_List"] == [{"username": accounts.SERVICE_ACCOUNT}]


def test_it_grants_three_commands_and_no_more(policy: dict[str, Any]) -> None:
    granted = [
        (
            specification["runasusers"],
            [command["cmndalias"] for command in specification["Commands"]],
        )
        for grant in policy["User_Specs"]
        for specification in grant["Cmnd_Specs"]
    ]
    assert granted == [
        ([{"runasalias": "JUPYTER_USERS"}], ["JUPYTER_CMD", "JUPYTER_PASSWD"]),
        ([{"username": "root"}], ["JUPYTER_PANEL"]),
    ]
    commands = {
        alias: [command["command"] for command in members]
        for alias, members in policy["Command_Aliases"].items()
    }
    assert commands == {
        "JUPYTER_CMD": ["/usr/lib/teamhub/sudospawner --logging=INFO"],
        "JUPYTER_PASSWD": ['/usr/bin/passwd ""'],
        "JUPYTER_PANEL": [f"/usr/lib/teamhub/panel {panel_pattern()}"],
    }


def test_people_are_the_group_but_never_root_or_the_hub_itself(policy: dict[str, Any]) -> None:
    assert policy["Runas_Aliases"]["JUPYTER_USERS"] == [
        {"usergroup": accounts.USERS_GROUP},
        {"username": "root", "negated": True},
        {"username": accounts.SERVICE_ACCOUNT, "negated": True},
    ]


def panel_pattern() -> str:
    """The regular expression that the arguments of the panel's helper must match."""
    found = re.search(
        r"^Cmnd_Alias JUPYTER_PANEL = \S+ (\^.*\$)$", SUDOERS.read_text(), re.MULTILINE
    )
    assert found
    return found[1]


REG_EXTENDED, REG_NOSUB = 1, 8


def sudo_accepts(action: str, name: str) -> bool:
    """Whether sudo's pattern lets these two arguments through: by regcomp(3), as sudo does it."""
    libc = ctypes.CDLL(None)
    compiled = ctypes.create_string_buffer(1024)  # far more than glibc's regex_t
    assert libc.regcomp(compiled, panel_pattern().encode(), REG_EXTENDED | REG_NOSUB) == 0
    try:
        arguments = f"{action} {name}".encode()
        return bool(libc.regexec(compiled, arguments, 0, None, 0) == 0)
    finally:
        libc.regfree(compiled)


def helper_accepts(name: str) -> bool:
    """Whether the panel's helper takes the name on, as far as its form goes."""
    return accounts.is_name(name)


NAMES = (
    st.from_regex(r"[a-z][-a-z0-9_]{0,33}\n?", fullmatch=True)
    | st.text(alphabet="az09-_AZ .\n\té/=", max_size=4)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
)


@settings(max_examples=300)
@given(NAMES)
def test_sudos_pattern_and_the_helper_agree_on_every_name(name: str) -> None:
    for action in panel.ACTIONS:
        assert sudo_accepts(action, name) == helper_accepts(name)


@pytest.mark.parametrize("action", ["", "purge", "add zoe\nadd", "remove  ", "ADD"])
def test_no_other_action_gets_through(action: str) -> None:
    assert not sudo_accepts(action, "zoe")
