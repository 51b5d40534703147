"""`teamhub env`: what people compute with.

Each action imports what it needs itself: the other commands of `teamhub` need none of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from teamhub.environment.store.layout import SERVER
from teamhub.system.report import report
from teamhub.system.tables import show
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from teamhub.environment.store.generations import Generation
    from teamhub.environment.store.state import State

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


class NotInstalled(TeamhubError):
    """There is no environment yet."""


class ShippedPackage(TeamhubError):
    """What shall be removed came with teamhub."""


class Different(TeamhubError):
    """The environment is not as it was made."""


def add_to(commands: Commands) -> None:
    """Add `env` to the command line."""
    command = commands.add_parser("env", help="the packages that people compute with")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_changing(actions)
    add_asking(actions)


def add_changing(actions: Commands) -> None:
    """The actions that change something."""
    applying = action(actions, "apply", apply_file, "make what environment.yml asks for")
    applying.add_argument("--update", action="store_true", help="to newer versions, too")
    adding = action(actions, "add", add, "add packages to environment.yml, and apply it")
    adding.add_argument("packages", nargs="+", metavar="NAME", help="such as polars or 'polars>=1'")
    adding.add_argument("--pip", action="store_true", help="from pip's index")
    adding.add_argument("--channel", action="append", default=[], help="and this channel")
    removing = action(actions, "remove", remove, "take packages out of it, and apply it")
    removing.add_argument("packages", nargs="+", metavar="NAME")
    for changing in (applying, adding, removing):
        changing.add_argument(
            "--discard", action="store_true", help="leave changes made by hand behind"
        )
    back = action(actions, "rollback", roll_back, "make the generation before current")
    back.add_argument("generation", nargs="?", metavar="N", help="or this one")
    action(actions, "prune", remove_unused, "remove generations that nobody needs")


def add_asking(actions: Commands) -> None:
    """The actions that only look."""
    listing = action(actions, "list", list_packages, "what people have")
    listing.add_argument("--team", action="store_true", help="only what the team asked for")
    searching = action(actions, "search", search_packages, "what the channels have")
    searching.add_argument("pattern", help="part of a name, or a pattern with *")
    past = action(actions, "history", show_history, "what was current when, and why")
    comparing = action(actions, "diff", show_differences, "what differs between two generations")
    comparing.add_argument("one", nargs="?", metavar="A", help="by itself the one before B")
    comparing.add_argument("other", nargs="?", metavar="B", help="by itself the current one")
    verifying = action(actions, "verify", verify, "find what was changed by hand")
    for asking in (listing, searching, past, comparing, verifying):
        asking.add_argument("--json", action="store_true", help="for programs")


def action(
    actions: Commands, name: str, run: Callable[[argparse.Namespace], None], words: str
) -> argparse.ArgumentParser:
    """Add one action."""
    parser = actions.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
    parser.set_defaults(run=run)
    return parser


def apply_file(chosen: argparse.Namespace) -> None:
    """Make what environment.yml asks for."""
    from teamhub.environment import apply

    apply.apply(apply.Request(update=chosen.update, discard=chosen.discard), report)


def add(chosen: argparse.Namespace) -> None:
    """Add packages and apply; where that fails, environment.yml is as it was."""
    from teamhub.environment import apply
    from teamhub.environment.team.edit import with_packages

    key = "pip" if chosen.pip else "dependencies"

    def edit(text: str) -> str:
        text = with_packages(text, SERVER.team_file, "channels", chosen.channel)
        return with_packages(text, SERVER.team_file, key, chosen.packages)

    apply.apply(apply.Request(discard=chosen.discard), report, edit=edit)


def remove(chosen: argparse.Namespace) -> None:
    """Remove packages and apply; where that fails, environment.yml is as it was."""
    from teamhub.environment import apply
    from teamhub.environment.team.edit import without_packages

    refuse_shipped(chosen.packages)
    apply.apply(
        apply.Request(discard=chosen.discard),
        report,
        edit=lambda text: without_packages(text, SERVER.team_file, chosen.packages),
    )


def refuse_shipped(names: Sequence[str]) -> None:
    """Raise ShippedPackage for what the team has not asked for but has."""
    from teamhub.environment.conda.packages import requested_specs
    from teamhub.environment.team import file as team_file
    from teamhub.environment.team.edit import package_name

    team = team_file.read(SERVER.team_file)
    asked = {package_name(spec) for spec in (*team.specs, *team.pip)}
    shipped = {package_name(spec) for spec in requested_specs(SERVER.channel)["user"]}
    for name in names:
        if package_name(name) in shipped - asked:
            raise ShippedPackage(f"{name} comes with teamhub", "leave it; nobody has to import it")


def roll_back(chosen: argparse.Namespace) -> None:
    """Make an earlier generation current."""
    from teamhub.environment import apply

    apply.rollback(chosen.generation, report)


def remove_unused(_: argparse.Namespace) -> None:
    """Remove generations that nobody needs."""
    from teamhub.environment.store import generations, prune
    from teamhub.environment.store.lock import exclusive
    from teamhub.environment.store.state import read_state

    with exclusive(SERVER.busy, report):
        generations.remove_unfinished(SERVER)
        gone = prune.prune(read_state())
    for number in gone:
        report(f"removed generation {number}")
    if not gone:
        report("nothing to remove: the current generation, the last three and those in use stay")


def list_packages(chosen: argparse.Namespace) -> None:
    """What people have."""
    from teamhub.environment import listings
    from teamhub.environment.store.state import read_state

    rows = listings.packages(current(read_state()), SERVER)
    if chosen.team:
        rows = [row for row in rows if row["asked_by"] == "team"]
    show(rows, ("name", "version", "channel", "asked_by"), as_json=chosen.json)


def search_packages(chosen: argparse.Namespace) -> None:
    """What the channels have."""
    from teamhub.environment.conda import search
    from teamhub.environment.team import file as team_file

    rows = search.search(chosen.pattern, team_file.read(SERVER.team_file), SERVER)
    show(rows, ("name", "version", "channel"), as_json=chosen.json)


def show_history(chosen: argparse.Namespace) -> None:
    """What was current when, and why."""
    from teamhub.environment import listings
    from teamhub.environment.store.state import read_state

    columns = ("generation", "time", "why", "state", "used_by")
    show(listings.switches(read_state()), columns, as_json=chosen.json)


def show_differences(chosen: argparse.Namespace) -> None:
    """What differs between two generations."""
    from teamhub.environment import listings
    from teamhub.environment.store.state import read_state

    state = read_state()
    other = state.find(chosen.other) if chosen.other else current(state)
    one = state.find(chosen.one) if chosen.one else state.before_current()
    show(listings.differences(one, other), ("name", "before", "after"), as_json=chosen.json)


def verify(chosen: argparse.Namespace) -> None:
    """Compare what people have with what was installed; raises Different."""
    from teamhub.environment.by_hand import carry_over, changes
    from teamhub.environment.store.state import read_state

    found = changes.find(current(read_state()), thorough=True)
    if chosen.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        for line in carry_over.describe(found):
            print(line)
    if found:
        raise Different(
            "the current environment is not as it was made",
            "keep what conda or pip installed with `teamhub env apply`, or else take it all back "
            "with `teamhub env apply --discard`",
        )
    report("the current environment is as it was made")


def current(state: State) -> Generation:
    """The current generation; raises NotInstalled."""
    if state.current is None:
        raise NotInstalled("there is no environment yet", "dpkg --configure teamhub")
    return state.current
