"""`teamhub repair`: what is damaged is put back, where that takes an admin's word."""

from __future__ import annotations

import argparse

from teamhub.system.report import report


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `repair` to the command line."""
    command = commands.add_parser("repair", help="put back configuration files that are damaged")
    command.add_argument(
        "what", choices=["conffiles"], help="put back each that is missing, empty or unreadable"
    )
    command.set_defaults(run=repair)


def repair(_: argparse.Namespace) -> None:
    """Put back what the package ships; a file that an admin has edited, and is whole, stays."""
    from teamhub.hub import conffiles

    done = conffiles.repair()
    for thing in done:
        report(thing)
    if not done:
        print("Every configuration file of the package is in order.")
        return
    print("To have it in force, type: teamhub apply (or, if the installation was cut short: "
          "dpkg --configure --pending)")  # fmt: skip
