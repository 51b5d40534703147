"""`teamhub apply`: what has been changed in teamhub.conf comes into force."""

from __future__ import annotations

import argparse

from teamhub import steps


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `apply` to the command line."""
    command = commands.add_parser(
        "apply", help="bring changes of teamhub.conf and the hub's configuration into force"
    )
    command.set_defaults(run=lambda _: steps.apply())
