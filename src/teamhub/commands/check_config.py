"""`teamhub check-config`: whether the hub could start with its present configuration."""

from __future__ import annotations

import argparse

from teamhub import steps
from teamhub.settings import conf
from teamhub.system import room


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `check-config` to the command line."""
    command = commands.add_parser(
        "check-config", help="look for errors in teamhub.conf and the hub's configuration"
    )
    command.set_defaults(run=run)


def run(_: argparse.Namespace) -> None:
    """Check both and the hub's database, change nothing, and say that they are in order."""
    from teamhub.hub import conffiles

    conffiles.check()
    room.require_small_needs()
    values = conf.read()
    steps.warn_of_unknown_keys()
    steps.check_hub(values)
    print("The hub can start with this configuration.")
