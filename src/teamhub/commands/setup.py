"""`teamhub setup`: one step of the installation."""

from __future__ import annotations

import argparse

from teamhub import steps


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `setup` to the command line."""
    command = commands.add_parser("setup", help="do one step of the installation again")
    parsers = command.add_subparsers(dest="step", required=True, metavar="STEP")

    check = parsers.add_parser("check", help="check what the other steps need, change nothing")
    add_people(check)
    add_answers(check)
    check.set_defaults(run=lambda chosen: steps.check(chosen.users, chosen.admins, chosen.answers))

    settings = parsers.add_parser("settings", help="write teamhub.conf with every setting in it")
    add_answers(settings)
    settings.set_defaults(run=lambda chosen: steps.set_up_settings(chosen.answers))

    people = parsers.add_parser("people", help="set who may use the hub")
    add_people(people)
    people.set_defaults(run=lambda chosen: steps.set_up_people(chosen.users, chosen.admins))

    for name, function in steps.STEPS.items():
        step = parsers.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
        step.add_argument(
            "more", nargs="*", metavar="STEP", type=known_step, help="another step, to be done next"
        )
        step.set_defaults(run=run_steps)


def known_step(name: str) -> str:
    """The name of a step that takes no arguments.

    Raises ArgumentTypeError for any other.
    """
    if name not in steps.STEPS:
        raise argparse.ArgumentTypeError(f"no step {name} (there are: {', '.join(steps.STEPS)})")
    return name


def run_steps(chosen: argparse.Namespace) -> None:
    """Do steps that take no arguments, one after the other."""
    for name in (chosen.step, *chosen.more):
        steps.STEPS[name]()


def add_people(step: argparse.ArgumentParser) -> None:
    """Add the two lists of people to a step."""
    step.add_argument("--users", default="", help="names, separated by commas or spaces")
    step.add_argument("--admins", default="", help="the same, for the admins of the hub")


def add_answers(step: argparse.ArgumentParser) -> None:
    """Add settings to a step: those that are not given keep the values of the file."""
    step.add_argument("answers", nargs="*", metavar="KEY=VALUE", help="a setting of teamhub.conf")
