"""Another clock for programs of a server: the machine's own, which it shares, stays right."""

from __future__ import annotations

from support.container import BootedServer
from support.installation import APT


def fake_clock(server: BootedServer) -> str:
    """The library that gives a program the time of its variable FAKETIME, installed."""
    server.run(*APT, "update")
    server.run(*APT, "install", "faketime", DEBIAN_FRONTEND="noninteractive")
    return server.output("sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1")
