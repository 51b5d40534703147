"""`apt install ./teamhub.deb`, given two users and an admin, does the whole recipe by itself."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable

import pytest
import requests

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import APT, PRESEED, Installation, Target, members, wait_for_login_page
from teamhub_shared import CHANNEL_DIR, LOCK_NAME

pytestmark = pytest.mark.every_suite

UNITS = ("teamhub", "teamhub-proxy")
SHIPPED_LOCK = str(CHANNEL_DIR / LOCK_NAME)


def mode(server: BootedServer, path: str) -> str:
    return server.output("stat", "--format=%U:%G %a", path)


def test_installing_looks_up_no_name_in_the_world(
    installed: Installation, server: BootedServer
) -> None:
    domain = server.host.domain_name
    # whether DNS has a record for all names below the server's own (SUBDOMAIN_HOST)
    own_names = {server.host.name, domain, f"teamhub-looks.{domain}"}
    assert set(installed.names_asked) <= own_names


def test_installing_prints_no_traceback_and_no_failure(installed: Installation) -> None:
    suspicious = re.compile(r"traceback|\berror\b|failed|cannot", re.IGNORECASE)
    assert [line for line in installed.output.splitlines() if suspicious.search(line)] == []


def test_installing_says_which_accounts_need_a_password(installed: Installation) -> None:
    for person in ("zoe", "wash"):
        assert re.search(rf"{person}.*\bpasswd {person}\b", installed.output)


def test_rhea_is_a_system_account_that_nobody_can_log_in_to(server: BootedServer) -> None:
    name, _, uid, gid, _, home, shell = server.output("getent", "passwd", "rhea").split(":")
    assert name == "rhea"
    assert 0 < int(uid) < 1000
    assert int(gid) != 0
    assert shell.endswith("nologin")
    # what cron and sshd would read
    assert home == "/nonexistent"
    assert server.output("passwd", "--status", "rhea").split()[1] == "L"


def test_packages_code_has_an_account_that_nobody_can_log_in_to(server: BootedServer) -> None:
    name, _, uid, gid, _, _, shell = server.output("getent", "passwd", "teamhub-build").split(":")
    assert name == "teamhub-build"
    assert 0 < int(uid) < 1000
    assert shell.endswith("/nologin")
    assert server.output("id", "--groups", "teamhub-build") == gid
    assert server.output("passwd", "--status", "teamhub-build").split()[1] == "L"


def test_rhea_may_check_passwords(server: BootedServer) -> None:
    assert "shadow" in server.output("id", "--name", "--groups", "rhea").split()
    assert mode(server, "/etc/shadow") == "root:shadow 640"


def test_the_groups_hold_who_was_named(server: BootedServer) -> None:
    assert members(server, "jupyterhub") == {"zoe", "wash"}
    assert members(server, "jupyterhub-admin") == {"wash"}


@pytest.mark.parametrize("person", ["zoe", "wash"])
def test_accounts_that_did_not_exist_are_there_with_a_home(
    server: BootedServer, person: str
) -> None:
    _, _, uid, _, _, home, shell = server.output("getent", "passwd", person).split(":")
    assert int(uid) >= 1000
    assert home == f"/home/{person}"
    assert shell == "/bin/bash"
    assert server.output("stat", "--format=%U", home) == person


def test_sudoers_is_valid_and_strict(server: BootedServer) -> None:
    server.run("visudo", "--check", "--strict")
    assert mode(server, "/etc/sudoers.d/teamhub") == "root:root 440"


def test_pam_lets_no_account_without_a_password_in(server: BootedServer) -> None:
    rules = server.output("grep", "-v", "^#", "/etc/pam.d/teamhub")
    assert "pam_unix.so" in rules
    assert "nullok" not in rules


def test_certificates_are_for_this_server_alone(server: BootedServer) -> None:
    shown = server.output("openssl", "x509", "-noout", "-text", "-in", "/etc/teamhub/tls/ca.crt")
    assert "CA:TRUE" in shown
    assert "X509v3 Name Constraints: critical" in shown
    leaf = server.output("openssl", "x509", "-noout", "-text", "-in", "/etc/teamhub/tls/server.crt")
    for name in (server.host.name, server.host.domain_name):
        assert f"DNS:{name}" in leaf
    assert f"IP Address:{server.host.address}" in leaf
    server.run(
        *("openssl", "verify", "-x509_strict", "-verify_hostname", server.host.domain_name),
        *("-CAfile", "/etc/teamhub/tls/ca.crt", "/etc/teamhub/tls/server.crt"),
    )


@pytest.mark.parametrize("host_part", ["domain_name", "address"])
def test_the_certificate_verifies_by_name_and_by_address(
    server: BootedServer, installed: Installation, host_part: str
) -> None:
    host = getattr(server.host, host_part)
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(f"https://{host}/hub/login", verify=str(installed.ca), timeout=30)
    assert page.status_code == 200


def test_without_the_ca_the_certificate_is_refused(server: BootedServer) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{server.host.url}/hub/login", timeout=30)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(server: BootedServer, installed: Installation) -> None:
    context = ssl.create_default_context(cafile=str(installed.ca))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    address = (server.host.domain_name, 443)
    with pytest.raises(ssl.SSLError), socket.create_connection(address, timeout=30) as plain:
        context.wrap_socket(plain, server_hostname=server.host.domain_name)


def test_plain_http_is_sent_on_to_https(server: BootedServer) -> None:
    answer = requests.get(
        f"http://{server.host.domain_name}/hub/login", allow_redirects=False, timeout=30
    )
    assert answer.status_code in (301, 302, 307, 308)
    assert answer.headers["Location"].startswith(server.host.url)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/lib/teamhub", "rhea:rhea 700"),
        ("/var/lib/teamhub/cookie_secret", "rhea:rhea 600"),
        ("/etc/teamhub/proxy-token", "root:root 600"),
        ("/etc/teamhub/tls", "root:root 700"),
    ],
)
def test_secrets_are_made_with_their_owner_and_mode(
    server: BootedServer, path: str, expected: str
) -> None:
    assert mode(server, path) == expected


def test_every_installation_has_secrets_of_its_own(server: BootedServer) -> None:
    for secret in ("/var/lib/teamhub/cookie_secret", "/etc/teamhub/proxy-token"):
        text = server.output("cat", secret)
        assert re.fullmatch(r"[0-9a-f]{64}", text)
        search = ("grep", "--recursive", "--files-with-matches", text)
        shipped = server.run(*search, SHIPPED_LOCK, "/usr/lib/teamhub", check=False)
        # 2 would be an error, such as a file that is not there
        assert (shipped.returncode, shipped.stdout) == (1, "")


def test_the_environment_is_a_generation(server: BootedServer) -> None:
    current = server.output("readlink", "--canonicalize", "/opt/teamhub/current")
    assert re.fullmatch(r"/opt/teamhub/generations/[^/]+", current)
    for prefix in ("hub", "user"):
        assert server.output(f"{current}/{prefix}/bin/python", "-c", "print(6*7)") == "42"
    server.run(f"{current}/user/bin/python", "-m", "pip", "check")


def test_python_in_the_environment_is_debians(server: BootedServer) -> None:
    python = server.output("readlink", "--canonicalize", "/opt/teamhub/current/user/bin/python")
    assert python.startswith("/usr/bin/python3.")
    assert server.output("dpkg", "--search", python)


@pytest.mark.parametrize("unit", UNITS)
def test_the_services_are_enabled_and_running(server: BootedServer, unit: str) -> None:
    assert server.output("systemctl", "is-enabled", unit) == "enabled"
    assert server.output("systemctl", "is-active", unit) == "active"


def test_no_unit_of_the_server_has_failed(server: BootedServer) -> None:
    assert server.output("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""


def test_the_configuration_is_a_conffile_as_shipped(server: BootedServer) -> None:
    conffiles = server.output("dpkg-query", "--show", "--showformat=${Conffiles}", "teamhub")
    known = dict(line.split()[:2] for line in conffiles.splitlines())
    path = "/etc/teamhub/jupyterhub_config.py"
    assert server.output("md5sum", path).split()[0] == known[path]
    assert server.output("dpkg", "--verify", "teamhub") == ""


def test_the_package_is_fully_configured(server: BootedServer) -> None:
    state = server.output("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", "teamhub")
    assert state.strip() == "ii"
    assert server.output("dpkg", "--audit") == ""


def state_of(server: BootedServer) -> dict[str, str]:
    """What a second installation must leave as it is."""
    return {
        "secrets": server.output(
            "sh", "-c", "sha256sum /etc/teamhub/proxy-token /var/lib/teamhub/cookie_secret "
            "/etc/teamhub/tls/* /etc/teamhub/teamhub.conf"
        ),
        "generation": server.output("readlink", "/opt/teamhub/current"),
        "generations": server.output("ls", "/opt/teamhub/generations"),
        "people": server.output("getent", "passwd"),
        "groups": server.output("getent", "group"),
        "passwords": server.output("sha256sum", "/etc/shadow"),
    }  # fmt: skip


def test_installing_again_changes_nothing(
    server: BootedServer, target: Target, installed: Installation
) -> None:
    before = state_of(server)
    server.run(
        *APT,
        "install",
        "--reinstall",
        target.package_on_server,
        DEBIAN_FRONTEND="noninteractive",
    )
    wait_for_login_page(server, installed.ca)
    assert state_of(server) == before


def test_reconfiguring_changes_nothing(server: BootedServer, installed: Installation) -> None:
    before = state_of(server)
    server.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert state_of(server) == before


def test_a_membership_made_by_hand_survives_reconfiguring(server: BootedServer) -> None:
    server.run("adduser", "--disabled-password", "--gecos", "", "kaylee")
    server.run("adduser", "kaylee", "jupyterhub")
    server.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
    assert members(server, "jupyterhub") == {"kaylee", "wash", "zoe"}


def test_a_preseed_after_the_installation_undoes_nothing(server: BootedServer) -> None:
    before = members(server, "jupyterhub")
    server.run("debconf-set-selections", given=PRESEED.replace("zoe, ", ""))
    server.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
    assert members(server, "jupyterhub") == before


def test_cookies_are_secure_and_out_of_scripts_reach(
    server: BootedServer, installed: Installation, sign_in: Callable[[str], HubClient]
) -> None:
    wait_for_login_page(server, installed.ca)
    zoe = sign_in("zoe")
    zoe.spawn()
    cookies = zoe.cookies()
    assert [f"{cookie.name} of {cookie.path}" for cookie in cookies if not cookie.secure] == []
    sessions = [cookie for cookie in cookies if cookie.name.startswith("jupyterhub-")]
    assert sessions
    readable = [c.name for c in sessions if not c.has_nonstandard_attr("HttpOnly")]
    assert set(readable) <= {"jupyterhub-session-id"}
