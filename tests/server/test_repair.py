"""What is lost, or does not run: one line names it, and one command heals it.

One server goes from fault to fault, and serves its login page after each.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, members, wait_for_login_page
from support.settings import (
    APPLY,
    CONF,
    RECONFIGURE,
    apply,
    complaint,
    main_process,
    processes,
    text_of,
    write_settings,
)

LogIn = Callable[[str], HubClient]

CHECK = ("teamhub", "check-config")
SUDOERS = "/etc/sudoers.d/teamhub"
TOKEN = "/etc/teamhub/proxy-token"
COOKIE_SECRET = "/var/lib/teamhub/cookie_secret"
#: What is seen of a lost token.
TOKEN_LOST = {
    "person": "no page for some seconds, while both start again",
    "admin": "`apply`: made anew, and why",
    "remedy": "teamhub apply",
}


def both_run(server: BootedServer) -> bool:
    return "0" not in (main_process(server, "teamhub"), main_process(server, "teamhub-proxy"))


@pytest.mark.fault(
    "the proxy stopped",
    person="no page until it is healed",
    admin="`systemctl status`: stopped",
    remedy="systemctl start teamhub-proxy; the hub follows",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.every_suite
def test_whatever_starts_the_proxy_starts_the_hub(server: BootedServer) -> None:
    server.run("systemctl", "stop", "teamhub-proxy")
    assert main_process(server, "teamhub") == "0"
    server.run("systemctl", "start", "teamhub-proxy")
    wait_for("both", lambda: both_run(server), 20)


@pytest.mark.fault(
    "teamhub.conf away for seconds while the proxy starts",
    person="no page until it is healed",
    admin="both units have failed to start",
    remedy="putting the file back; both start by themselves",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.every_suite
def test_after_a_failed_start_of_the_proxy_the_hub_is_back(server: BootedServer) -> None:
    server.run("mv", CONF, f"{CONF}.away")
    server.run("systemctl", "restart", "teamhub-proxy", check=False)
    server.run("sleep", "3")
    assert not both_run(server)
    server.run("mv", f"{CONF}.away", CONF)
    wait_for("both", lambda: both_run(server), 30)


@pytest.mark.fault(
    "the hub or the proxy stopped, and `apply` typed",
    person="no page until it is healed",
    admin="`apply` names what did not run",
    remedy="teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_apply_says_what_does_not_run_and_starts_it(server: BootedServer) -> None:
    server.run("systemctl", "stop", "teamhub")
    assert "teamhub: starting teamhub.service, which did not run" in apply(server)
    assert both_run(server)
    server.run("systemctl", "stop", "teamhub-proxy")
    assert "teamhub: starting teamhub-proxy.service, which did not run" in apply(server)
    assert both_run(server)


@pytest.mark.usefixtures("serves_afterwards")
def test_the_account_of_an_earlier_version_loses_its_home(server: BootedServer) -> None:
    server.run("systemctl", "stop", "teamhub")
    server.run("usermod", "--home", "/var/lib/teamhub", "rhea")
    server.run("systemctl", "start", "teamhub")
    apply(server)
    assert server.output("getent", "passwd", "rhea").split(":")[5] == "/nonexistent"
    assert both_run(server)


@pytest.mark.fault(
    "the hub masked",
    person="no page until it is healed",
    admin="`apply`: it does not run, since it is masked",
    remedy="systemctl unmask teamhub; teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_a_masked_hub_stays_so_and_can_be_checked(server: BootedServer) -> None:
    server.run("systemctl", "mask", "--now", "teamhub")
    server.run("teamhub", "check-config")
    said = apply(server)
    assert "teamhub.service does not run, since it is masked" in said
    assert not both_run(server)
    server.run("systemctl", "unmask", "teamhub")
    apply(server)


@pytest.mark.fault(
    "the proxy masked",
    person="no page until it is healed",
    admin="`apply`: it does not run, since it is masked",
    remedy="systemctl unmask teamhub-proxy; teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_a_masked_proxy_stays_so_and_apply_says_it(server: BootedServer) -> None:
    server.run("systemctl", "mask", "--now", "teamhub-proxy")
    said = apply(server)
    assert "teamhub-proxy.service does not run, since it is masked" in said
    assert "systemctl unmask teamhub-proxy.service" in said
    assert not both_run(server)
    server.run("systemctl", "unmask", "teamhub-proxy")
    apply(server)


@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param(
            *(("rm",), "it was missing"),
            marks=pytest.mark.fault("proxy-token deleted", **TOKEN_LOST),
            id="deleted",
        ),
        pytest.param(
            *(("truncate", "--size=0"), "it was damaged"),
            marks=pytest.mark.fault("proxy-token empty", **TOKEN_LOST),
            id="empty",
        ),
    ],
)
def test_a_lost_token_is_made_again_and_both_take_it_up(
    server: BootedServer, how: tuple[str, ...], said: str
) -> None:
    server.run(*how, TOKEN)
    before = processes(server)
    assert f"teamhub: made {TOKEN} anew, since {said}" in apply(server).splitlines()
    now = processes(server)
    assert now.proxy != before.proxy
    assert now.hub != before.hub
    assert server.output("stat", "--format=%a %U %s", TOKEN) == "600 root 64"


@pytest.mark.fault(
    "cookie_secret of 4 bytes",
    person="the login page: everyone signs in again",
    admin="`apply`: made anew, since it was damaged",
    remedy="teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_a_short_cookie_secret_is_made_again_and_everyone_signs_in_again(
    server: BootedServer, sign_in: LogIn, installed: Installation
) -> None:
    zoe = sign_in("zoe")
    server.run("tee", COOKIE_SECRET, given="abcd")
    said = apply(server)
    assert f"made {COOKIE_SECRET} anew, since it was damaged: everyone has to sign in" in said
    wait_for_login_page(server, installed.ca)
    assert not zoe.is_signed_in()
    assert sign_in("zoe").is_signed_in()


@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.parametrize(
    ("owner", "said"),
    [("root", f"gave {COOKIE_SECRET} back to rhea"), ("zoe", "in /var/lib/teamhub to rhea")],
)
def test_a_cookie_secret_of_another_owner_is_given_back(
    server: BootedServer, sign_in: LogIn, installed: Installation, owner: str, said: str
) -> None:
    zoe = sign_in("zoe")
    server.run("chown", f"{owner}:", COOKIE_SECRET)
    assert said in apply(server)
    wait_for_login_page(server, installed.ca)
    assert server.output("stat", "--format=%a %U", COOKIE_SECRET) == "600 rhea"
    assert zoe.is_signed_in()


@pytest.mark.fault(
    "the sudoers file deleted",
    person="no new server starts",
    admin="`check-config`: it is missing",
    remedy="teamhub apply",
)
def test_a_deleted_sudoers_file_is_put_back(server: BootedServer) -> None:
    before = text_of(server, SUDOERS)
    server.run("rm", SUDOERS)
    assert f"{SUDOERS} is missing" in complaint(server.run(*CHECK, check=False))
    assert f"teamhub: put {SUDOERS} back, which is missing" in apply(server).splitlines()
    assert text_of(server, SUDOERS) == before


@pytest.mark.fault(
    "the account rhea deleted, and its number taken by another",
    person="no page until it is healed",
    admin="`check-config`: the account is missing",
    remedy="teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.every_suite
def test_a_deleted_service_account_is_made_again_with_what_it_had(
    server: BootedServer, sign_in: LogIn
) -> None:
    zoe = sign_in("zoe")
    database = "/var/lib/teamhub/jupyterhub.sqlite"
    server.run("systemctl", "stop", "teamhub")
    server.run("userdel", "rhea")
    # another takes its number meanwhile
    server.run(
        "useradd", "--system", "--uid", server.output("stat", "--format=%u", database), "mal"
    )
    assert "the account rhea, which runs the hub, is missing" in complaint(
        server.run(*CHECK, check=False)
    )
    said = apply(server)
    assert "teamhub: made the account rhea again, which was missing" in said.splitlines()
    owners = server.output("find", "/var/lib/teamhub", "-printf", "%u\n").split()
    assert set(owners) == {"rhea"}
    assert "rhea" in members(server, "shadow")
    wait_for("the hub", lambda: zoe.is_signed_in(), 30)
    server.run("userdel", "mal")


@pytest.mark.fault(
    "the groups jupyterhub and jupyterhub-admin deleted",
    person="nobody new gets in",
    admin="`user list`: the group is missing; `apply` names who was in it",
    remedy="teamhub apply; teamhub user add, as it says",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_deleted_groups_are_made_again_and_who_was_in_them_is_named(
    server: BootedServer, sign_in: LogIn
) -> None:
    server.run("groupdel", "jupyterhub")
    assert "the group jupyterhub is missing" in complaint(
        server.run("teamhub", "user", "list", check=False)
    )
    said = apply(server)
    assert "made the group jupyterhub again" in said
    assert "teamhub user add wash zoe" in said or "teamhub user add zoe wash" in said
    assert members(server, "jupyterhub") == set()
    server.run("groupdel", "jupyterhub-admin")
    assert "teamhub user add --admin wash" in apply(server)
    server.run("teamhub", "user", "add", "zoe")
    server.run("teamhub", "user", "add", "--admin", "wash")
    assert sign_in("zoe").is_signed_in()


@pytest.mark.fault(
    "killed inside ucf: it knows teamhub.conf no more",
    person="nothing: people work on",
    admin="nothing",
    remedy="teamhub apply",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_ucf_knows_the_settings_again_after_it_was_killed(server: BootedServer) -> None:
    server.run("ucf", "--purge", CONF)
    server.run("ucfr", "--purge", "teamhub", CONF)
    text = text_of(server, CONF)
    apply(server)
    assert text_of(server, CONF) == text
    for register in ("hashfile", "registry"):
        assert CONF in text_of(server, f"/var/lib/ucf/{register}")


@pytest.mark.fault(
    "teamhub.conf empty, then deleted",
    person="nothing: people work on",
    admin="`apply`: it is missing or empty, and nothing was changed",
    remedy="dpkg-reconfigure --frontend=noninteractive teamhub",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_lost_settings_are_not_replaced_by_defaults_and_the_answers_come_back(
    server: BootedServer,
) -> None:
    write_settings(server, IDLE_HOURS="12")
    server.run(*RECONFIGURE)
    before, running = text_of(server, CONF), processes(server)
    for lose in (("truncate", "--size=0"), ("rm",)):
        server.run(*lose, CONF)
        words = complaint(server.run(*APPLY, check=False))
        assert f"{CONF} is missing or empty" in words
        assert " ".join(RECONFIGURE) in words
    assert processes(server) == running
    server.run(*RECONFIGURE)
    assert text_of(server, CONF) == before
