"""What of the hub its users and rhea can read, change and start, taken that they are hostile."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from teamhub_shared import sockets

pytestmark = pytest.mark.every_suite

#: Every tree and file of ours outside people's homes.
OURS = (
    "/etc/teamhub",
    "/etc/sudoers.d/teamhub",
    "/etc/pam.d/teamhub",
    "/etc/pam.d/teamhub-spawn",
    "/opt/teamhub",
    "/usr/lib/teamhub",
    "/usr/sbin/teamhub",
    "/usr/share/teamhub",
    "/var/lib/teamhub",
)
SECRETS = (
    "/etc/teamhub/tls/ca.key",
    "/etc/teamhub/tls/server.key",
    "/etc/teamhub/proxy-token",
    "/var/lib/teamhub/cookie_secret",
    "/var/lib/teamhub/jupyterhub.sqlite",
    "/etc/shadow",
)


@dataclass(frozen=True)
class Entry:
    """One file, directory or link, as `find` shows it."""

    path: str
    owner: str
    mode: int
    kind: str


@pytest.fixture(scope="module")
def entries(server: BootedServer, zoe: HubClient) -> list[Entry]:
    """Everything of ours, after a person has used the hub."""
    zoe.compute("print(1)")
    listed = server.output("find", *OURS, "-printf", r"%p\t%u:%g\t%m\t%y\n")
    fields = (line.split("\t") for line in listed.splitlines())
    return [Entry(path, owner, int(mode, 8), kind) for path, owner, mode, kind in fields]


def test_all_of_ours_is_looked_at(entries: list[Entry]) -> None:
    assert {top for top in OURS for entry in entries if entry.path == top} == set(OURS)
    assert len(entries) > 1000


def test_everything_is_roots_but_the_hubs_own_state(entries: list[Entry]) -> None:
    strangers = [
        entry
        for entry in entries
        if entry.owner
        != ("rhea:rhea" if entry.path.startswith("/var/lib/teamhub") else "root:root")
    ]
    assert strangers == []


def test_nothing_can_be_written_by_group_or_others(entries: list[Entry]) -> None:
    loose = stat.S_IWGRP | stat.S_IWOTH
    assert [e for e in entries if e.kind != "l" and e.mode & loose] == []


def test_nothing_is_setuid_or_setgid(entries: list[Entry]) -> None:
    special = stat.S_ISUID | stat.S_ISGID
    assert [entry for entry in entries if entry.mode & special] == []


def test_people_can_read_all_of_their_environment(server: BootedServer) -> None:
    hidden = server.as_user("zoe", "find", "-L", "/opt/teamhub/current/user", "!", "-readable")
    assert hidden.stdout + hidden.stderr == ""


@pytest.mark.parametrize("path", SECRETS)
def test_zoe_reads_no_secret(server: BootedServer, path: str) -> None:
    assert server.run("test", "-s", path, check=False).returncode == 0
    attempt = server.as_user("zoe", "cat", path)
    assert attempt.returncode != 0
    assert attempt.stdout == ""


@pytest.mark.parametrize("path", SECRETS[:3])
def test_rhea_reads_no_secret_of_roots(server: BootedServer, path: str) -> None:
    attempt = server.as_user("rhea", "cat", path)
    assert attempt.returncode != 0
    assert attempt.stdout == ""


@pytest.mark.parametrize("user", ["zoe", "rhea"])
def test_nobody_writes_what_is_ours(server: BootedServer, user: str) -> None:
    trees = [tree for tree in OURS if (user, tree) != ("rhea", "/var/lib/teamhub")]
    found = server.as_user(user, "find", *trees, "-writable", "!", "-type", "l")
    assert found.stdout == ""


def test_no_secret_is_in_a_command_line_or_a_readable_environment(
    server: BootedServer, zoe: HubClient
) -> None:
    zoe.get("/user/zoe/api/status").raise_for_status()
    secrets = [server.output("cat", path) for path in SECRETS[2:4]]
    seen = server.as_user(
        "zoe",
        "sh",
        "-c",
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '",
    ).stdout
    assert "teamhub" in seen
    for secret in secrets:
        assert secret not in seen


def status_seen_by(
    server: BootedServer, user: str, socket: Path, path: str, method: str = "GET"
) -> str:
    """The HTTP status that a program of this user gets without a token."""
    program = (
        "import http.client, socket, sys\n"
        "hub = http.client.HTTPConnection('hub')\n"
        "hub.sock = socket.socket(socket.AF_UNIX)\n"
        "hub.sock.connect(sys.argv[1])\n"
        'hub.request(sys.argv[3], sys.argv[2], b\'{"target": "http://127.0.0.1:1"}\')\n'
        "print(hub.getresponse().status)\n"
    )
    command = ("/usr/bin/python3", "-c", program, str(socket), path)
    return server.as_user(user, *command, method, check=True).stdout.strip()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_proxy_obeys_nobody_without_its_token(server: BootedServer, method: str) -> None:
    assert status_seen_by(server, "root", sockets.PROXY_API, "/api/routes", method) == "403"


def test_the_hubs_api_obeys_nobody_without_a_token(server: BootedServer) -> None:
    assert status_seen_by(server, "zoe", sockets.HUB, "/hub/api/users") == "403"


def test_inner_ports_are_closed_to_the_network(server: BootedServer) -> None:
    listening = server.output("ss", "--no-header", "--listening", "--tcp", "--numeric")
    addresses = {line.split()[3] for line in listening.splitlines()}
    open_to_all = {a for a in addresses if not a.startswith(("127.0.0.1:", "[::1]:"))}
    assert {address.rpartition(":")[2] for address in open_to_all} == {"443", "80"}


def test_sudo_grants_rhea_three_commands(server: BootedServer) -> None:
    listed = server.output("sudo", "--list", "--other-user=rhea")
    granted = listed.partition("may run the following commands")[2].partition(":")[2]
    assert " ".join(granted.split()) == (
        "(%jupyterhub, !root, !rhea) NOPASSWD: "
        '/usr/lib/teamhub/sudospawner --logging\\=INFO, /usr/bin/passwd "" '
        "(root) NOPASSWD: /usr/lib/teamhub/panel ^(add|remove) [a-z][-a-z0-9_]{0,31}$"
    )


@pytest.mark.parametrize(
    ("who", "command"),
    [
        ("zoe", ["/bin/sh", "-c", "true"]),
        ("zoe", ["/usr/lib/teamhub/sudospawner"]),
        ("zoe", ["/usr/lib/teamhub/sudospawner", "--logging=DEBUG"]),
        ("zoe", ["/usr/lib/teamhub/sudospawner-singleuser"]),
        ("root", ["/usr/lib/teamhub/sudospawner", "--logging=INFO"]),
        ("root", ["/usr/bin/passwd"]),
        ("rhea", ["/usr/bin/passwd"]),
        ("zoe", ["/usr/lib/teamhub/panel", "add", "kaylee"]),
        ("rhea", ["/usr/lib/teamhub/sudospawner", "--logging=INFO"]),
        ("daemon", ["/usr/lib/teamhub/sudospawner", "--logging=INFO"]),
    ],
)
def test_sudo_refuses_rhea_all_else(server: BootedServer, who: str, command: list[str]) -> None:
    refused = server.as_user("rhea", "sudo", "-n", "-u", who, "--", *command)
    assert refused.returncode != 0
    assert "password is required" in refused.stderr or "not allowed" in refused.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BASH_ENV", "/tmp/evil.sh"),
        ("BASH_FUNC_readlink%%", "() { touch /tmp/was-run; }"),
        ("PATH", "/tmp/evil"),
        ("LD_PRELOAD", "/tmp/evil.so"),
    ],
)
def test_a_hub_that_was_broken_into_runs_no_code_before_her_server(
    server: BootedServer, variable: str, value: str
) -> None:
    server.run("sh", "-c", "mkdir -p /tmp/evil; echo 'touch /tmp/was-run' >/tmp/evil.sh")
    server.run("sh", "-c", "printf '#!/bin/sh\\ntouch /tmp/was-run' >/tmp/evil/readlink")
    server.run("chmod", "--recursive", "a+rx", "/tmp/evil", "/tmp/evil.sh")
    request = json.dumps({"action": "spawn", "args": ["--version"], "env": {variable: value}})
    command = 'echo "$1" | sudo -n -u wash /usr/lib/teamhub/sudospawner --logging=INFO'
    answer = server.as_user("rhea", "sh", "-c", command, "sh", request)
    server.run("pkill", "-u", "wash", "--full", "singleuser", check=False)
    assert '"ok"' in answer.stdout
    assert server.run("test", "-e", "/tmp/was-run", check=False).returncode != 0
    assert "evil" not in answer.stderr, answer.stderr


def test_sudo_refuses_rhea_for_somebody_outside_the_group(server: BootedServer) -> None:
    server.run("adduser", "--disabled-password", "--gecos", "", "badger")
    refused = server.as_user(
        "rhea", "sudo", "-n", "-u", "badger", "--", "/usr/lib/teamhub/sudospawner", "--logging=INFO"
    )
    assert refused.returncode != 0
    assert "password is required" in refused.stderr


@pytest.mark.parametrize("user", ["zoe", "wash"])
def test_people_get_no_sudo_from_us(server: BootedServer, user: str) -> None:
    for who in ("root", "rhea", "zoe"):
        assert server.as_user(user, "sudo", "-n", "-u", who, "--", "true").returncode != 0


def test_a_link_in_her_home_gains_zoe_nothing(server: BootedServer, zoe: HubClient) -> None:
    """Her server follows her links with her own rights."""
    server.as_user(
        "zoe", "ln", "-s", "/etc/teamhub/proxy-token", "/home/zoe/notebooks/mine.txt", check=True
    )
    answer = zoe.server_api("GET", "contents/mine.txt")
    assert answer.status_code in (400, 403, 404, 500)
    assert server.output("cat", "/etc/teamhub/proxy-token") not in answer.text
