"""`teamhub tls`: the server's certificates."""

from __future__ import annotations

import argparse

from teamhub.settings import conf
from teamhub_shared import TeamhubError


class NoAuthority(TeamhubError):
    """The server's certificate was not made by an authority of its own."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tls` to the command line."""
    command = commands.add_parser("tls", help="the server's certificates")
    command.add_argument("action", choices=["ca"], help="print the certificate to import")
    command.set_defaults(run=print_authority)


def print_authority(_: argparse.Namespace) -> None:
    """Print the certificate that the team imports."""
    from teamhub.tls import authority, key_pair

    source = conf.read()["CERTIFICATE"]
    if source != "own":
        raise NoAuthority(
            f"with CERTIFICATE={source} people have nothing to import",
            f"to have one, set CERTIFICATE=own in {conf.PATH}, then: teamhub apply",
        )
    print(key_pair.read(authority.AUTHORITY.certificate_path).decode("ascii", "replace"), end="")
