"""The names and addresses by which people reach this server."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from teamhub.system.run import run
from teamhub_shared import TeamhubError
from teamhub_shared.rules import is_full_name

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NoFullName(TeamhubError):
    """The server has no name that an authority signs by ACME."""


@dataclass(frozen=True)
class ServerNames:
    """What a certificate of this server has to cover."""

    dns: tuple[str, ...]
    addresses: tuple[Address, ...]

    def __str__(self) -> str:
        return " ".join(self.all)

    @property
    def all(self) -> list[str]:
        """Host names and addresses, as people type them."""
        return [*self.dns, *map(str, self.addresses)]

    @property
    def first(self) -> str:
        """The one that stands for the server, a name if there is one."""
        return next(name for name in self.all if not name.startswith("*."))


def sort_names(names: Iterable[str]) -> ServerNames:
    """Host names and addresses, separated, in order, each once."""
    dns: list[str] = []
    addresses: list[Address] = []
    for name in dict.fromkeys(name.lower() for name in names):
        try:
            addresses.append(ipaddress.ip_address(name))
        except ValueError:
            dns.append(name)
    return ServerNames(tuple(dns), tuple(addresses))


def server_names(values: Mapping[str, str]) -> ServerNames:
    """What the settings say that people type, or what the host has.

    The name below which each person's server has its own comes first, and all names below it.
    """
    wanted = values["SERVER_NAMES"].split()
    found = sort_names(wanted) if wanted else detect()
    host = values["SUBDOMAIN_HOST"].lower()
    below = (host, f"*.{host}") if host else ()
    return ServerNames(tuple(dict.fromkeys([*below, *found.dns])), found.addresses)


def acme_hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    """The host names that an authority is asked to sign by ACME, in lower case.

    They are the full ones of the settings, or the host's own.  What else people may type, such as
    an address of the local network, no public authority signs.  Raises NoFullName.
    """
    wanted = values["SERVER_NAMES"].split() or [socket.getfqdn()]
    full = tuple(dict.fromkeys(name.lower() for name in wanted if is_full_name(name)))
    if not full:
        raise NoFullName(
            f"with CERTIFICATE=acme this server needs a full name, and {wanted[0]} is none",
            "teamhub tls names hub.example.org, with the name that people type",
        )
    return full


def detect() -> ServerNames:
    """The host's own names, `localhost`, and every address that is not of one link only."""
    host = socket.gethostname()
    found = [socket.getfqdn(), host, "localhost", "127.0.0.1", "::1", *interface_addresses()]
    return sort_names(name for name in found if name)


def interface_addresses() -> list[str]:
    """The global addresses of the network interfaces that are there now."""
    links = json.loads(
        run(["ip", "-json", "address", "show", "scope", "global"], remedy="install iproute2")
    )
    return [
        address["local"]
        for link in links
        for address in link.get("addr_info", ())
        if "local" in address and not address.get("temporary")  # old iproute2 prints empty ones
    ]
