"""The people who get in, and what they find; those who do not, and the message they see."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.container import BootedServer
from support.hub_client import HubClient, error_shown
from support.installation import PASSWORDS
from support.network import NameServer

pytestmark = pytest.mark.every_suite

LogIn = Callable[[str], HubClient]
NOLOGIN = pytest.param(
    "book",
    marks=pytest.mark.fault(
        "a nologin shell",
        person="not signed in; the page names the shell among the reasons",
        admin="nothing: it is what the shell says",
        remedy="usermod --shell /bin/bash NAME",
    ),
)


def test_zoe_logs_in_with_her_unix_password(client: LogIn) -> None:
    zoe = client("zoe")
    answer = zoe.log_in(PASSWORDS["zoe"])
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/hub/home"
    assert "Logout" in zoe.get("/hub/home").text


def test_sixty_wrong_logins_at_once_keep_nobody_out(client: LogIn) -> None:
    """A name is not locked, either: the same person gets in from another place meanwhile."""
    strangers = [client("zoe") for _ in range(60)]
    for stranger in strangers:
        stranger.get("/hub/login").raise_for_status()
    with ThreadPoolExecutor(len(strangers)) as pool:
        answers = [pool.submit(stranger.log_in, "wrong") for stranger in strangers]
        assert client("wash").log_in(PASSWORDS["wash"]).status_code == 302
    statuses = [answer.result().status_code for answer in answers]
    assert set(statuses) == {403, 429}


def test_jupyterlab_starts(zoe: HubClient) -> None:
    page = zoe.get("/user/zoe/lab")
    assert page.status_code == 200
    assert "JupyterLab" in page.text


def test_a_cell_prints_her_uid(zoe: HubClient, server: BootedServer) -> None:
    uid = server.output("id", "--user", "zoe")
    assert zoe.compute("import os; print(os.getuid())") == f"{uid}\n"


def test_the_packages_of_the_profile_import(zoe: HubClient) -> None:
    modules = ("numpy", "scipy", "pandas", "matplotlib", "sklearn", "bokeh", "jupyter_bokeh",
               "ipywidgets")  # fmt: skip
    cell = "\n".join(f"import {module}; print({module}.__name__)" for module in modules)
    assert zoe.compute(cell).split() == [*modules]


def test_numpy_computes(zoe: HubClient) -> None:
    code = "import numpy; print(numpy.linalg.det(numpy.diag([2.0, 3.0, 7.0])).round(6))"
    assert zoe.compute(code) == "42.0\n"


def test_notebooks_are_saved_in_a_folder_that_nobody_had_to_make(
    zoe: HubClient, server: BootedServer
) -> None:
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    saved = zoe.server_api(
        "PUT", "contents/first.ipynb", json={"type": "notebook", "content": notebook}
    )
    assert saved.status_code == 201, saved.text
    assert server.output("stat", "--format=%U", "/home/zoe/notebooks/first.ipynb") == "zoe"
    assert zoe.compute("import os; print(os.getcwd())") == "/home/zoe/notebooks\n"


def test_her_files_get_the_mode_that_a_login_gives(zoe: HubClient, server: BootedServer) -> None:
    given = int(server.output("su", "--login", "zoe", "-c", "umask"), 8)
    assert zoe.compute("import os; print(os.umask(0))") == f"{given}\n"


def test_nothing_on_the_server_asks_the_outside_world(
    zoe: HubClient, server: BootedServer, names: NameServer
) -> None:
    mark = names.mark()
    zoe.get("/user/zoe/lab")
    for endpoint in ("lab/api/news", "lab/api/update", "lab/api/extensions", "api/status"):
        zoe.get(f"/user/zoe/{endpoint}")
    own_names = {server.host.name, server.host.domain_name}
    assert set(names.asked_since(mark)) <= own_names


@pytest.fixture(scope="module")
def outsiders(server: BootedServer) -> dict[str, str]:
    """Accounts that must stay outside, each with a password that is right."""
    passwords = {
        "kaylee": "Serenity's engine 1",  # not in the group
        "river": "two by two 2",  # locked
        "simon": "Ariel hospital 3",  # expired
        "jayne": "",  # no password at all
        "book": "Shepherd 5",  # has a shell that lets nobody in
        "root": "Alliance 4",
    }
    for name in ("kaylee", "river", "simon", "jayne", "book"):
        server.run("adduser", "--disabled-password", "--gecos", "", name)
    for name in ("river", "simon", "jayne", "book"):
        server.run("adduser", name, "jupyterhub")
    lines = "".join(f"{name}:{word}\n" for name, word in passwords.items() if word)
    server.run("chpasswd", given=lines)
    server.run("usermod", "--lock", "river")
    server.run("usermod", "--expiredate", "2020-01-01", "simon")
    server.run("passwd", "--delete", "jayne")
    server.run("usermod", "--shell", "/usr/sbin/nologin", "book")
    return passwords


def assert_refused(person: HubClient, password: str) -> None:
    answer = person.log_in(password)
    assert answer.status_code == 403
    shown = error_shown(answer)
    assert shown.startswith("Not signed in.")
    home = person.session.get(f"{person.url}/hub/home", allow_redirects=False, timeout=30)
    assert home.status_code == 302
    assert "/hub/login" in home.headers["Location"]


def test_a_wrong_password_is_refused(client: LogIn) -> None:
    assert_refused(client("zoe"), "wrong")


def test_an_unknown_name_is_refused(client: LogIn) -> None:
    assert_refused(client("badger"), "wrong")


@pytest.mark.parametrize("name", ["kaylee", "river", "simon", NOLOGIN, "root"])
def test_an_outsider_is_refused_with_the_right_password(
    client: LogIn, outsiders: dict[str, str], name: str
) -> None:
    assert_refused(client(name), outsiders[name])


@pytest.mark.parametrize("password", ["", "anything"])
def test_an_account_without_a_password_is_refused(
    client: LogIn,
    outsiders: dict[str, str],
    password: str,
) -> None:
    assert outsiders["jayne"] == ""
    assert_refused(client("jayne"), password)


@pytest.mark.fault(
    "/etc/nologin is there",
    person="not signed in; who works, works on",
    admin="the file, which the admin made",
    remedy="rm /etc/nologin",
)
def test_while_etc_nologin_is_there_nobody_new_gets_in(
    server: BootedServer, client: LogIn, zoe: HubClient
) -> None:
    server.run("touch", "/etc/nologin")
    try:
        assert_refused(client("wash"), PASSWORDS["wash"])
        assert zoe.compute("print('works')") == "works\n"
    finally:
        server.run("rm", "/etc/nologin")
    assert client("wash").log_in(PASSWORDS["wash"]).status_code == 302


def test_the_hubs_own_account_is_refused(client: LogIn, server: BootedServer) -> None:
    server.run("chpasswd", given="rhea:Vera 6\n")
    server.run("adduser", "rhea", "jupyterhub")
    try:
        assert_refused(client("rhea"), "Vera 6")
    finally:
        server.run("deluser", "rhea", "jupyterhub")


def test_the_refusal_names_what_may_be_wrong(client: LogIn) -> None:
    shown = error_shown(client("zoe").log_in("wrong"))
    for reason in ("name", "password", "list", "locked", "expired", "shell"):
        assert reason in shown


def test_a_refusal_does_not_tell_which_reason_it_was(
    client: LogIn, outsiders: dict[str, str]
) -> None:
    texts = {
        error_shown(client(name).log_in(password))
        for name, password in [("zoe", "wrong"), ("badger", "wrong"), *outsiders.items()]
    }
    assert len(texts) == 1


def test_somebody_put_into_the_group_gets_in_at_once(
    client: LogIn, outsiders: dict[str, str], server: BootedServer
) -> None:
    server.run("adduser", "kaylee", "jupyterhub")
    kaylee = client("kaylee")
    assert kaylee.log_in(outsiders["kaylee"]).status_code == 302
    kaylee.spawn()
    assert kaylee.compute("import getpass; print(getpass.getuser())") == "kaylee\n"
    kaylee.stop()
    server.run("deluser", "kaylee", "jupyterhub")
    assert_refused(client("kaylee"), outsiders["kaylee"])


def test_the_admin_administers_and_zoe_does_not(sign_in: LogIn, zoe: HubClient) -> None:
    wash = sign_in("wash")
    assert wash.hub_api("GET", "/users/wash").json()["admin"] is True
    assert wash.hub_api("GET", "/users").status_code == 200
    assert zoe.hub_api("GET", "/users/zoe").json()["admin"] is False
    assert zoe.hub_api("GET", "/users").status_code == 403


def test_an_admin_cannot_make_root_a_user(
    sign_in: LogIn, server: BootedServer, outsiders: dict[str, str], client: LogIn
) -> None:
    wash = sign_in("wash")
    wash.hub_api("POST", "/users/root")
    wash.hub_api("POST", "/users/root/server")
    assert server.run("pgrep", "-u", "root", "-f", "singleuser", check=False).stdout == ""
    assert_refused(client("root"), outsiders["root"])
