"""`teamhub env`: what people compute with.

Each action imports what it needs itself: the other commands of `teamhub` need none of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.store.layout import SERVER
from teamhub.system.report import report
from teamhub.system.tables import show
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


class ShippedPackage(TeamhubError):
    """A package that is to be removed came with teamhub."""


class Different(TeamhubError):
    """The environment differs from what was installed."""


class Vulnerable(TeamhubError):
    """Advisories are about packages that are installed."""


def add_to(commands: Commands) -> None:
    """Add `env` to the command line."""
    command = commands.add_parser("env", help="the packages that people compute with")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_changing(actions)
    add_asking(actions)


def add_changing(actions: Commands) -> None:
    """The actions that change something."""
    applying = action(actions, "apply", apply_file, "install what environment.yml asks for")
    applying.add_argument("--update", action="store_true", help="move to newer versions, too")
    adding = action(actions, "add", add, "add packages to environment.yml, and apply it")
    adding.add_argument("packages", nargs="+", metavar="NAME", help="such as polars or 'polars>=1'")
    adding.add_argument("--pip", action="store_true", help="install them with pip")
    adding.add_argument("--channel", action="append", default=[], help="add this channel")
    removing = action(actions, "remove", remove, "take packages out of the file, and apply it")
    removing.add_argument("packages", nargs="+", metavar="NAME")
    for changing in (applying, adding, removing):
        changing.add_argument(
            "--discard", action="store_true", help="drop changes that were made by hand"
        )
    back = action(actions, "rollback", roll_back, "go back to the generation before")
    back.add_argument("generation", nargs="?", metavar="N", help="or to this one")
    action(actions, "repair", repair, "take back every file that was changed or is gone")
    action(actions, "prune", remove_unused, "remove generations that nobody needs")


def add_asking(actions: Commands) -> None:
    """The actions that only look."""
    listing = action(actions, "list", list_packages, "list the packages that people have")
    listing.add_argument("--team", action="store_true", help="only what the team asked for")
    searching = action(actions, "search", search_packages, "search the channels for packages")
    searching.add_argument("pattern", help="part of a name, or a pattern with *")
    past = action(actions, "history", show_history, "list what was current when, and why")
    comparing = action(actions, "diff", show_differences, "compare two generations")
    comparing.add_argument("one", nargs="?", metavar="A", help="default: the one before")
    comparing.add_argument("other", nargs="?", metavar="B", help="default: the current one")
    verifying = action(actions, "verify", verify, "find what was changed by hand or is damaged")
    auditing = action(actions, "audit", audit, "find packages that advisories are about")
    auditing.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="advisories in OSV's form: JSON, JSON lines, or a folder or .zip of these",
    )
    for asking in (listing, searching, past, comparing, verifying, auditing):
        asking.add_argument("--json", action="store_true", help="print JSON, for programs")


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
    """Add packages and apply; if that fails, environment.yml is put back."""
    from teamhub.environment import apply
    from teamhub.environment.team.edit import with_packages

    key = "pip" if chosen.pip else "dependencies"

    def edit(text: str) -> str:
        text = with_packages(text, SERVER.team_file, "channels", chosen.channel)
        return with_packages(text, SERVER.team_file, key, chosen.packages)

    apply.apply(apply.Request(discard=chosen.discard), report, edit=edit)


def remove(chosen: argparse.Namespace) -> None:
    """Remove packages and apply; if that fails, environment.yml is put back."""
    from teamhub.environment import apply
    from teamhub.environment.team.edit import without_packages

    refuse_shipped(chosen.packages)
    apply.apply(
        apply.Request(discard=chosen.discard),
        report,
        edit=lambda text: without_packages(text, SERVER.team_file, chosen.packages),
    )


def refuse_shipped(names: Sequence[str]) -> None:
    """Raise ShippedPackage for a package that came with teamhub and the team did not ask for."""
    from teamhub.environment.conda.packages import requested_specs
    from teamhub.environment.team import file as team_file
    from teamhub.environment.team.edit import package_name

    team = team_file.read(SERVER.team_file)
    asked = {package_name(spec) for spec in (*team.specs, *team.pip)}
    shipped = {package_name(spec) for spec in requested_specs(SERVER.channel)["user"]}
    for name in names:
        if package_name(name) in shipped - asked:
            raise ShippedPackage(f"{name} is part of teamhub", "leave it: nobody has to import it")


def roll_back(chosen: argparse.Namespace) -> None:
    """Make an earlier generation current."""
    from teamhub.environment import apply

    apply.rollback(chosen.generation, report)


def repair(_: argparse.Namespace) -> None:
    """Take what is damaged anew from its packages."""
    from teamhub.environment import apply

    apply.repair_all(report)
    report("all generations are as they were made, or have only what was installed by hand")


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

    rows = listings.packages(read_state().needed_current, SERVER)
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
    other = state.find(chosen.other) if chosen.other else state.needed_current
    one = state.find(chosen.one) if chosen.one else state.before_current()
    show(listings.differences(one, other), ("name", "before", "after"), as_json=chosen.json)


def verify(chosen: argparse.Namespace) -> None:
    """Compare both environments with what was installed; raises Different."""
    from teamhub.environment.by_hand import carry_over, changes, files
    from teamhub.environment.store.state import read_state

    now = read_state().needed_current
    hashes = files.Hashes()
    people = changes.find(now, thorough=True, hashes=hashes)
    hub = files.compare(now.path / "hub", hashes=hashes)
    if chosen.json:
        print(json.dumps({**asdict(people), "hub": asdict(hub)}, indent=2))
    else:
        for line in (*carry_over.describe(people, "user/"), *carry_over.describe(hub, "hub/")):
            print(line)
    if hub or people:
        remedies = ["to take back all files that are changed or gone, type: teamhub env repair"]
        if people:
            remedies += [
                "to keep what conda or pip installed, type: teamhub env apply",
                "to undo all changes, type: teamhub env apply --discard",
            ]
        whose = ["the hub's"] * bool(hub) + ["people's"] * bool(people)
        raise Different(
            f"{' and '.join(whose)} current environment is not as it was made", "; ".join(remedies)
        )
    report("the current environment is as it was made, the hub's and people's")


def audit(chosen: argparse.Namespace) -> None:
    """Compare what is installed with advisories; raises Vulnerable."""
    from teamhub.environment.audit import findings
    from teamhub.environment.store.state import read_state

    done = findings.audit(read_state().needed_current, chosen.files, SERVER)
    rows = done.rows if chosen.json else [findings.shortened(row) for row in done.rows]
    if chosen.json or rows:
        columns = ("package", "version", "environment", "advisory", "fixed_in", "summary")
        show(rows, columns, as_json=chosen.json)
    compared = f"{done.packages} packages compared with {done.advisories} advisories"
    if rows:
        raise Vulnerable(f"{compared}: {len(rows)} to look at", findings.remedies(done.rows))
    report(f"{compared}: none of them is affected")
