"""A changed setting restarts what it has to and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

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


def each_once(changes: Sequence[dict[str, str]]) -> list[object]:
    """Two changes in both ways; `make test` has one in each way, `make test-all` all four."""
    return [
        pytest.param(
            *(way, change),
            marks=() if here == there else pytest.mark.exhaustive,
            id=f"{next(iter(change))}-{way[0]}",
        )
        for here, way in enumerate([APPLY, RECONFIGURE])
        for there, change in enumerate(changes)
    ]


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
    return {line.split()[3] for line in lines}


@pytest.mark.usefixtures("nobody_lost_anything")
def test_nothing_changed_restarts_nothing(
    server: BootedServer, as_before: Processes, take_up: tuple[str, ...]
) -> None:
    text = server.run("cat", CONF).stdout
    server.run(*take_up)
    assert processes(server) == as_before
    assert server.run("cat", CONF).stdout == text


@pytest.mark.usefixtures("nobody_lost_anything")
@pytest.mark.parametrize(
    ("take_up", "change"),
    each_once([{"INTERFACE": "notebook"}, {"IDLE_HOURS": "12"}]),
    indirect=["take_up"],
)
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
@pytest.mark.parametrize(
    ("take_up", "change"),
    each_once([{"CREATE_ACCOUNTS": "no"}, {"SERVER_NAMES": "hub-x"}]),
    indirect=["take_up"],
)
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


def test_while_the_hub_starts_the_page_says_so(
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
def test_a_hub_that_was_disabled_stays_so(server: BootedServer) -> None:
    server.run("systemctl", "disable", "--now", "teamhub")
    write_settings(server, IDLE_HOURS="3")
    said = server.run(*APPLY).stderr
    assert "does not run, since it is disabled; to have it run: systemctl enable" in said
    server.run("systemctl", "restart", "teamhub-proxy")
    assert main_process(server, "teamhub") == "0"
    server.run("systemctl", "enable", "--now", "teamhub")
