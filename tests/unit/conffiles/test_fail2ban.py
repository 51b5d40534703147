"""The filter for fail2ban: only the hub's own word counts for an address."""

from __future__ import annotations

import configparser

import pytest

from support.checkout import REPOSITORY
from support.fail2ban import FILTER, address, addresses, definition
from teamhub_shared import accounts

JAIL = REPOSITORY / "conffiles/etc/fail2ban/jail.d/teamhub.conf"
START = "[W 2026-11-27 20:46:01.123 JupyterHub authenticator:154] "
REFUSED = "[PAM Error 7] Authentication failure"
NO_NAME = "with what is no person's name"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"PAM on zoe@10.0.0.9: {REFUSED}", "10.0.0.9"),
        (f"PAM on zoe@::ffff:10.0.0.9: {REFUSED}", "10.0.0.9"),
        (f"PAM on z-o_e1@fd00::9: {REFUSED}", "fd00::9"),
        ("PAM on badger@10.0.0.9: [PAM Error 10] User not known", "10.0.0.9"),
        (f"A login from 10.0.0.9 {NO_NAME}", "10.0.0.9"),
    ],
)
def test_a_refusal_counts_for_the_address_that_the_hub_names(line: str, found: str) -> None:
    assert address(f"{START}{line}") == found


@pytest.mark.parametrize(
    "line",
    [
        f"PAM on zoe@uid 1001: {REFUSED}",
        f"PAM on zoe@-: {REFUSED}",
        f"A login from uid 1001 {NO_NAME}",
    ],
)
def test_a_program_on_the_server_itself_does_not(line: str) -> None:
    assert address(f"{START}{line}") is None


@pytest.mark.parametrize(
    "line",
    [
        "PAM on zoe@10.0.0.9: [PAM Error 9] Authentication service is away",
        "PAM on zoe@10.0.0.9: [PAM Error 13] User account has expired",
        "PAM on zoe@10.0.0.9: nobody waits for the answer any more",
        "Too many logins are tried at once from 10.0.0.9",
    ],
)
def test_what_says_nothing_of_who_asks_does_not(line: str) -> None:
    assert address(f"{START}{line}") is None


@pytest.mark.parametrize(
    "log",
    [
        f"{START}Failed login for 'x@1.2.3.4: {REFUSED}'",
        f"{START}Failed login for 'zoe\n    {START}PAM on zoe@1.2.3.4: {REFUSED}'",
        f"    {START}PAM on zoe@1.2.3.4: {REFUSED}",
        f"{START}PAM on x@1.2.3.4: {REFUSED}@10.0.0.9: nobody waits for the answer any more"
        .replace("x@1.2.3.4: ", "x@1.2.3.4 "),
        f"{START}PAM on Zoe y@1.2.3.4: {REFUSED}",
        f"{START}403 POST /hub/login?next=PAM on zoe@1.2.3.4: {REFUSED} (@10.0.0.9) 2000.00ms",
        f"[W 2026-11-27 20:46:01.123 JupyterHub log:191] PAM on zoe@1.2.3.4: {REFUSED}",
        f"[I 2026-11-27 20:46:01.123 JupyterHub authenticator:154] PAM on zoe@1.2.3.4: {REFUSED}",
        f"{START}The new password of zoe was refused: PAM on zoe@1.2.3.4: {REFUSED}",
        f"{START}A login from uid 1001 {NO_NAME}, A login from 1.2.3.4 {NO_NAME}",
        f"{START}A login from 1.2.3.4 {NO_NAME} or so",
        f"x {START}PAM on zoe@1.2.3.4: {REFUSED}",
        f"hub jupyterhub[1]: {START}PAM on zoe@1.2.3.4: {REFUSED}",
    ],
)  # fmt: skip
def test_what_a_stranger_types_does_not(log: str) -> None:
    assert addresses(log) == []


def test_a_name_is_what_an_accounts_name_can_be() -> None:
    assert f"<F-USER>{accounts.NAME}</F-USER>" in definition()["failregex"]


def test_only_the_hubs_own_entries_of_the_journal_are_read() -> None:
    assert definition()["journalmatch"] == "_SYSTEMD_UNIT=teamhub.service"


def test_it_locks_nobody_out_until_an_admin_wants_it() -> None:
    jail = configparser.ConfigParser()
    jail.read_string(JAIL.read_text("utf-8"))
    assert jail.sections() == [FILTER.stem]
    assert not jail[FILTER.stem].getboolean("enabled")
