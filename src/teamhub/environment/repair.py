"""Files of generations that were changed or are gone, taken anew from their packages.

The environment is made again beside the damaged one, by the same code, and each damaged file is
taken from there.  The folder's name is as long as the generation's: so its path, which is in
scripts, compiled programs and pip's files, can be replaced by the generation's own.  A file takes
its place by one rename, so that a process keeps the one that it has mapped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from teamhub.environment import pip_packages
from teamhub.environment.building import compare_cache, sync
from teamhub.environment.by_hand.carry_over import some
from teamhub.environment.by_hand.files import Differences, Hashes, compare, hexadecimal, recorded
from teamhub.environment.conda.hashing import file_hash
from teamhub.environment.conda.packages import requested_specs
from teamhub.environment.conda.prefix import write_prefix
from teamhub.environment.store import generations
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.state import State
from teamhub.system.remedies import retry_env_command
from teamhub_shared import ENVIRONMENTS, LOCK_NAME, TeamhubError
from teamhub_shared.conda.process import rattler_process

Report = Callable[[str], None]

#: How messages call the two environments.
WHOSE = {"hub": "the hub's environment", "user": "people's environment"}
#: A damaged record of conda hides the files that it names: they are looked at once it is back.
PASSES = 2


@dataclass
class Unrepaired:
    """What is left of the damage of one generation."""

    generation: Generation
    problems: list[str] = field(default_factory=list)
    #: Empty if another generation is all that helps.
    remedy: str = ""


def repair_generations(state: State, report: Report) -> list[Unrepaired]:
    """Repair every file of every generation; returns what could not be repaired."""
    # Until something is put back: then a new file may have the number of one that is gone.
    hashes = Hashes()
    found = [(each, damaged_environments(each, hashes)) for each in state.generations]
    left = [repair(each, needed, state.layout, report) for each, needed in found if needed]
    return [each for each in left if each.problems]


def damaged_environments(generation: Generation, hashes: Hashes) -> dict[str, Differences]:
    """The environments of a generation that have something to repair."""
    found = {name: compare(generation.path / name, hashes=hashes) for name in ENVIRONMENTS}
    return {name: differing for name, differing in found.items() if is_damaged(name, differing)}


def is_damaged(environment: str, found: Differences) -> bool:
    """Whether an environment has something to repair.

    Nobody installs into the hub's: files of no package there may be what a lost record named.
    """
    return bool(found.damaged) or (environment == "hub" and bool(found.unknown))


def repair(
    generation: Generation, found: Mapping[str, Differences], layout: Layout, report: Report
) -> Unrepaired:
    """Put back the files of a generation's damaged environments; returns what is left of it."""
    left = Unrepaired(generation)
    again = layout.generations / ".repair".ljust(len(generation.path.name), "-")
    generations.remove(again)
    try:
        make_again(again, generation, found, layout, report)
        for environment in found:
            put_back_all(generation, environment, again, report)
        sync(layout)
    except TeamhubError as error:
        left.problems.append(f"generation {generation.number}: {error.problem}")
        left.remedy = error.remedy
    except OSError as error:
        left.problems.append(f"generation {generation.number}: {error}")
        left.remedy = f"look at the disk of {layout.root}, then: teamhub env repair"
    finally:
        generations.remove(again)
    for environment in found:
        damaged = compare(generation.path / environment).damaged
        left.problems += [
            f"generation {generation.number}, {WHOSE[environment]}: {package}: {some(paths)}"
            for package, paths in damaged.items()
        ]
    return left


def make_again(
    again: Path,
    generation: Generation,
    found: Mapping[str, Differences],
    layout: Layout,
    report: Report,
) -> None:
    """Fill the folder `again` with a generation's damaged environments, pip's packages included."""
    lock, made = generation.path / LOCK_NAME, generation.made
    specs = requested_specs(layout.channel)
    with rattler_process(retry_env_command()) as rattler:
        compare_cache(rattler, lock, layout, report)
        for environment in found:
            rattler.call(write_prefix, again, environment, lock, specs[environment], layout)
    pips = {package.name for package in made.pip_packages}
    if "user" in found and pips & found["user"].damaged.keys():
        pip_packages.install(again / "user", made.team.pip, made.pip_packages, layout, report)


def put_back_all(generation: Generation, environment: str, again: Path, report: Report) -> None:
    """Put back each file of an environment that is not as it was recorded, and report them."""
    prefix, source = generation.path / environment, again / environment
    # One that is gone from people's environment was removed with conda.
    if environment == "hub" or not (prefix / "conda-meta").is_dir():
        for record in (source / "conda-meta").iterdir():
            if not (prefix / "conda-meta" / record.name).exists():
                put_back(record, prefix / "conda-meta" / record.name, source, prefix)
    repaired: dict[str, list[str]] = {}
    for _ in range(PASSES):
        records = recorded(prefix)
        for package, paths in compare(prefix).damaged.items():
            for path in paths:
                # conda's record of a package is not recorded itself
                sha256 = "" if path.startswith("conda-meta/") else hexadecimal(records[path].sha256)
                if put_back(source / path, prefix / path, source, prefix, sha256):
                    repaired.setdefault(package, []).append(path)
    for package, paths in repaired.items():
        whose = WHOSE[environment]
        report(f"repaired in generation {generation.number}, {whose}: {package}: {some(paths)}")


def put_back(source: Path, target: Path, again: Path, prefix: Path, sha256: str = "") -> bool:
    """Have `target` be what `source` is in a prefix that was made again; whether it could.

    It could not if there is no such file, or if it does not have the hash that was recorded.
    """
    if not os.path.lexists(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    theirs, ours = os.fsencode(again), os.fsencode(prefix)
    if source.is_symlink():
        new.symlink_to(os.fsdecode(os.fsencode(source.readlink()).replace(theirs, ours)))
    elif source.stat().st_nlink > 1:
        new.hardlink_to(source)
    else:
        new.write_bytes(source.read_bytes().replace(theirs, ours))
        new.chmod(source.stat().st_mode)
    if sha256 and file_hash(str(new)) != sha256:
        new.unlink()
        return False
    new.replace(target)
    return True
