"""The login form of a real hub, and the form for a password that has to be changed first."""

from __future__ import annotations

import re

import pytest

from support.hub_app import HubApp
from support.hub_client import HubClient, error_shown
from support.hub_surroundings import PASSWORD, PERSON, Groups, Pam, Sudo
from teamhub_hub.login import LONGEST, new_password_fault

OLD, NEW = "Badger 2", "Two by two 3 ö"
OUTDATED = 12


@pytest.fixture
def visitor(hub: HubApp, groups: Groups, pam: Pam) -> HubClient:
    """PERSON before a login; the password OLD is right, and outdated."""
    assert groups
    pam.passwords[(PERSON, OLD)] = OUTDATED
    return hub.client(PERSON)


@pytest.fixture
def at_the_form(visitor: HubClient) -> HubClient:
    """PERSON, asked for a new password."""
    assert "Choose a new password" in visitor.log_in(OLD).text
    return visitor


@pytest.mark.parametrize(
    ("new", "again", "fault"),
    [
        (NEW, NEW, ""),
        ("x" * LONGEST, "x" * LONGEST, ""),
        (" spaces count ", " spaces count ", ""),
        (NEW, NEW + " ", "differ"),
        ("", "", "empty"),
        ("", NEW, "differ"),
        ("a\nb", "a\nb", "has a control character"),
        ("a\tb", "a\tb", "has a control character"),
        ("a\0b", "a\0b", "has a control character"),
        ("x" * (LONGEST + 1), "x" * (LONGEST + 1), f"longer than {LONGEST} bytes"),
        ("ö" * (LONGEST // 2 + 1), "ö" * (LONGEST // 2 + 1), f"longer than {LONGEST} bytes"),
    ],
)
def test_what_a_new_password_may_be(new: str, again: str, fault: str) -> None:
    found = new_password_fault(new, again)
    assert fault in found
    assert bool(found) == bool(fault)


class TestLoginForm:
    """The name and the password."""

    def test_a_right_password_leads_on(self, visitor: HubClient) -> None:
        answer = visitor.log_in(PASSWORD)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/hub/home")
        assert visitor.is_signed_in()

    def test_a_wrong_one_is_refused_in_words_that_are_true_of_every_refusal(
        self, visitor: HubClient
    ) -> None:
        answer = visitor.log_in("wrong")
        assert answer.status_code == 403
        assert error_shown(answer).startswith("Not signed in. Either the name or the password")
        assert not visitor.is_signed_in()

    def test_a_form_of_another_site_is_refused(self, visitor: HubClient, pam: Pam) -> None:
        sent = visitor.session.post(
            f"{visitor.url}/hub/login", data={"username": PERSON, "password": PASSWORD}
        )
        assert sent.status_code == 403
        assert pam.asked == []


class TestChangeForm:
    """What follows a right password that is outdated."""

    def test_it_asks_for_the_old_and_twice_for_the_new_one(self, visitor: HubClient) -> None:
        page = visitor.log_in(OLD)
        assert page.status_code == 200
        for field in ("password", "new_password", "new_password_again"):
            assert re.search(rf'type="password"[^>]*name="{field}"', page.text)
        assert f'name="username" value="{PERSON}"' in page.text
        assert 'action="/hub/login?next=%2Fhub%2Fhome"' in page.text
        assert OLD not in page.text
        assert not visitor.is_signed_in()

    def test_the_new_one_is_set_by_passwd_as_that_person_and_leads_on(
        self, at_the_form: HubClient, pam: Pam, sudo: Sudo
    ) -> None:
        pam.passwords[(PERSON, NEW)] = 0
        answer = at_the_form.change_password(OLD, NEW)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/hub/home")
        assert sudo.calls() == [f"-n -u {PERSON} /usr/bin/passwd"]
        assert sudo.given() == f"{OLD}\n{NEW}\n{NEW}\n"
        assert at_the_form.is_signed_in()

    def test_passwds_own_reason_is_shown(self, at_the_form: HubClient, sudo: Sudo) -> None:
        sudo.ends(
            10,
            "Changing password for bin.\nCurrent password: New password: Retype new password: "
            "You must choose a longer password.\npasswd: Authentication token manipulation error\n"
            "passwd: password unchanged\n",
        )
        answer = at_the_form.change_password(OLD, "short")
        assert answer.status_code == 400
        assert error_shown(answer) == (
            "Your password was not changed. You must choose a longer password."
        )
        assert not at_the_form.is_signed_in()

    @pytest.mark.parametrize(
        ("new", "again"), [(NEW, "other"), ("", ""), (f"{NEW}\nroot", f"{NEW}\nroot")]
    )
    def test_one_that_will_not_do_reaches_no_program(
        self, at_the_form: HubClient, sudo: Sudo, new: str, again: str
    ) -> None:
        answer = at_the_form.change_password(OLD, new, again)
        assert answer.status_code == 400
        assert new_password_fault(new, again) in error_shown(answer)
        assert sudo.calls() == []

    def test_without_the_right_old_one_nothing_is_changed(
        self, at_the_form: HubClient, sudo: Sudo
    ) -> None:
        answer = at_the_form.change_password("wrong", NEW)
        assert answer.status_code == 403
        assert "Choose a new password" not in answer.text
        assert sudo.calls() == []

    def test_a_right_one_that_is_not_outdated_is_not_changed(
        self, at_the_form: HubClient, sudo: Sudo
    ) -> None:
        assert at_the_form.change_password(PASSWORD, NEW).status_code == 302
        assert sudo.calls() == []

    def test_where_the_account_is_locked_meanwhile_nobody_gets_in(
        self, at_the_form: HubClient, pam: Pam, sudo: Sudo
    ) -> None:
        assert sudo
        pam.passwords[(PERSON, NEW)] = 7
        assert at_the_form.change_password(OLD, NEW).status_code == 403
        assert not at_the_form.is_signed_in()
