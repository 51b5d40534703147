"""Conditions that a server can be under before teamhub is installed, or afterwards."""

from __future__ import annotations

from support.container import BootedServer

#: How a trial under one ends.
WORKS = "somebody logs in, and a cell computes"


def silence_name_server(server: BootedServer) -> None:
    """Have names be asked of an address that never answers (RFC 5737)."""
    server.run("sh", "-c", "echo nameserver 192.0.2.1 > /etc/resolv.conf")


def mount_again(server: BootedServer, options: str, *folders: str) -> None:
    """Put folders under other options of mount(8)."""
    for folder in folders:
        server.run("mount", "--bind", folder, folder)
        server.run("mount", "-o", f"remount,bind,{options}", folder)
