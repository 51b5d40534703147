"""`teamhub servers`: people's running servers."""

from __future__ import annotations

import argparse

from teamhub.people import servers
from teamhub.system.report import report


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `servers` to the command line."""
    command = commands.add_parser("servers", help="people's running servers")
    command.add_argument("action", choices=["stop"], help="stop them")
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="only theirs; default: everybody's"
    )
    command.set_defaults(run=stop)


def stop(chosen: argparse.Namespace) -> None:
    """Stop the servers of the people who are named, or everybody's."""
    for server in servers.stop(chosen.names or None):
        report(f"stopped the server of {server.user}")
