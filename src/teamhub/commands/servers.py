"""`teamhub servers`: people's running servers."""

from __future__ import annotations

import argparse

from teamhub import servers
from teamhub.setup import report


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `servers` to the command line."""
    command = commands.add_parser("servers", help="people's running servers")
    command.add_argument("action", choices=["stop"], help="stop all of them")
    command.set_defaults(run=stop)


def stop(_: argparse.Namespace) -> None:
    """Stop everybody's server."""
    for server in servers.stop():
        report(f"stopped the server of {server.user}")
