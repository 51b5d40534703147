"""The program that makes the folder of a person's server makes no other, whoever PAM says it is."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.checkout import REPOSITORY

PROGRAM = REPOSITORY / "src/programs/server-folder"
NOBODY = pwd.getpwnam("nobody").pw_uid
HOSTILE = [
    "..",
    "../..",
    "root/..",
    "--help",
    "-n",
    "--version",
    "$(id)",
    "`id`",
    "a b",
    "*",
    "zoe\n0",
]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all servers, and beside it the program for it, with a group that exists."""
    folder = tmp_path_factory.mktemp("server") / "folders"
    text = PROGRAM.read_text("utf-8").replace("/var/lib/teamhub-servers", str(folder))
    text = text.replace("teamhub-sockets", grp.getgrgid(os.getgid()).gr_name)
    folder.with_name("program").write_text(text, "utf-8")
    return folder


def made(servers: Path, user: str, kind: str = "open_session") -> tuple[int, list[str]]:
    """The exit status for a user, and what lies there afterwards; it is removed again."""
    servers.mkdir(exist_ok=True)
    environment = {"PAM_TYPE": kind, "PAM_USER": user}
    program = servers.with_name("program")
    done = subprocess.run(["sh", program], env=environment, capture_output=True, check=False)
    found = [path for path in servers.parent.rglob("*") if path not in (servers, program)]
    for path in found:
        path.rmdir()
    return done.returncode, [str(path.relative_to(servers)) for path in found]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_is_named_by_the_persons_number(servers: Path) -> None:
    assert made(servers, "nobody") == (0, [str(NOBODY)])


def test_the_end_of_a_session_makes_nothing(servers: Path) -> None:
    assert made(servers, "nobody", "close_session") == (0, [])


@settings(max_examples=40)
@given(user=st.text().filter(lambda text: "\0" not in text) | st.sampled_from(HOSTILE))
def test_for_whom_there_is_no_account_nothing_is_made(servers: Path, user: str) -> None:
    known = {account.pw_name for account in pwd.getpwall()}
    # id takes a number for the account that has it
    if user not in known and not user.strip(" +").isdecimal():
        status, found = made(servers, user)
        assert status != 0
        assert found == []
