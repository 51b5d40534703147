"""Which people get in and stay in, asked of a real hub: PAM, sudo and the groups have stand-ins."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest
from jupyterhub import orm

from support.hub_app import HubApp
from support.hub_client import HubClient
from support.hub_surroundings import GROUP, NO_GROUP, PASSWORD, PERSON, Groups, Pam, Sudo
from teamhub_hub import attempts
from teamhub_hub.authenticator import TeamAuthenticator, Verdict

PANEL = "-n /usr/lib/teamhub/panel"
#: Another account of every Debian system; it is not in GROUP.
OTHER = "daemon"


@pytest.fixture
def authenticator(hub: HubApp) -> TeamAuthenticator:
    assert isinstance(hub.app.authenticator, TeamAuthenticator)
    return hub.app.authenticator


def answer_for(authenticator: TeamAuthenticator, **data: str) -> dict[str, object] | None:
    return asyncio.run(authenticator.authenticate(None, data))


class TestPam:
    """PAM is asked in two stages: the password, then the account."""

    @pytest.mark.parametrize(
        ("password", "account", "verdict"),
        [
            (0, 0, Verdict.WELCOME),
            (7, 0, Verdict.REFUSED),  # PAM_AUTH_ERR
            (10, 0, Verdict.REFUSED),  # PAM_USER_UNKNOWN
            (9, 0, Verdict.REFUSED),  # PAM_AUTHINFO_UNAVAIL: the hub may not read /etc/shadow
            (0, 13, Verdict.REFUSED),  # PAM_ACCT_EXPIRED
            (0, 6, Verdict.REFUSED),  # PAM_PERM_DENIED
            (0, 12, Verdict.OUTDATED),  # PAM_NEW_AUTHTOK_REQD
            (7, 12, Verdict.REFUSED),
        ],
    )
    def test_both_have_to_agree(
        self,
        authenticator: TeamAuthenticator,
        pam: Pam,
        password: int,
        account: int,
        verdict: Verdict,
    ) -> None:
        pam.passwords[(PERSON, PASSWORD)] = password
        pam.accounts[PERSON] = account
        found, words = authenticator.pam_verdict(PERSON, PASSWORD)
        assert found is verdict
        assert words.startswith("[PAM Error ") is (verdict is not Verdict.WELCOME)

    @pytest.mark.parametrize("name", ["", "Zoe", "zoe ALL=(ALL)", "../zoe", "zoe\n", "#0"])
    def test_it_is_not_asked_of_what_is_no_name(
        self, authenticator: TeamAuthenticator, pam: Pam, name: str
    ) -> None:
        assert answer_for(authenticator, username=name, password=PASSWORD) is None
        assert pam.asked == []

    def test_a_pattern_of_the_admins_may_narrow_the_names_and_not_widen_them(
        self, authenticator: TeamAuthenticator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(authenticator, "username_regex", None)
        monkeypatch.setattr(authenticator, "username_pattern", "x-.*|Zoe")
        assert [authenticator.validate_username(name) for name in ("x-ray", "zoe", "Zoe")] == [
            True,
            False,
            False,
        ]

    @pytest.mark.parametrize(("admins", "admin"), [(NO_GROUP, False), (GROUP, True)])
    def test_anyone_it_lets_in_is_an_admin_by_the_group(
        self, authenticator: TeamAuthenticator, pam: Pam, groups: Groups, admins: str, admin: bool
    ) -> None:
        assert pam
        groups.are(admins=admins)
        answer = answer_for(authenticator, username=PERSON, password=PASSWORD)
        assert answer == {"name": PERSON, "admin": admin}

    @pytest.mark.parametrize("name", [PERSON, OTHER, "no-such-account", "No Name"])
    def test_the_time_of_a_refusal_does_not_tell_which_names_there_are(
        self,
        authenticator: TeamAuthenticator,
        pam: Pam,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        assert pam
        monkeypatch.setattr(attempts, "REFUSAL_SECONDS", 0.3)
        began = time.monotonic()
        assert answer_for(authenticator, username=name, password="wrong") is None
        assert time.monotonic() - began >= 0.3

    def test_nobody_who_has_left_keeps_the_others_waiting(
        self, authenticator: TeamAuthenticator, pam: Pam, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts, "is_gone", lambda _: True)
        handler = SimpleNamespace(request=None)
        verdict, _ = authenticator.pam_verdict(PERSON, PASSWORD, handler)  # type: ignore[arg-type]
        assert verdict is Verdict.REFUSED
        assert pam.asked == []


class TestLogin:
    """A right password is not enough."""

    def test_somebody_on_the_list_gets_in(self, person: HubClient) -> None:
        assert person.is_signed_in()

    def test_somebody_who_is_not_does_not(self, hub: HubApp, groups: Groups, pam: Pam) -> None:
        assert groups
        pam.passwords[(OTHER, PASSWORD)] = 0
        other = hub.client(OTHER)
        assert other.log_in(PASSWORD).status_code == 403
        assert not other.is_signed_in()

    @pytest.mark.parametrize("name", ["root", "rhea"])
    def test_neither_root_nor_the_hubs_own_account_does(
        self, hub: HubApp, groups: Groups, pam: Pam, name: str
    ) -> None:
        assert groups
        pam.passwords[(name, PASSWORD)] = 0
        assert hub.client(name).log_in(PASSWORD).status_code == 403


class TestRefresh:
    """The groups are asked at each request."""

    def test_anyone_who_leaves_the_list_is_out_at_once(
        self, person: HubClient, groups: Groups
    ) -> None:
        groups.are(users=NO_GROUP)
        assert not person.is_signed_in()

    def test_so_are_their_tokens(self, person: HubClient, groups: Groups) -> None:
        token = person.new_token()
        assert person.status_with_token(token) == 200
        groups.are(users=NO_GROUP)
        assert person.status_with_token(token) == 403
        groups.are()
        assert person.status_with_token(token) == 200

    def test_an_admin_comes_and_goes_with_the_group(
        self, person: HubClient, groups: Groups
    ) -> None:
        assert person.get("/hub/admin").status_code == 403
        groups.are(admins=GROUP)
        assert person.get("/hub/admin").status_code == 200
        groups.are()
        assert person.get("/hub/admin").status_code == 403

    def test_the_databases_own_mark_grants_nothing(
        self, person: HubClient, admin: HubClient, groups: Groups
    ) -> None:
        answer = admin.hub_api("PATCH", f"/users/{PERSON}", json={"admin": True})
        assert answer.json()["admin"] is True
        groups.are()
        assert person.get("/hub/admin").status_code == 403
        assert person.hub_api("GET", "/user").json()["admin"] is False

    def test_jupyterhub_may_ask_without_a_request(
        self, authenticator: TeamAuthenticator, hub: HubApp, person: HubClient, groups: Groups
    ) -> None:
        assert person
        user = hub.app.users[PERSON]
        assert asyncio.run(authenticator.refresh_user(user)) is True
        groups.are(users=NO_GROUP)
        assert asyncio.run(authenticator.refresh_user(user)) is False


class TestPanel:
    """The admin panel's buttons go through root's helper, which keeps the list."""

    def test_adding_somebody_puts_them_on_the_list(self, admin: HubClient, sudo: Sudo) -> None:
        assert admin.hub_api("POST", f"/users/{OTHER}").status_code == 201
        assert sudo.calls() == [f"{PANEL} add {OTHER}"]
        assert admin.hub_api("DELETE", f"/users/{OTHER}").status_code == 204

    def test_a_refusal_is_handed_on_with_its_reason(self, admin: HubClient, sudo: Sudo) -> None:
        sudo.ends(1, "daemon is a system account\n")
        answer = admin.hub_api("POST", "/users", json={"usernames": [OTHER]})
        assert answer.status_code == 400
        assert "daemon is a system account" in answer.text
        assert admin.hub_api("GET", f"/users/{OTHER}").status_code == 404

    def test_somebody_who_is_on_it_needs_no_helper(
        self, authenticator: TeamAuthenticator, hub: HubApp, person: HubClient, sudo: Sudo
    ) -> None:
        assert person
        asyncio.run(authenticator.add_user(hub.app.users[PERSON]))
        assert sudo.calls() == []

    @pytest.mark.parametrize("name", ["Zoe%20ALL", "x%2e%2e", "zoe%0a"])
    def test_what_is_no_name_reaches_no_helper(
        self, admin: HubClient, sudo: Sudo, name: str
    ) -> None:
        assert admin.hub_api("POST", f"/users/{name}").status_code == 400
        assert sudo.calls() == []

    def test_the_panels_tick_for_admins_is_taken_back(self, admin: HubClient, sudo: Sudo) -> None:
        added = admin.hub_api("POST", "/users", json={"usernames": [OTHER], "admin": True})
        assert added.status_code == 201
        assert sudo.calls() == [f"{PANEL} add {OTHER}"]
        shown = admin.hub_api("GET", f"/users/{OTHER}").json()
        assert (shown["admin"], shown["roles"]) == (False, ["user"])
        assert admin.hub_api("DELETE", f"/users/{OTHER}").status_code == 204

    def test_users_of_the_database_stay_as_they_are_when_the_hub_starts(
        self, authenticator: TeamAuthenticator, groups: Groups, sudo: Sudo
    ) -> None:
        groups.are(users=NO_GROUP)
        asyncio.run(authenticator.add_user(orm.User(name=OTHER)))
        assert sudo.calls() == []

    def test_deleting_somebody_takes_them_off_the_list(self, admin: HubClient, sudo: Sudo) -> None:
        admin.hub_api("POST", f"/users/{OTHER}").raise_for_status()
        assert admin.hub_api("DELETE", f"/users/{OTHER}").status_code == 204
        assert sudo.calls()[1:] == [f"{PANEL} remove {OTHER}"]
        assert admin.hub_api("GET", f"/users/{OTHER}").status_code == 404

    def test_somebody_who_cannot_be_taken_off_stays(self, admin: HubClient, sudo: Sudo) -> None:
        admin.hub_api("POST", f"/users/{OTHER}").raise_for_status()
        sudo.ends(1, "the directory does not answer\n")
        answer = admin.hub_api("DELETE", f"/users/{OTHER}")
        assert answer.status_code == 500
        assert "the directory does not answer" in answer.text
        assert admin.hub_api("GET", f"/users/{OTHER}").status_code == 200
        sudo.ends(0)
        assert admin.hub_api("DELETE", f"/users/{OTHER}").status_code == 204
