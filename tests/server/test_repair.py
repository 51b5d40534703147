"""What is lost or damaged on a server that runs: one line names it, and one command heals it.

One server goes from fault to fault, and serves its login page after each.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, members, wait_for_login_page
from support.settings import APPLY, complaint, main_process, processes

LogIn = Callable[[str], HubClient]

CHECK = ("teamhub", "check-config")
REPAIR = ("teamhub", "repair", "conffiles")
SETUP_CHECK = ("teamhub", "setup", "check", "--users=zoe wash", "--admins=wash")
CONFIG = "/etc/teamhub/jupyterhub_config.py"
SUDOERS = "/etc/sudoers.d/teamhub"
JSON = "/etc/teamhub/jupyter/jupyter_server_config.json"
PAM = "/etc/pam.d/teamhub"
TOKEN = "/etc/teamhub/proxy-token"
COOKIE_SECRET = "/var/lib/teamhub/cookie_secret"
TLS = "/etc/teamhub/tls"

EMPTY = "is empty"
NULS = "holds nothing but NUL bytes"
#: What is done to a file (sh; $1 is its name), and what is said of it.
DAMAGE = {
    CONFIG: (': >"$1"', EMPTY),
    PAM: ('dd if=/dev/zero of="$1" bs=300 count=1 status=none', NULS),
    SUDOERS: ('echo "rhea ALL = (" >"$1"', "is not for sudo: "),
    JSON: ('truncate --size=40 "$1"', "is not JSON: "),
    "/etc/teamhub/environment.yml": (': >"$1"', EMPTY),
}
#: What is seen of a lost token.
TOKEN_LOST = {
    "person": "no page for some seconds, while both start again",
    "admin": "`apply`: made anew, and why",
    "remedy": "teamhub apply",
}


@pytest.fixture
def serves_afterwards(server: BootedServer, installed: Installation) -> Iterator[None]:
    """The server serves its login page after the test, and the old certificate verifies it."""
    yield
    wait_for_login_page(server, installed.ca)


def text_of(server: BootedServer, path: str) -> str:
    return server.run("cat", path).stdout


def apply(server: BootedServer) -> str:
    """What `teamhub apply` says; it succeeds."""
    return server.run(*APPLY).stderr


def both_run(server: BootedServer) -> bool:
    return "0" not in (main_process(server, "teamhub"), main_process(server, "teamhub-proxy"))


@pytest.fixture
def torn(server: BootedServer) -> Iterator[dict[str, str]]:
    """The texts of the conffiles that are damaged now."""
    before = {path: text_of(server, path) for path in DAMAGE}
    for path, (how, _) in DAMAGE.items():
        server.run("sh", "-c", how, "sh", path)
    yield before
    server.run("sh", "-c", "rm -f /etc/teamhub/*.damaged* /etc/*/teamhub*.damaged* "
               "/etc/teamhub/jupyter/*.damaged*")  # fmt: skip


@pytest.mark.fault(
    "conffiles empty, torn, of NUL bytes or no JSON",
    person="nothing: people work on",
    admin="`check-config` and `apply` name each, with what is wrong",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_torn_conffiles_are_each_named_and_put_back(
    server: BootedServer, torn: dict[str, str]
) -> None:
    before = processes(server)
    for command in (CHECK, APPLY, SETUP_CHECK):
        words = complaint(server.run(*command, check=False))
        for path, (_, said) in DAMAGE.items():
            assert f"{path} {said}" in words
        assert "teamhub repair conffiles" in words
    assert processes(server) == before
    server.run(*REPAIR)
    assert {path: text_of(server, path) for path in DAMAGE} == torn
    assert server.output("stat", "--format=%a %U:%G", SUDOERS) == "440 root:root"
    assert server.output("cat", f"{SUDOERS}.damaged") == "rhea ALL = ("
    assert "in order" in server.output(*REPAIR)
    apply(server)


@pytest.mark.fault(
    "every conffile empty, as a power cut leaves them",
    person="nothing: people work on; a hub that starts then does not serve",
    admin="`check-config` names each: it is empty",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_every_conffile_that_is_empty_is_named_and_put_back(server: BootedServer) -> None:
    fields = server.run("dpkg-query", "--show", "--showformat=${Conffiles}", "teamhub").stdout
    paths = [line.split()[0] for line in fields.splitlines() if line and "obsolete" not in line]
    assert {CONFIG, PAM, SUDOERS, JSON} <= set(paths)
    before = {path: text_of(server, path) for path in paths}
    server.run("truncate", "--size=0", *paths)
    words = complaint(server.run(*CHECK, check=False))
    assert [path for path in paths if before[path] and f"{path} {EMPTY}" not in words] == []
    server.run(*REPAIR)
    assert {path: text_of(server, path) for path in paths} == before
    server.run("find", "/etc", "-name", "*.damaged", "-delete")
    apply(server)


def test_what_an_admin_has_edited_is_not_touched(server: BootedServer) -> None:
    before = text_of(server, JSON)
    server.run("tee", JSON, given='{"ServerApp": {"port_retries": 0}}\n')
    server.run(*CHECK)
    assert "in order" in server.output(*REPAIR)
    assert "port_retries" in text_of(server, JSON)
    server.run("tee", JSON, given=before)


@pytest.mark.fault(
    "a conffile empty, and dpkg takes it for the package's",
    person="nothing: people work on",
    admin="`check-config` names it",
    remedy="teamhub repair conffiles",
)
def test_an_empty_file_that_dpkg_takes_for_the_package_s_is_found(server: BootedServer) -> None:
    # as after a power cut between unpacking and the first configuration
    status = "/var/lib/dpkg/status"
    server.run("cp", "-p", status, "/root/status")
    server.run("sed", "-Ei", rf"s|^( {PAM}) [0-9a-f]{{32}}|\1 d41d8cd98f00b204e9800998ecf8427e|",
               status)  # fmt: skip
    before = text_of(server, PAM)
    server.run("truncate", "--size=0", PAM)
    assert "Conffiles" in server.output("dpkg-query", "--status", "teamhub")
    assert f"{PAM} {EMPTY}" in complaint(server.run(*CHECK, check=False))
    server.run(*REPAIR)
    assert text_of(server, PAM) == before
    server.run("mv", "/root/status", status)
    server.run("rm", f"{PAM}.damaged")


@pytest.mark.fault(
    "jupyterhub_config.py empty at a start of the hub",
    person="no page until it is healed",
    admin="the journal: it is missing or empty; nothing listens",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.every_suite
def test_no_hub_starts_without_its_configuration(server: BootedServer) -> None:
    text = text_of(server, CONFIG)
    server.run("truncate", "--size=0", CONFIG)
    server.run("systemctl", "restart", "teamhub", check=False)
    wait_for(
        "the reason in the journal",
        lambda: f"teamhub: {CONFIG} is missing or empty" in server.journal("teamhub"),
        20,
    )
    assert server.output("ss", "-Hltn", "sport = :8000") == ""
    assert server.output("ss", "-Hltn", "sport = :808") == ""
    server.run(*REPAIR)
    assert text_of(server, CONFIG) == text
    server.run("rm", f"{CONFIG}.damaged")


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
    conf = "/etc/teamhub/teamhub.conf"
    server.run("mv", conf, f"{conf}.away")
    server.run("systemctl", "restart", "teamhub-proxy", check=False)
    server.run("sleep", "3")
    assert not both_run(server)
    server.run("mv", f"{conf}.away", conf)
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
    conf = "/etc/teamhub/teamhub.conf"
    server.run("ucf", "--purge", conf)
    server.run("ucfr", "--purge", "teamhub", conf)
    text = text_of(server, conf)
    apply(server)
    assert text_of(server, conf) == text
    for register in ("hashfile", "registry"):
        assert conf in text_of(server, f"/var/lib/ucf/{register}")


@pytest.mark.fault(
    "ca.crt deleted",
    person="nothing: people work on",
    admin="`tls ca`: No such file",
    remedy="teamhub apply, or the daily timer; it is the same again",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.parametrize(
    "command",
    [APPLY, ("systemctl", "start", "teamhub-certificates.service")],
    ids=["apply", "timer"],
)
def test_a_lost_certificate_of_the_authority_is_the_same_again(
    server: BootedServer, command: tuple[str, ...]
) -> None:
    before = text_of(server, f"{TLS}/ca.crt")
    server.run("rm", f"{TLS}/ca.crt")
    assert f"{TLS}/ca.crt: No such file" in complaint(
        server.run("teamhub", "tls", "ca", check=False)
    )
    server.run(*command)
    assert text_of(server, f"{TLS}/ca.crt") == before


@pytest.mark.fault(
    "ca.crt and the server's certificate deleted",
    person="no page for some seconds",
    admin="`apply`: made again from its key",
    remedy="teamhub apply; imports stay valid",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_one_made_again_from_the_key_leaves_imports_valid(server: BootedServer) -> None:
    server.run("sh", "-c", f"cp -p {TLS}/ca.crt /root/; rm {TLS}/ca.crt {TLS}/server.*")
    server.run("systemctl", "stop", "teamhub-proxy")
    assert "made again from its key" in apply(server)
    other = server.run("cmp", f"{TLS}/ca.crt", "/root/ca.crt", check=False)
    assert other.returncode == 1


@pytest.mark.fault(
    "ca.key lost",
    person="nothing: people work on",
    admin="`apply` warns that it is missing",
    remedy="putting it back, or a new authority as the warning says",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_without_the_authority_s_key_what_there_is_goes_on_serving(server: BootedServer) -> None:
    server.run("mv", f"{TLS}/ca.key", "/root/")
    certificate = text_of(server, f"{TLS}/ca.crt")
    said = apply(server)
    assert f"warning: {TLS}/ca.key is missing" in said
    assert f"which everyone has to import: rm {TLS}/ca.crt" in said
    assert text_of(server, f"{TLS}/ca.crt") == certificate
    server.run("mv", "/root/ca.key", TLS)
    assert "ca.key" not in apply(server)


@pytest.mark.fault(
    "a damaged PEM",
    person="nothing: people work on",
    admin="`apply`: server.crt is damaged or empty",
    remedy="what the message says",
)
def test_a_damaged_certificate_is_named_in_plain_words(server: BootedServer) -> None:
    text = text_of(server, f"{TLS}/server.crt")
    server.run("tee", f"{TLS}/server.crt", given="-----BEGIN CERTIFICATE-----\nAAAA\n")
    failed: subprocess.CompletedProcess[str] = server.run(*APPLY, check=False)
    assert "server.crt is damaged or empty" in complaint(failed)
    assert "OpenSSL" not in failed.stderr
    server.run("tee", f"{TLS}/server.crt", given=text)


@pytest.mark.fault(
    "tls/ deleted",
    person="has to import the new authority",
    admin="`apply`: a new authority, which people have to import",
    remedy="teamhub apply",
)
def test_all_certificates_deleted_are_made_again_and_the_price_is_named(
    server: BootedServer,
) -> None:
    server.run("rm", "-r", TLS)
    said = apply(server)
    assert f"made missing folders again: {TLS}" in said
    assert "a new certificate authority; people have to import it" in said
    ca = server.log.parent / "new-ca.crt"
    ca.write_text(server.run("teamhub", "tls", "ca").stdout)
    wait_for_login_page(server, ca)
