"""`teamhub setup`: one step of the installation."""

from __future__ import annotations

import argparse

from teamhub import setup


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `setup` to the command line."""
    command = commands.add_parser("setup", help="do one step of the installation again")
    steps = command.add_subparsers(dest="step", required=True, metavar="STEP")
    people = steps.add_parser("people", help="set who may use the hub")
    people.add_argument("--users", default="", help="names, separated by commas or spaces")
    people.add_argument("--admins", default="", help="the same, for those who administer the hub")
    people.set_defaults(run=lambda chosen: setup.set_up_people(chosen.users, chosen.admins))
    for name, function in setup.STEPS.items():
        step = steps.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
        step.set_defaults(run=lambda _, function=function: function())
