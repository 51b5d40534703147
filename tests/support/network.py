"""The test network's two services: a Debian mirror over HTTP, and a name server that keeps a list.

The name server knows nobody: it writes down who was asked for, so that a test can show that a
server never tried to reach the outside world.
"""

from __future__ import annotations

import functools
import socket
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.container import Host

#: The address, on the loopback interface of the tests' namespace, of the mirror and name server.
SERVICES = "10.78.0.1"
MIRROR_PORT = 8080
#: The bytes before the question in a DNS message; type A, class IN.
HEADER, A_RECORD = 12, b"\0\1\0\1"


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a request is no news."""


class WebServer:
    """Serves `folder` to every server of the tests, over HTTP."""

    def __init__(self, folder: Path, port: int) -> None:
        handler = functools.partial(_Handler, directory=str(folder))
        self.url = f"http://{SERVICES}:{port}"
        self._server = ThreadingHTTPServer((SERVICES, port), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class Mirror(WebServer):
    """The Debian mirror."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, MIRROR_PORT)

    @staticmethod
    def source(suite: str) -> str:
        """The line of sources.list for a part of the mirror: a suite's, or OLD-to-NEW."""
        return f"deb [trusted=yes] http://{SERVICES}:{MIRROR_PORT}/{suite}/ ./\n"


class NameServer:
    """Remembers every question, and answers "no such name" unless it knows the domain."""

    def __init__(self) -> None:
        self._asked: list[str] = []
        #: The address of a name and of all names below it.
        self.domains: dict[str, str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((SERVICES, 53))
        threading.Thread(target=self._answer, daemon=True).start()

    def asked_since(self, mark: int) -> list[str]:
        """The names asked for since `mark` was taken."""
        return self._asked[mark:]

    def mark(self) -> int:
        """Now, as an argument of `asked_since`."""
        return len(self._asked)

    def _answer(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(4096)
            name = queried_name(question)
            self._asked.append(name)
            self._socket.sendto(self._answer_to(question, name), sender)

    def _answer_to(self, question: bytes, name: str) -> bytes:
        """The answer: the address, or that there is none (RFC 1035, section 4.1)."""
        known = [
            address
            for domain, address in self.domains.items()
            if f".{name.lower()}".endswith(f".{domain}")
        ]
        if not known:
            # the same header as the question's, with QR, RD, RA and NXDOMAIN
            return question[:2] + b"\x81\x83" + question[4:]
        end = question.index(b"\0", HEADER) + 5
        if question[end - 4 : end] != A_RECORD:
            return question[:2] + b"\x81\x80" + question[4:]
        counts = b"\0\1\0\1\0\0\0\0"
        # the name of the question, for a minute
        record = b"\xc0\x0c" + A_RECORD + b"\0\0\0\x3c\0\4" + socket.inet_aton(known[0])
        return question[:2] + b"\x81\x80" + counts + question[HEADER:end] + record


def queried_name(message: bytes) -> str:
    """The name in the first question of a DNS message (RFC 1035, section 4.1)."""
    labels = []
    position = HEADER
    while length := message[position]:
        labels.append(message[position + 1 : position + 1 + length].decode("ascii", "replace"))
        position += 1 + length
    return ".".join(labels)


def become_private_network(hosts: list[Host], hosts_file: Path) -> None:
    """Set up this process's own network and mount namespace: loopback, services' address, names.

    Raises RuntimeError where the namespace is not a fresh one: everything here would change the
    machine's own network.
    """
    interfaces = [name for _, name in socket.if_nameindex()]
    if interfaces != ["lo"]:
        raise RuntimeError(f"not in a network of its own: {interfaces}")
    lines = ["127.0.0.1 localhost", *(f"{host.address} {host.domain_name}" for host in hosts)]
    hosts_file.write_text("\n".join(lines) + "\n")
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{SERVICES}/32", "dev", "lo"],
        ["mount", "--bind", str(hosts_file), "/etc/hosts"],
    ):
        subprocess.run(command, check=True)


def configure_server(root: Path, host: Host, suite: str) -> None:
    """Give a root its name, its address, and the mirror as the only place to install from."""
    (root / "etc/hostname").write_text(f"{host.name}\n")
    (root / "etc/hosts").write_text(
        f"127.0.0.1 localhost\n{host.address} {host.domain_name} {host.name}\n"
    )
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text(f"nameserver {SERVICES}\n")
    interfaces = root / "etc/network/interfaces.d"
    interfaces.mkdir(parents=True, exist_ok=True)
    (interfaces / "host0").write_text(
        "auto host0\niface host0 inet static\n"
        f"  address {host.address}/24\n  gateway {host.gateway}\n"
    )
    for old in (root / "etc/apt/sources.list.d").glob("*"):
        old.unlink()
    (root / "etc/apt/sources.list").write_text(Mirror.source(suite))
