"""The hub's admin panel puts people on the list and takes them off, by one helper of root's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page

LogIn = Callable[[str], HubClient]
PANEL = "/usr/lib/teamhub/panel"


@pytest.fixture(scope="module")
def wash(sign_in: LogIn) -> HubClient:
    """The admin, signed in."""
    return sign_in("wash")


def test_an_admin_is_asked_each_time_before_they_enter_somebodys_server(
    wash: HubClient, sign_in: LogIn
) -> None:
    zoe = sign_in("zoe")
    zoe.spawn()
    for _ in range(2):
        asked = wash.get("/user/zoe/lab")
        assert "/hub/api/oauth2/authorize" in asked.url
        entered = wash.session.post(asked.url, data=fields(asked.text), timeout=30)
        assert entered.url.startswith(f"{wash.url}/user/zoe/lab"), entered.text
        # the server's own login ends, as it does with the browser's window
        wash.session.cookies.clear(entered.url.split("/")[2], "/user/zoe/")
    zoe.stop()


def fields(page: str) -> list[tuple[str, str]]:
    """What the form of a page sends."""
    inputs = re.findall(r"<input[^>]*>", page)
    found = [dict(re.findall(r'(\w+)="([^"]*)"', each)) for each in inputs]
    return [(each["name"], each["value"]) for each in found if {"name", "value"} <= each.keys()]


def groups(server: BootedServer, name: str) -> list[str]:
    """The groups of an account; none when there is no such account."""
    return server.run("id", "--name", "--groups", name, check=False).stdout.split()


def give_password(server: BootedServer, name: str) -> str:
    """What the admin types next: a password for somebody new."""
    printed = server.run("teamhub", "user", "passwd", name, "--generate", "--permanent").stdout
    found = re.search(r"new password (\S+)", printed)
    assert found, printed
    return found[1]


def test_a_name_added_in_the_panel_becomes_an_account_on_the_list(
    wash: HubClient, server: BootedServer
) -> None:
    assert groups(server, "kaylee") == []
    answer = wash.hub_api("POST", "/users/kaylee")
    assert answer.status_code == 201, answer.text
    assert "jupyterhub" in groups(server, "kaylee")
    assert server.output("stat", "--format=%U %a", "/home/kaylee") == "kaylee 700"
    assert server.output("stat", "--format=%a", "/home/kaylee/.bashrc") == "644"


def test_with_a_password_she_logs_in_and_computes(
    wash: HubClient, server: BootedServer, client: LogIn
) -> None:
    assert wash.is_signed_in()
    kaylee = client("kaylee")
    assert kaylee.log_in(give_password(server, "kaylee")).status_code == 302
    kaylee.spawn()
    assert kaylee.compute("import getpass; print(getpass.getuser())") == "kaylee\n"


def test_deleted_in_the_panel_she_is_out_at_once_and_her_files_stay(
    wash: HubClient, server: BootedServer, client: LogIn
) -> None:
    password = give_password(server, "kaylee")
    kaylee = client("kaylee")
    assert kaylee.log_in(password).status_code == 302
    token = kaylee.new_token()
    answer = wash.hub_api("DELETE", "/users/kaylee")
    assert answer.status_code == 204, answer.text
    assert kaylee.is_signed_in() is False
    assert kaylee.status_with_token(token) == 403
    assert client("kaylee").log_in(password).status_code == 403
    assert groups(server, "kaylee") == ["kaylee", "users"]
    assert server.run("pgrep", "-u", "kaylee", "python", check=False).stdout == ""
    server.run("test", "-d", "/home/kaylee/notebooks")


def test_several_are_added_at_once(wash: HubClient, server: BootedServer) -> None:
    answer = wash.hub_api("POST", "/users", json={"usernames": ["inara", "Book"], "admin": False})
    assert answer.status_code == 201, answer.text
    assert "jupyterhub" in groups(server, "inara")
    assert "jupyterhub" in groups(server, "book")


@pytest.mark.parametrize(
    "name", ["root", "rhea", "daemon", "nobody", "no good", "-x", "a;b", "ALL"]
)
def test_a_name_that_cannot_be_a_person_is_refused_and_leaves_nothing(
    wash: HubClient, server: BootedServer, name: str
) -> None:
    before = server.output("getent", "group", "jupyterhub")
    answer = wash.hub_api("POST", f"/users/{name}")
    assert answer.status_code == 400
    assert wash.hub_api("GET", f"/users/{name}").status_code == 404
    assert server.output("getent", "group", "jupyterhub") == before


def test_the_reason_reaches_whoever_asked(wash: HubClient) -> None:
    answer = wash.hub_api("POST", "/users", json={"usernames": ["daemon"]})
    assert answer.status_code == 400
    assert "'daemon' is a system account (uid 1)" in answer.json()["message"]


def test_somebody_who_could_become_root_is_left_to_the_servers_admin(
    wash: HubClient, server: BootedServer
) -> None:
    server.run("adduser", "--disabled-password", "--gecos", "", "monty")
    server.run("adduser", "monty", "sudo")
    answer = wash.hub_api("POST", "/users", json={"usernames": ["monty"]})
    assert answer.status_code == 400
    assert "monty is in group sudo" in answer.json()["message"]
    assert "teamhub user add monty" in answer.json()["message"]
    assert "jupyterhub" not in groups(server, "monty")


def test_sudo_is_asked_about_every_rule_that_names_them(
    wash: HubClient, server: BootedServer
) -> None:
    server.run("addgroup", "ops")
    for name, rule in (("uops", "%ops ALL=(ALL) NOPASSWD: ALL"), ("river", "river ALL=(root) ALL")):
        server.run("adduser", "--disabled-password", "--gecos", "", name)
        server.run("sh", "-c", f"echo '{rule}' > /etc/sudoers.d/{name}")
    server.run("adduser", "uops", "ops")
    for name in ("uops", "river"):
        answer = wash.hub_api("POST", "/users", json={"usernames": [name]})
        assert answer.status_code == 400
        assert f"{name} may run commands through sudo" in answer.json()["message"]
        assert "jupyterhub" not in groups(server, name)
    server.run("rm", "/etc/sudoers.d/uops", "/etc/sudoers.d/river")


def test_the_panels_tick_for_admins_grants_nothing(
    wash: HubClient, server: BootedServer, client: LogIn
) -> None:
    answer = wash.hub_api("POST", "/users", json={"usernames": ["simon"], "admin": True})
    assert answer.status_code == 201, answer.text
    assert answer.json()[0]["admin"] is False
    simon = client("simon")
    assert simon.log_in(give_password(server, "simon")).status_code == 302
    assert simon.hub_api("GET", "/users").status_code == 403
    wash.hub_api("PATCH", "/users/simon", json={"admin": True}).raise_for_status()
    assert simon.hub_api("GET", "/users").status_code == 403
    assert "jupyterhub-admin" not in groups(server, "simon")


def test_people_who_are_no_admins_can_add_and_delete_nobody(
    server: BootedServer, client: LogIn
) -> None:
    simon = client("simon")
    assert simon.log_in(give_password(server, "simon")).status_code == 302
    assert simon.hub_api("POST", "/users/badger").status_code == 403
    assert simon.hub_api("DELETE", "/users/inara").status_code in (403, 404)
    assert groups(server, "badger") == []
    assert "jupyterhub" in groups(server, "inara")


def test_an_admin_may_delete_another_who_then_administers_nothing(
    wash: HubClient, server: BootedServer
) -> None:
    server.run("teamhub", "user", "add", "saffron", "--admin")
    assert wash.hub_api("POST", "/users/saffron").status_code == 201
    assert wash.hub_api("DELETE", "/users/saffron").status_code == 204
    assert not {"jupyterhub", "jupyterhub-admin"}.intersection(groups(server, "saffron"))


def test_a_name_that_is_only_in_the_hubs_database_has_no_access(
    wash: HubClient, server: BootedServer, client: LogIn, installed: Installation
) -> None:
    """Nor does a restart of the hub, which goes through all of its database, let them in again."""
    password = give_password(server, "simon")
    simon = client("simon")
    assert simon.log_in(password).status_code == 302
    server.run("gpasswd", "--delete", "simon", "jupyterhub")
    assert wash.hub_api("GET", "/users/simon").status_code == 200
    server.run("systemctl", "restart", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert "jupyterhub" not in groups(server, "simon")
    assert simon.is_signed_in() is False
    assert client("simon").log_in(password).status_code == 403


def test_where_no_accounts_are_created_the_panel_creates_none(
    wash: HubClient, server: BootedServer
) -> None:
    config = "/etc/teamhub/teamhub.conf"
    server.run("cp", config, "/root/before")
    server.run(
        "sh", "-c", f"sed -i /^CREATE_ACCOUNTS/d {config}; echo CREATE_ACCOUNTS=no >> {config}"
    )
    answer = wash.hub_api("POST", "/users", json={"usernames": ["badger"]})
    server.run("cp", "/root/before", config)
    assert answer.status_code == 400
    assert "'badger' has no account" in answer.json()["message"]
    assert groups(server, "badger") == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["add"],
        ["add", ""],
        ["add", "zoe", "wash"],
        ["add", "Zoe"],
        ["add", "-zoe"],
        ["add", "zoe\n"],
        ["add\n", "zoe"],
        ["add", "z" * 33],
        ["purge", "zoe"],
        ["--help"],
    ],
)
def test_sudo_refuses_the_hub_every_other_command_line(
    server: BootedServer, arguments: list[str]
) -> None:
    refused = server.as_user("rhea", "sudo", "-n", PANEL, *arguments)
    assert refused.returncode != 0
    assert "password is required" in refused.stderr


def test_one_word_that_looks_like_two_gets_through_sudo_but_not_the_helper(
    server: BootedServer,
) -> None:
    refused = server.as_user("rhea", "sudo", "-n", PANEL, "add badger")
    assert refused.returncode == 1
    assert "cannot do 'add badger'" in refused.stderr
    assert groups(server, "badger") == []


@pytest.mark.parametrize("user", ["zoe", "wash"])
def test_sudo_lets_nobody_but_the_hub_call_the_helper(server: BootedServer, user: str) -> None:
    assert server.as_user(user, "sudo", "-n", PANEL, "add", "badger").returncode != 0


def test_the_helper_reads_nothing_of_the_callers_environment(server: BootedServer) -> None:
    server.run("install", "-d", "--owner=rhea", "/var/lib/teamhub/evil")
    server.run("sh", "-c", "echo 'raise SystemExit(77)' > /var/lib/teamhub/evil/sitecustomize.py")
    called = server.as_user(
        "rhea", "env", "-C", "/var/lib/teamhub/evil", "PYTHONPATH=/var/lib/teamhub/evil",
        "sudo", "-n", PANEL, "remove", "badger",
    )  # fmt: skip
    assert called.returncode == 0, called.stderr
