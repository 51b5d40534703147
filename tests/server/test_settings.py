"""A changed setting restarts what it has to and nothing else; a bad one changes nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest
import requests

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.settings import (
    APPLY,
    CONF,
    RECONFIGURE,
    Processes,
    complaint,
    main_process,
    processes,
    write_settings,
)

LogIn = Callable[[str], HubClient]


@pytest.fixture(params=[APPLY, RECONFIGURE], ids=["apply", "dpkg-reconfigure"])
def take_up(request: pytest.FixtureRequest) -> tuple[str, ...]:
    command: tuple[str, ...] = request.param
    return command


@pytest.fixture
def as_before(server: BootedServer, installed: Installation) -> Iterator[Processes]:
    """The processes before a test, which leaves the settings as it found them."""
    text = server.run("cat", CONF).stdout
    wait_for_login_page(server, installed.ca)
    yield processes(server)
    server.run("tee", CONF, given=text)
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)


@pytest.fixture(scope="module")
def kernel(zoe: HubClient) -> str:
    """A kernel of zoe's that remembers something."""
    started = zoe.new_kernel()
    zoe.run_cell(started, "answer = 42")
    return started


@pytest.fixture
def nobody_lost_anything(zoe: HubClient, kernel: str) -> Iterator[None]:
    """Zoe's kernel goes on with what it had, whatever a test has done."""
    yield
    assert zoe.run_cell(kernel, "print(answer)") == "42\n"


def listening(server: BootedServer) -> set[str]:
    """Address and port of each socket on which the proxy waits for browsers."""
    own = f"pid={main_process(server, 'teamhub-proxy')},"
    lines = [line for line in server.output("ss", "-Hltnp").splitlines() if own in line]
    return {line.split()[3] for line in lines} - {"127.0.0.1:801"}


@pytest.mark.usefixtures("nobody_lost_anything")
def test_nothing_changed_restarts_nothing(
    server: BootedServer, as_before: Processes, take_up: tuple[str, ...]
) -> None:
    text = server.run("cat", CONF).stdout
    server.run(*take_up)
    assert processes(server) == as_before
    assert server.run("cat", CONF).stdout == text


@pytest.mark.usefixtures("nobody_lost_anything")
@pytest.mark.parametrize("change", [{"INTERFACE": "notebook"}, {"IDLE_HOURS": "12"}])
def test_what_the_hub_reads_restarts_the_hub_alone(
    server: BootedServer,
    installed: Installation,
    as_before: Processes,
    take_up: tuple[str, ...],
    change: dict[str, str],
) -> None:
    write_settings(server, **change)
    done = server.run(*take_up)
    now = processes(server)
    assert now.proxy == as_before.proxy
    assert now.hub != as_before.hub
    assert f"teamhub: restarting teamhub.service, since this has changed: {next(iter(change))}" in (
        done.stderr.splitlines()
    )
    wait_for_login_page(server, installed.ca)


@pytest.mark.usefixtures("nobody_lost_anything")
@pytest.mark.parametrize("change", [{"CREATE_ACCOUNTS": "no"}, {"SERVER_NAMES": "hub-x"}])
def test_what_neither_reads_restarts_nothing(
    server: BootedServer, as_before: Processes, take_up: tuple[str, ...], change: dict[str, str]
) -> None:
    if "SERVER_NAMES" in change:
        change = {"SERVER_NAMES": f"{server.host.domain_name} {server.host.address}"}
    write_settings(server, **change)
    server.run(*take_up)
    assert processes(server) == as_before


@pytest.mark.usefixtures("nobody_lost_anything")
def test_the_interface_is_what_the_next_server_shows(
    server: BootedServer, installed: Installation, as_before: Processes, sign_in: LogIn
) -> None:
    write_settings(server, INTERFACE="notebook")
    server.run(*APPLY)
    assert processes(server) != as_before
    wait_for_login_page(server, installed.ca)
    wash = sign_in("wash")
    wash.spawn()
    assert wash.get("/user/wash/").url.endswith("/user/wash/tree")
    wash.stop()


def test_other_ports_are_open_and_the_old_ones_closed(
    server: BootedServer,
    installed: Installation,
    as_before: Processes,
    take_up: tuple[str, ...],
    zoe: HubClient,
    kernel: str,
) -> None:
    write_settings(server, HTTPS_PORT="8443", HTTP_PORT="8080")
    server.run(*take_up)
    now = processes(server)
    assert now.proxy != as_before.proxy
    assert now.hub != as_before.hub
    url = f"{server.host.url}:8443"
    wait_for_answer(f"{url}/hub/login", str(installed.ca))
    redirect = requests.get(
        f"http://{server.host.domain_name}:8080/hub/login", allow_redirects=False, timeout=30
    )
    assert redirect.headers["Location"] == f"{url}/hub/login"
    assert listening(server) == {"*:8443", "*:8080"}
    zoe.url = url
    assert zoe.run_cell(kernel, "print(answer)") == "42\n"
    zoe.url = server.host.url


def wait_for_answer(url: str, ca: str | bool = True) -> None:
    session = requests.Session()
    session.trust_env = False

    def answers() -> bool:
        try:
            return session.get(url, verify=ca, timeout=30).status_code == 200
        except requests.ConnectionError as failure:
            if isinstance(failure, requests.exceptions.SSLError):
                raise
            return False

    wait_for(f"answer of {url}", answers, 30)


def test_a_listen_address_opens_no_port_elsewhere(
    server: BootedServer, installed: Installation, as_before: Processes
) -> None:
    write_settings(server, LISTEN_ADDRESS=server.host.address)
    server.run(*APPLY)
    assert processes(server) != as_before
    wait_for_login_page(server, installed.ca)
    assert listening(server) == {f"{server.host.address}:443", f"{server.host.address}:80"}


def test_without_certificate_it_speaks_http_to_this_machine_alone(
    server: BootedServer, as_before: Processes, take_up: tuple[str, ...]
) -> None:
    write_settings(server, CERTIFICATE="none")
    server.run(*take_up)
    assert processes(server) != as_before
    get = "import urllib.request as u; print(u.urlopen('http://127.0.0.1/hub/login').status)"
    wait_for(
        "login page", lambda: server.run("python3", "-c", get, check=False).returncode == 0, 30
    )
    assert listening(server) == {"127.0.0.1:80"}
    plain = processes(server)
    server.run("systemctl", "reload", "teamhub-proxy")
    assert server.output("python3", "-c", get) == "200"
    assert processes(server) == plain
    refused = server.run("teamhub", "tls", "ca", check=False)
    assert "nothing to import" in complaint(refused)


def test_while_the_hub_starts_people_are_told_so(
    server: BootedServer, installed: Installation, as_before: Processes
) -> None:
    server.run("systemctl", "stop", "teamhub")
    server.run("systemctl", "restart", "teamhub-proxy")
    assert main_process(server, "teamhub-proxy") != as_before.proxy
    answers: list[requests.Response] = []

    def answered() -> bool:
        with requests.Session() as session, contextlib.suppress(requests.ConnectionError):
            session.trust_env = False
            page = f"{server.host.url}/user/zoe/lab"
            answers.append(session.get(page, verify=str(installed.ca), timeout=5))
        return bool(answers)

    wait_for("answer of the proxy", answered, 20)
    server.run("systemctl", "start", "teamhub")
    assert answers[0].status_code == 503
    assert "The hub is starting" in answers[0].text


BAD = [
    ({"HTTPS_PORT": "0"}, "HTTPS_PORT='0': a port is a number from 1 to 65535"),
    ({"HTTPS_PORT": "65536"}, "HTTPS_PORT='65536': a port is a number from 1 to 65535"),
    ({"HTTP_PORT": "443"}, "HTTP_PORT='443': HTTPS_PORT is the same port"),
    ({"CERTIFICATE": "none", "HTTP_PORT": "off"}, "HTTP_PORT='off': with CERTIFICATE=none"),
    ({"CERTIFICATE": "files"}, "CERTIFICATE_FILE='': with CERTIFICATE=files"),
    ({"LISTEN_ADDRESS": "192.0.2.1"}, "'192.0.2.1': this server has no such address"),
    ({"MEMORY_LIMIT": "2GB"}, "MEMORY_LIMIT='2GB': .* write 2G"),
    ({"MEMORY_LIMIT": "50%"}, "MEMORY_LIMIT='50%': an amount of memory"),
    ({"CPU_LIMIT": "0"}, "CPU_LIMIT='0': .* write none for no limit"),
    ({"TASKS_LIMIT": "33%"}, "TASKS_LIMIT='33%': .* whole number"),
    ({"IDLE_HOURS": "-1"}, "IDLE_HOURS='-1': .* whole number of hours"),
    ({"SERVER_NAMES": "hub*"}, "SERVER_NAMES='hub\\*': 'hub\\*' is neither a host name"),
    ({"CREATE_ACCOUNTS": "maybe"}, "CREATE_ACCOUNTS='maybe': write yes or no"),
    ({"INTERFACE": "$(id)"}, r"line \d+: 'INTERFACE=\"\$\(id\)\"' is not KEY=value"),
]


@pytest.mark.parametrize(("values", "words"), BAD, ids=[",".join(v.values()) for v, _ in BAD])
def test_a_bad_value_is_named_and_changes_nothing(
    server: BootedServer, as_before: Processes, values: dict[str, str], words: str
) -> None:
    write_settings(server, **values)
    state = "sha256sum /etc/teamhub/teamhub.conf /etc/teamhub/tls/*; find /etc/systemd/system"
    before = server.output("sh", "-c", state)
    for command in (APPLY, RECONFIGURE):
        error = complaint(server.run(*command, check=False))
        assert re.search(words, error)
        assert re.search(f"then: {command[0]}", error)
    assert server.output("sh", "-c", state) == before
    assert processes(server) == as_before


def test_a_port_of_another_program_is_refused_with_its_name(
    server: BootedServer, as_before: Processes, take_up: tuple[str, ...]
) -> None:
    server.run("systemd-run", "--unit=squatter", "python3", "-m", "http.server", "8443")
    wait_for("squatter", lambda: server.output("ss", "-Hltn", "sport = :8443"), 30)
    for key in ("HTTPS_PORT", "HTTP_PORT"):
        write_settings(server, HTTPS_PORT="443", HTTP_PORT="80")
        write_settings(server, **{key: "8443"})
        error = complaint(server.run(*take_up, check=False))
        assert re.search(r"port 8443 is in use by python3 \(pid \d+\)", error)
        assert f"choose another {key}" in error
    assert processes(server) == as_before
    server.run("systemctl", "stop", "squatter")


@pytest.mark.usefixtures("as_before")
def test_a_key_that_is_no_setting_is_told(server: BootedServer, take_up: tuple[str, ...]) -> None:
    server.run("tee", "--append", CONF, given="HTTPS_PROT=8443\n")
    done = server.run(*take_up)
    warned = "sets HTTPS_PROT, which is no setting of teamhub; did you mean HTTPS_PORT?"
    assert warned in done.stderr
    assert "HTTPS_PROT=8443" in server.output("cat", CONF).splitlines()


def test_a_preseed_never_overrides_the_file(server: BootedServer, as_before: Processes) -> None:
    write_settings(server, IDLE_HOURS="7")
    server.run(
        "debconf-set-selections",
        given="teamhub teamhub/idle-hours string 9\nteamhub teamhub/https-port string 9443\n",
    )
    server.run(*RECONFIGURE)
    lines = server.output("cat", CONF).splitlines()
    assert 'IDLE_HOURS="7"' in lines
    assert 'HTTPS_PORT="443"' in lines
    assert processes(server).proxy == as_before.proxy


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X=", ""),
        ('X=""', ""),
        ("X=a/b.c:d,e+f@g%h-i", "a/b.c:d,e+f@g%h-i"),
        ("X='a  b # c ; d'", "a  b # c ; d"),
        ('X="~root *? [a] {b} (c) <d> | & !"', "~root *? [a] {b} (c) <d> | & !"),
        ('X=" é "', " é "),
        ("# c\nX=1\n  # d\nX='2'", "2"),
    ],
)
def test_systemd_and_sh_read_the_file_as_teamhub_does(
    server: BootedServer, line: str, value: str
) -> None:
    server.run("tee", "/root/hard.conf", given=f"{line}\n")
    shown = 'printf "%s" "$X"'
    by_systemd = server.run(
        *("systemd-run", "--quiet", "--pipe", "--wait", "-p", "EnvironmentFile=/root/hard.conf"),
        *("sh", "-c", shown),
    )
    by_sh = server.run("sh", "-c", f". /root/hard.conf; {shown}")
    code = (
        "from teamhub.settings_file import parse;"
        "print(parse(open('/root/hard.conf').read())['X'], end='')"
    )
    by_teamhub = server.run("python3", "-c", code, PYTHONPATH="/usr/lib/teamhub")
    assert by_systemd.stdout == by_sh.stdout == by_teamhub.stdout == value


def test_what_an_upgrade_brings_for_the_hub_restarts_the_hub_alone(
    server: BootedServer, as_before: Processes
) -> None:
    # as dpkg unpacks a file: a new inode, with the time that it has in the package
    server.run(
        "sh", "-c", "cd /usr/share/teamhub/templates; cp -p login.html new; mv new login.html"
    )
    done = server.run("teamhub", "setup", "services")
    assert "/usr/share/teamhub/templates" in done.stderr
    now = processes(server)
    assert now.proxy == as_before.proxy
    assert now.hub != as_before.hub


def test_another_proxy_in_an_upgrade_restarts_both(
    server: BootedServer, as_before: Processes
) -> None:
    folder = "/etc/systemd/system/teamhub-proxy.service.d"
    server.run("mkdir", folder)
    server.run("tee", f"{folder}/other.conf", given="[Service]\nEnvironment=TEAMHUB_PROXY=other\n")
    server.run("systemctl", "daemon-reload")
    done = server.run("teamhub", "setup", "services")
    assert "its own programs" in done.stderr
    now = processes(server)
    assert now.proxy != as_before.proxy
    assert now.hub != as_before.hub
    server.run("rm", "-r", folder)
    server.run("systemctl", "daemon-reload")
    server.run("teamhub", "setup", "services")


@pytest.mark.usefixtures("as_before")
def test_a_hub_that_was_stopped_stays_so(server: BootedServer) -> None:
    server.run("systemctl", "stop", "teamhub")
    write_settings(server, IDLE_HOURS="3")
    server.run(*APPLY)
    assert main_process(server, "teamhub") == "0"
    server.run("systemctl", "start", "teamhub")
