"""The `teamhub` command: reads the command line, calls one thing, and shows its errors."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from teamhub import servers, setup, tls
from teamhub_shared import TeamhubError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    chosen = parser().parse_args(arguments)
    if os.geteuid() != 0:
        print("teamhub: only root may do this; try: sudo teamhub ...", file=sys.stderr)
        return 1
    # Whoever runs this, what it makes has the modes that are written here.
    os.umask(0o022)
    try:
        run(chosen)
    except TeamhubError as error:
        print(f"teamhub: {error}", file=sys.stderr)
        return 1
    return 0


def run(chosen: argparse.Namespace) -> None:
    """Do what the command line chose."""
    match chosen.command:
        case "setup" if chosen.step == "people":
            setup.set_up_people(chosen.users, chosen.admins)
        case "setup":
            setup.STEPS[chosen.step]()
        case "servers":
            for server in servers.stop():
                setup.report(f"stopped the server of {server.user}")
        case "tls":
            print(tls.AUTHORITY.certificate_path.read_text("ascii"), end="")


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(prog="teamhub", description="Run a team's Jupyter server.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    step = commands.add_parser("setup", help="do one step of the installation again")
    steps = step.add_subparsers(dest="step", required=True, metavar="STEP")
    people = steps.add_parser("people", help="set who may use the hub")
    people.add_argument("--users", default="", help="names, separated by commas or spaces")
    people.add_argument("--admins", default="", help="the same, for those who administer the hub")
    for name, function in setup.STEPS.items():
        steps.add_parser(name, help=(function.__doc__ or "").splitlines()[0])

    stop = commands.add_parser("servers", help="people's running servers")
    stop.add_argument("action", choices=["stop"], help="stop all of them")
    certificate = commands.add_parser("tls", help="the server's certificates")
    certificate.add_argument("action", choices=["ca"], help="print the certificate to import")
    return top
