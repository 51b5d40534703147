"""What is there: packages, generations, differences, as rows of a table."""

from __future__ import annotations

from datetime import datetime

from teamhub.environment.conda.packages import is_embedded, requested_specs
from teamhub.environment.store import in_use
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.state import State
from teamhub.environment.team.edit import package_name

Row = dict[str, object]
#: How the table names the channel that the package carries.
EMBEDDED = "teamhub"


def packages(generation: Generation, layout: Layout) -> list[Row]:
    """Every package that people have, from where, and who asked for it."""
    made = generation.made
    shipped = {package_name(spec) for spec in requested_specs(layout.channel)["user"]}
    team = {package_name(spec) for spec in made.team.specs}
    team_pip = {package_name(spec) for spec in made.team.pip}

    def asker(name: str, ours: set[str]) -> str:
        plain = package_name(name)
        return "team" if plain in ours else "teamhub" if plain in shipped else "dependency"

    rows: list[Row] = [
        {
            "name": package.name,
            "version": package.version,
            "channel": EMBEDDED
            if is_embedded(package.channel, layout.channel)
            else package.channel,
            "asked_by": asker(package.name, team),
        }
        for package in made.packages
    ]
    rows += [
        {
            "name": package.name,
            "version": package.version,
            "channel": "pip",
            "asked_by": "team" if package.name in team_pip else "dependency",
        }
        for package in made.pip_packages
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def switches(state: State) -> list[Row]:
    """Every move of `current`, with what became of the generation."""
    there = {generation.path.name for generation in state.generations}
    now = state.current.path.name if state.current else None
    users: dict[str, set[str]] = {}
    for use in in_use.uses(state.layout.generations):
        users.setdefault(use.generation, set()).add(use.user)
    return [
        {
            "generation": entry.number,
            "id": entry.generation,
            "time": entry.time,
            "why": entry.reason,
            "state": (
                "removed"
                if entry.generation not in there
                else "current"
                if entry is state.switches[-1] and entry.generation == now
                else "kept"
            ),
            "used_by": ", ".join(sorted(users.get(entry.generation, ()))),
        }
        for entry in state.switches
    ]


def differences(one: Generation, other: Generation) -> list[Row]:
    """The packages that two generations do not have alike."""
    before, after = versions(one), versions(other)
    return [
        {"name": name, "before": before.get(name, "-"), "after": after.get(name, "-")}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def versions(generation: Generation) -> dict[str, str]:
    """Version and build of every package of a generation; pip's are named so."""
    made = generation.made
    found = {package.name: f"{package.version} {package.build}" for package in made.packages}
    found |= {package.name: f"{package.version} pip" for package in made.pip_packages}
    return found


def running(state: State) -> list[Row]:
    """Who runs on which generation, and since when: one row for each person."""
    numbers = {generation.path.name: generation.number for generation in state.generations}
    rows: dict[tuple[str, str], Row] = {}
    for use in in_use.uses(state.layout.generations):
        row = rows.setdefault(
            (use.generation, use.user),
            {
                "generation": numbers.get(use.generation, use.generation),
                "user": use.user,
                "since": moment(use.started),
                "processes": 0,
            },
        )
        row["processes"] = int(str(row["processes"])) + 1
    return list(rows.values())


def moment(seconds: float) -> str:
    """A time of day in the server's own time zone."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
