"""`teamhub user`, and what becomes of people whose place on the list changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import members
from support.terminal import ENTER, Terminal

LogIn = Callable[[str], HubClient]


def listed(server: BootedServer) -> dict[str, dict[str, Any]]:
    """What `teamhub user list` says, by name."""
    rows = json.loads(server.output("teamhub", "user", "list", "--json"))
    return {row["name"]: row for row in rows}


def add(server: BootedServer, name: str, *options: str) -> str:
    """Let somebody in who has no password yet; the one that is printed for them."""
    printed = server.run("teamhub", "user", "add", name, "--generate", *options).stdout
    found = re.search(rf"^{name}: initial password (\S+?)(,|$)", printed, re.MULTILINE)
    assert found, printed
    return found[1]


def in_terminal(server: BootedServer, command: Sequence[str], talk: list[tuple[str, str]]) -> str:
    """What a command shows in a terminal where each prompt is answered; it must succeed."""
    with Terminal(server, *command) as terminal:
        for prompt, answer in talk:
            terminal.wait_for(prompt)
            terminal.clear()
            terminal.press(answer, ENTER)
        assert terminal.end() == 0, terminal.printed
        return terminal.printed


def complaint(server: BootedServer, *command: str) -> str:
    """What a command says that must fail."""
    failed = server.run(*command, check=False)
    assert failed.returncode == 1, failed.stdout
    assert failed.stderr.startswith("teamhub: ")
    assert "What to do: " in failed.stderr
    return failed.stderr


def test_the_list_shows_who_is_in_and_who_administers(server: BootedServer) -> None:
    people = listed(server)
    assert set(people) == {"wash", "zoe"}
    assert people["wash"]["admin"] is True
    assert people["zoe"] == {"name": "zoe", "admin": False, "password": "set", "server": False}


def test_the_table_lines_up(server: BootedServer) -> None:
    lines = server.run("teamhub", "user", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "ADMIN", "PASSWORD", "SERVER"]
    assert lines[1].split() == ["wash", "admin", "set", "-"]
    assert lines[2].split() == ["zoe", "-", "set", "-"]
    assert {line.index("set") for line in lines[1:]} == {lines[0].index("PASSWORD")}


def test_a_new_account_has_its_own_home_bash_and_a_password_that_must_be_changed(
    server: BootedServer,
) -> None:
    server.run("sh", "-c", "echo welcome > /etc/skel/welcome")
    password = add(server, "kaylee")
    home, shell = server.output("getent", "passwd", "kaylee").split(":")[5:7]
    assert (home, shell) == ("/home/kaylee", "/bin/bash")
    assert server.output("cat", "/home/kaylee/welcome") == "welcome"
    assert server.output("stat", "--format=%U %a", "/home/kaylee") == "kaylee 700"
    assert listed(server)["kaylee"]["password"] == "must be changed"
    assert password not in server.run("journalctl", "--no-pager").stdout


def test_adding_her_again_leaves_her_password_alone(server: BootedServer) -> None:
    before = server.output("getent", "shadow", "kaylee")
    again = server.run("teamhub", "user", "add", "kaylee", "--generate")
    assert again.stdout == ""
    assert server.output("getent", "shadow", "kaylee") == before


def test_without_a_terminal_a_password_is_made_up(server: BootedServer) -> None:
    printed = server.run("teamhub", "user", "add", "inara").stdout
    assert re.fullmatch(r"inara: initial password \S+, to be changed at the first login\n", printed)


def test_a_permanent_password_lets_her_in_as_it_is(server: BootedServer, client: LogIn) -> None:
    password = add(server, "book", "--permanent")
    assert listed(server)["book"]["password"] == "set"
    assert client("book").log_in(password).status_code == 302


def test_in_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    server: BootedServer,
) -> None:
    shown = in_terminal(
        server,
        ["teamhub", "user", "add", "simon"],
        [
            ("Password for simon", "Ariel hospital 3"),
            ("The same password again:", "Ariel hospitl 3"),
            ("Password for simon", "Ariel hospital 3"),
            ("The same password again:", "Ariel hospital 3"),
        ],
    )
    assert "the two passwords differ" in shown
    assert "Ariel" not in shown
    assert listed(server)["simon"]["password"] == "must be changed"


def test_in_a_terminal_an_empty_answer_has_one_made_up(server: BootedServer) -> None:
    shown = in_terminal(server, ["teamhub", "user", "add", "river"], [("Password for river", "")])
    assert re.search(r"river: initial password \S+, to be changed", shown)


def test_a_forgotten_password_is_replaced(server: BootedServer, client: LogIn) -> None:
    server.run("teamhub", "user", "add", "mal", "--generate", "--permanent")
    in_terminal(
        server,
        ["teamhub", "user", "passwd", "mal", "--permanent"],
        [
            ("Password for mal", "Big damn heroes 1"),
            ("The same password again:", "Big damn heroes 1"),
        ],
    )
    assert client("mal").log_in("Big damn heroes 1").status_code == 302


def test_an_admin_is_made_by_one_option(server: BootedServer, client: LogIn) -> None:
    password = add(server, "saffron", "--admin", "--permanent")
    saffron = client("saffron")
    assert saffron.log_in(password).status_code == 302
    assert saffron.hub_api("GET", "/users").status_code == 200


@pytest.mark.parametrize("name", ["root", "Kaylee", "jayne;reboot"])
def test_a_name_that_cannot_be_a_person_is_refused_and_nobody_is_added(
    server: BootedServer, name: str
) -> None:
    before = listed(server)
    said = complaint(server, "teamhub", "user", "add", "badger", name)
    assert name in said
    assert listed(server) == before
    assert server.run("getent", "passwd", "badger", check=False).returncode != 0


def test_where_no_accounts_are_created_a_stranger_is_refused_by_name(server: BootedServer) -> None:
    config = "/etc/teamhub/teamhub.conf"
    server.run("cp", config, "/root/before")
    server.run(
        "sh", "-c", f"sed -i /^CREATE_ACCOUNTS/d {config}; echo CREATE_ACCOUNTS=no >> {config}"
    )
    said = complaint(server, "teamhub", "user", "add", "badger")
    server.run("cp", "/root/before", config)
    assert "'badger' has no account" in said
    assert "adduser badger" in said


def test_a_locked_account_stays_locked_and_is_told(server: BootedServer) -> None:
    server.run("adduser", "--disabled-password", "--gecos", "", "niska")
    server.run("chpasswd", given="niska:Skyplex 9 torture\n")
    server.run("usermod", "--lock", "niska")
    added = server.run("teamhub", "user", "add", "niska", "--generate")
    assert "niska is locked" in added.stderr
    assert added.stdout == ""
    assert listed(server)["niska"]["password"] == "locked"


def test_somebody_who_could_become_root_is_let_in_with_a_warning(server: BootedServer) -> None:
    server.run("adduser", "--disabled-password", "--gecos", "", "monty")
    server.run("adduser", "monty", "sudo")
    added = server.run("teamhub", "user", "add", "monty", "--generate")
    assert "monty is in group sudo (may run any command as root)" in added.stderr
    assert "and could become root" in added.stderr


@pytest.mark.parametrize("command", ["remove", "passwd"])
def test_a_stranger_is_named_and_nothing_changes(server: BootedServer, command: str) -> None:
    before = listed(server)
    names = ("badger",) if command == "passwd" else ("zoe", "badger")
    assert "badger" in complaint(server, "teamhub", "user", command, *names)
    assert listed(server) == before


def test_a_removed_person_loses_server_session_and_token_at_once_and_nobody_else_anything(
    server: BootedServer, sign_in: LogIn, client: LogIn, zoe: HubClient
) -> None:
    treasure = zoe.new_kernel()
    zoe.run_cell(treasure, "treasure = 41")
    server.run("chpasswd", given="kaylee:Serenity's engine 1\n")
    kaylee = client("kaylee")
    assert kaylee.log_in("Serenity's engine 1").status_code == 302
    kaylee.spawn()
    kernel = kaylee.new_kernel()
    kaylee.run_cell(kernel, "open('/home/kaylee/work', 'w').write('saved')")
    token = kaylee.new_token()
    assert kaylee.status_with_token(token) == 200
    assert listed(server)["kaylee"]["server"] is True

    server.run("teamhub", "user", "remove", "kaylee")

    assert kaylee.is_signed_in() is False
    assert kaylee.status_with_token(token) == 403
    assert kaylee.log_in("Serenity's engine 1").status_code == 403
    assert server.run("pgrep", "-u", "kaylee", "python", check=False).stdout == ""
    assert "kaylee" not in listed(server)
    assert server.output("cat", "/home/kaylee/work") == "saved"
    assert zoe.run_cell(treasure, "print(treasure + 1)") == "42\n"
    wash = sign_in("wash")
    assert wash.hub_api("POST", "/users/kaylee/server").status_code == 403
    assert server.run("pgrep", "-u", "kaylee", "python", check=False).stdout == ""


def test_let_in_again_she_works_without_a_restart_of_anything(
    server: BootedServer, client: LogIn
) -> None:
    server.run("teamhub", "user", "add", "kaylee")
    kaylee = client("kaylee")
    assert kaylee.log_in("Serenity's engine 1").status_code == 302
    kaylee.spawn()
    assert kaylee.compute("print(open('/home/kaylee/work').read())") == "saved\n"
    kaylee.stop()


def test_taken_out_of_the_group_by_hand_she_is_out_at_once(
    server: BootedServer, client: LogIn
) -> None:
    kaylee = client("kaylee")
    assert kaylee.log_in("Serenity's engine 1").status_code == 302
    token = kaylee.new_token()
    server.run("deluser", "kaylee", "jupyterhub")
    assert kaylee.is_signed_in() is False
    assert kaylee.status_with_token(token) == 403


def test_put_into_the_group_by_hand_she_is_on_the_list(server: BootedServer, client: LogIn) -> None:
    server.run("adduser", "kaylee", "jupyterhub")
    assert "kaylee" in listed(server)
    assert client("kaylee").log_in("Serenity's engine 1").status_code == 302


def test_an_admin_taken_off_the_admins_administers_no_more_in_the_same_session(
    server: BootedServer, sign_in: LogIn
) -> None:
    wash = sign_in("wash")
    token = wash.new_token()
    assert wash.hub_api("GET", "/users").status_code == 200
    server.run("gpasswd", "--delete", "wash", "jupyterhub-admin")
    assert wash.hub_api("GET", "/users").status_code == 403
    assert wash.hub_api("GET", "/users/wash").json()["admin"] is False
    assert wash.status_with_token(token) == 200
    server.run("adduser", "wash", "jupyterhub-admin")
    assert wash.hub_api("GET", "/users").status_code == 200


def test_one_persons_server_is_stopped_by_name(server: BootedServer, zoe: HubClient) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    assert server.run("teamhub", "servers", "stop", "wash").stderr == ""
    assert listed(server)["zoe"]["server"] is True


def test_a_directorys_member_who_is_away_is_not_created_as_a_local_account(
    server: BootedServer,
) -> None:
    """A directory service that does not answer looks like an account that is not there."""
    server.run("sed", "-i", "/^jupyterhub:/s/$/,ghost/", "/etc/group")
    users, admins = (
        server.output("getent", "group", group).rpartition(":")[2]
        for group in ("jupyterhub", "jupyterhub-admin")
    )
    server.run("teamhub", "setup", "people", f"--users={users}", f"--admins={admins}")
    assert server.run("getent", "passwd", "ghost", check=False).returncode != 0
    assert listed(server)["ghost"]["password"] == "elsewhere"
    server.run("teamhub", "user", "add", "river")
    server.run("teamhub", "user", "remove", "ghost")
    assert "ghost" not in listed(server)


def test_while_a_directory_does_not_answer_the_list_can_be_changed_and_its_people_stay(
    server: BootedServer,
) -> None:
    server.run("sed", "-i", "/^jupyterhub:/s/$/,ghost,ghoul/", "/etc/group")
    before = members(server, "jupyterhub")
    wanted = before - {"book", "ghoul"} | {"yolanda"}
    admins = ",".join(members(server, "jupyterhub-admin"))
    users = ",".join(wanted)
    server.run("teamhub", "setup", "people", f"--users={users}", f"--admins={admins}")
    assert {"book", "ghost", "ghoul"} <= before
    assert members(server, "jupyterhub") == wanted
    in_gshadow = server.output("sed", "-n", "s/^jupyterhub:.*://p", "/etc/gshadow")
    assert set(in_gshadow.split(",")) == wanted - {"ghost"}
    server.run("teamhub", "user", "remove", "ghost")
    assert members(server, "jupyterhub") == wanted - {"ghost"}


@pytest.mark.fault(
    "Ctrl-C in `user add`",
    person="whose password was given can sign in",
    admin="one line, with who is left",
    remedy="teamhub user passwd NAME, as the line says",
)
def test_ctrl_c_keeps_the_passwords_that_were_given_and_names_who_is_left(
    server: BootedServer,
) -> None:
    with Terminal(server, "teamhub", "user", "add", "alba", "nandi") as terminal:
        for prompt in ("Password for alba", "The same password again:"):
            terminal.wait_for(prompt)
            terminal.clear()
            terminal.press("Heart of gold 7", ENTER)
        terminal.wait_for("Password for nandi")
        terminal.interrupt()
        assert terminal.end() != 0
        assert "Traceback" not in terminal.printed
        assert "nandi" in terminal.printed.rpartition("teamhub:")[2]
    assert listed(server)["alba"]["password"] == "must be changed"
    server.run("teamhub", "user", "passwd", "nandi", "--generate")
    assert listed(server)["nandi"]["password"] == "must be changed"
