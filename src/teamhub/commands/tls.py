"""`teamhub tls`: the server's certificates."""

from __future__ import annotations

import argparse

from teamhub import tls


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tls` to the command line."""
    command = commands.add_parser("tls", help="the server's certificates")
    command.add_argument("action", choices=["ca"], help="print the certificate to import")
    command.set_defaults(run=print_authority)


def print_authority(_: argparse.Namespace) -> None:
    """Print the certificate that the team imports."""
    print(tls.AUTHORITY.certificate_path.read_text("ascii"), end="")
