"""A password that has to be changed is changed in the login form, by the server's own rules."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.container import BootedServer
from support.hub_client import HubClient, error_shown

LogIn = Callable[[str], HubClient]
NEW = "Serenity's engine: 1 ö"


@pytest.fixture(scope="module")
def initial(server: BootedServer) -> str:
    """The password that kaylee gets from her admin."""
    printed = server.run("teamhub", "user", "add", "kaylee", "--generate").stdout
    found = re.search(r"initial password (\S+),", printed)
    assert found, printed
    return found[1]


@pytest.fixture(scope="module")
def kaylee(client: LogIn) -> HubClient:
    """Kaylee, at the login page."""
    return client("kaylee")


def test_the_right_password_leads_to_a_page_that_asks_for_a_new_one(
    kaylee: HubClient, initial: str
) -> None:
    page = kaylee.log_in(initial)
    assert page.status_code == 200
    assert "Choose a new password" in page.text
    assert "kaylee" in page.text
    for field in ("password", "new_password", "new_password_again"):
        assert re.search(rf'type="password"[^>]*name="{field}"', page.text)
    assert kaylee.is_signed_in() is False


def test_a_wrong_password_does_not_lead_there(client: LogIn, initial: str) -> None:
    answer = client("kaylee").log_in(initial + "x")
    assert answer.status_code == 403
    assert "Choose a new password" not in answer.text


@pytest.mark.parametrize(
    ("new", "again", "complaint"),
    [
        (NEW, "Serenity's engine 2", "The two new passwords differ."),
        ("", "", "The new password is empty."),
        ("abc", "abc", "You must choose a longer password."),
        ("x" * 501, "x" * 501, "longer than 500 bytes"),
        (f"{NEW}\nroot:x", f"{NEW}\nroot:x", "has a control character"),
    ],
)
def test_a_new_password_that_will_not_do_is_refused_with_the_reason(
    kaylee: HubClient, initial: str, new: str, again: str, complaint: str
) -> None:
    answer = kaylee.change_password(initial, new, again)
    assert answer.status_code == 400
    assert complaint in error_shown(answer)
    assert kaylee.is_signed_in() is False


def test_the_old_password_again_is_refused(kaylee: HubClient, initial: str) -> None:
    answer = kaylee.change_password(initial, initial)
    assert answer.status_code == 400
    assert (
        error_shown(answer) == "Your password was not changed. The password has not been changed."
    )


def test_without_the_right_old_password_nothing_changes(
    kaylee: HubClient, initial: str, server: BootedServer
) -> None:
    before = server.output("getent", "shadow", "kaylee")
    assert kaylee.change_password(initial + "x", NEW).status_code == 403
    assert server.output("getent", "shadow", "kaylee") == before


def test_nobody_else_can_be_changed_that_way(
    client: LogIn, kaylee: HubClient, initial: str, server: BootedServer
) -> None:
    before = server.output("getent", "shadow")
    for name in ("root", "rhea", "zoe", "-S", "#0"):
        stranger = client(name)
        stranger.get("/hub/login")
        assert stranger.change_password(initial, NEW).status_code == 403
    assert kaylee.is_signed_in() is False
    assert server.output("getent", "shadow") == before


def test_a_good_new_password_lets_her_in_and_a_cell_runs(kaylee: HubClient, initial: str) -> None:
    answer = kaylee.change_password(initial, NEW)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/hub/home"
    kaylee.spawn()
    assert kaylee.compute("import getpass; print(getpass.getuser())") == "kaylee\n"
    kaylee.stop()


def test_it_is_the_password_of_her_unix_account_from_now_on(
    client: LogIn, kaylee: HubClient, initial: str
) -> None:
    assert kaylee.is_signed_in()
    assert client("kaylee").log_in(NEW).status_code == 302
    assert client("kaylee").log_in(initial).status_code == 403


def test_no_password_is_in_the_journal(
    server: BootedServer, kaylee: HubClient, initial: str
) -> None:
    assert kaylee.is_signed_in()
    journal = server.run("journalctl", "--no-pager", "--boot").stdout
    assert "kaylee has changed an outdated password" in journal
    for password in (initial, NEW, "Serenity"):
        assert password not in journal


def test_a_password_that_is_too_old_is_changed_in_the_same_way(
    client: LogIn, server: BootedServer, kaylee: HubClient
) -> None:
    assert kaylee.is_signed_in()
    server.run("chage", "--maxdays", "30", "--lastday", "2020-01-01", "kaylee")
    person = client("kaylee")
    assert "Choose a new password" in person.log_in(NEW).text
    assert person.change_password(NEW, "Inara's shuttle 22").status_code == 302
    assert client("kaylee").log_in("Inara's shuttle 22").status_code == 302


def test_an_account_that_has_expired_is_not_let_in_by_a_new_password(
    client: LogIn, server: BootedServer, kaylee: HubClient
) -> None:
    assert kaylee.url
    server.run("chage", "--lastday", "0", "--expiredate", "2020-01-01", "kaylee")
    answer = client("kaylee").log_in("Inara's shuttle 22")
    assert answer.status_code == 403
    assert error_shown(answer).startswith("Not signed in.")


@pytest.mark.parametrize("arguments", [["zoe"], ["--delete"], ["--stdin"], ["-l", "zoe"]])
def test_sudo_lets_the_hub_run_passwd_without_arguments_only(
    server: BootedServer, arguments: list[str]
) -> None:
    refused = server.as_user("rhea", "sudo", "-n", "-u", "zoe", "/usr/bin/passwd", *arguments)
    assert refused.returncode != 0
    assert "password is required" in refused.stderr
