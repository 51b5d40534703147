"""The files that the generations are known by, made again where they are damaged.

That are each generation's generation.json, history.jsonl, and the link `current`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from teamhub.environment import pip_packages
from teamhub.environment.conda.packages import locked_records, records, requested_specs
from teamhub.environment.store import generations, history, manifest
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.generations import COMPLETE, Generation
from teamhub.environment.store.history import Switch
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import Manifest, Package, PipPackage
from teamhub.environment.store.state import make_current, read_state
from teamhub.environment.team.file import TeamPackages
from teamhub.system.remedies import retry_env_command
from teamhub_shared import ENVIRONMENTS, LOCK_NAME, TeamhubError
from teamhub_shared.conda.process import rattler_process

Report = Callable[[str], None]
REASON = "repair"


def recover_records(layout: Layout, report: Report) -> None:
    """Make each generation.json and history.jsonl readable; the caller holds the lock."""
    switches, fault = history.parse(layout.history)
    recover_manifests(layout, switches, report)
    if fault:
        kept = generations.aside(layout.history)
        layout.history.rename(kept)
        if switches:
            history.write(layout.history, switches)
        report(f"{layout.history}: {fault}; {len(switches)} moves are kept, the file is now {kept}")


def recover_current(layout: Layout, report: Report) -> None:
    """Have `current` point at a complete generation, if there is one, and record that."""
    state = read_state(layout)
    chosen, last = state.current, state.switches[-1:]
    if chosen is None:
        if not state.generations:
            return
        chosen = state.generations[-1]
        report(f"{layout.current} was lost: generation {chosen.number} is now current")
    elif last and last[0].generation == chosen.path.name:
        return
    else:
        report(
            f"{layout.history} did not name the current generation {chosen.number}, and does now"
        )
    # An upgrade that was cut short has still to be done.
    make_current(chosen, REASON, replace(state, shipped=chosen.made.shipped))


def recover_manifests(layout: Layout, switches: Iterable[Switch], report: Report) -> None:
    """Make each damaged generation.json again; drop a generation of which too little is left."""
    paths = [path for path in generations.folders(layout) if generations.is_complete(path)]
    known: list[Generation] = []
    lost: list[Path] = []
    for path in paths:
        try:
            known.append(generations.read(path))
        except DamagedStore:
            lost.append(path)
    for path in sorted(lost, key=lambda path: (path / COMPLETE).stat().st_mtime):
        moves = [switch for switch in switches if switch.generation == path.name]
        free = max((generation.number for generation in known), default=0) + 1
        number = moves[-1].number if moves else free
        made = made_again(path, number, moves, layout)
        if made:
            (path / manifest.NAME).unlink(missing_ok=True)
            manifest.write(path, made)
            known.append(Generation(path, made))
            report(f"made {path / manifest.NAME} again, of its lock and its packages")
        else:
            generations.remove(path)
            report(f"removed generation {number}: {path} does not have enough left of it")


def made_again(path: Path, number: int, moves: list[Switch], layout: Layout) -> Manifest | None:
    """What a generation was made of, by its lock, its history and what lies in it.

    None if it has no lock or lacks an environment.  What was asked of a channel is not known, so
    the next change makes a new generation.
    """
    if not all((path / name / "conda-meta").is_dir() for name in ENVIRONMENTS):
        return None
    try:
        with rattler_process(retry_env_command()) as rattler:
            packages = rattler.call(locked_packages, path / LOCK_NAME)
    except TeamhubError:
        return None
    prefix = path / "user"
    pip = tuple(pips_packages(prefix))
    when = datetime.fromtimestamp((path / COMPLETE).stat().st_mtime, UTC)
    return Manifest(
        number=number,
        time=moves[0].time if moves else when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        reason=moves[0].reason if moves else REASON,
        inputs="",
        shipped=moves[-1].shipped if moves else "",
        team=TeamPackages(
            specs=tuple(team_specs(prefix, layout)),
            pip=tuple(f"{each.name}=={each.version}" for each in pip),
        ),
        carried=TeamPackages(),
        packages=packages,
        pip_packages=pip,
        distributions=tuple(sorted(pip_packages.distributions(prefix))),
    )


def locked_packages(lock: Path) -> tuple[Package, ...]:
    """The packages that a lock has for people, read in this process.

    Raises CorruptPackage if the lock cannot be read.
    """
    return tuple(map(manifest.package, locked_records(lock, "user")))


def pips_packages(prefix: Path) -> Iterable[PipPackage]:
    """The Python packages in a prefix that no conda package has brought."""
    condas = {file for _, record in records(prefix) if record for file in record["files"]}
    for folder, (name, version) in sorted(pip_packages.distributions(prefix).items()):
        if f"{folder}/METADATA" not in condas:
            yield PipPackage(name, version, "", "")


def team_specs(prefix: Path, layout: Layout) -> list[str]:
    """What the team asked for, by conda's history, which has it beside the shipped specs."""
    start, shipped = "# update specs: ", requested_specs(layout.channel)["user"]
    try:
        lines = (prefix / "conda-meta/history").read_text("utf-8").splitlines()
        asked = [line.removeprefix(start) for line in lines if line.startswith(start)]
        return [spec for spec in ast.literal_eval(asked[-1]) if spec not in shipped]
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, MemoryError, RecursionError):
        return []
