"""What is wrong in the file of settings is named and changes nothing; all read it alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from support.container import BootedServer, wait_for
from support.settings import (
    APPLY,
    CONF,
    RECONFIGURE,
    Processes,
    complaint,
    processes,
    write_settings,
)


@pytest.fixture
def running(server: BootedServer) -> Iterator[Processes]:
    """The processes before a test of which nothing comes; the file is put back."""
    text = server.run("cat", CONF).stdout
    yield processes(server)
    server.run("tee", CONF, given=text)


BAD = [
    ({"HTTPS_PORT": "0"}, "HTTPS_PORT='0': a port is a number from 1 to 65535"),
    ({"HTTP_PORT": "443"}, "HTTP_PORT='443': HTTPS_PORT is the same port"),
    ({"CERTIFICATE": "none", "HTTP_PORT": "off"}, "HTTP_PORT='off': with CERTIFICATE=none"),
    ({"CERTIFICATE": "files"}, "CERTIFICATE_FILE='': with CERTIFICATE=files"),
    ({"CERTIFICATE": "acme", "HTTP_PORT": "off"}, "HTTP_PORT='off': with CERTIFICATE=acme"),
    ({"LISTEN_ADDRESS": "192.0.2.1"}, "'192.0.2.1': this server has no such address"),
    ({"MEMORY_LIMIT": "2GB"}, "MEMORY_LIMIT='2GB': .* write 2G"),
    ({"SERVER_NAMES": "hub*"}, "SERVER_NAMES='hub\\*': 'hub\\*' is neither a host name"),
    ({"INTERFACE": "$(id)"}, r"line \d+: 'INTERFACE=\"\$\(id\)\"' is not KEY=value"),
]


@pytest.mark.parametrize(("values", "words"), BAD, ids=[",".join(v.values()) for v, _ in BAD])
def test_a_bad_value_is_named_and_changes_nothing(
    server: BootedServer, running: Processes, values: dict[str, str], words: str
) -> None:
    write_settings(server, **values)
    state = "sha256sum /etc/teamhub/teamhub.conf /etc/teamhub/tls/*; find /etc/systemd/system"
    before = server.output("sh", "-c", state)
    for command in (APPLY, RECONFIGURE):
        error = complaint(server.run(*command, check=False))
        assert re.search(words, error)
        assert re.search(f"then: {command[0]}", error)
    assert server.output("sh", "-c", state) == before
    assert processes(server) == running


def test_a_port_of_another_program_is_refused_with_its_name(
    server: BootedServer, running: Processes, take_up: tuple[str, ...]
) -> None:
    server.run("systemd-run", "--unit=squatter", "python3", "-m", "http.server", "8443")
    wait_for("squatter", lambda: server.output("ss", "-Hltn", "sport = :8443"), 30)
    for key in ("HTTPS_PORT", "HTTP_PORT"):
        write_settings(server, HTTPS_PORT="443", HTTP_PORT="80")
        write_settings(server, **{key: "8443"})
        error = complaint(server.run(*take_up, check=False))
        assert re.search(r"port 8443 is in use by python3 \(pid \d+\)", error)
        assert f"choose another {key}" in error
    assert processes(server) == running
    server.run("systemctl", "stop", "squatter")


@pytest.mark.usefixtures("running")
def test_a_key_that_is_no_setting_is_told(server: BootedServer, take_up: tuple[str, ...]) -> None:
    server.run("tee", "--append", CONF, given="HTTPS_PROT=8443\n")
    done = server.run(*take_up)
    warned = "sets HTTPS_PROT, which is not a setting of teamhub; did you mean HTTPS_PORT?"
    assert warned in done.stderr
    assert "HTTPS_PROT=8443" in server.output("cat", CONF).splitlines()


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
        "from teamhub.settings.syntax import parse;"
        "print(parse(open('/root/hard.conf').read())['X'], end='')"
    )
    by_teamhub = server.run("python3", "-c", code, PYTHONPATH="/usr/lib/teamhub")
    assert by_systemd.stdout == by_sh.stdout == by_teamhub.stdout == value
