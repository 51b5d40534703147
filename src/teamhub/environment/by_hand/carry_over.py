"""Changes by hand of the current environment, taken over into the next one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.by_hand.files import Differences
from teamhub.environment.conda.packages import is_embedded, read_record
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import Package
from teamhub.environment.team.edit import with_packages
from teamhub.environment.team.file import TeamPackages
from teamhub_shared import TeamhubError

#: How many of many files are named.
NAMED = 5


class ChangedByHand(TeamhubError):
    """The environment has changes by hand that a new one would lose."""


def refuse_losses(found: Changes) -> None:
    """Raise ChangedByHand if a new generation would lose something."""
    lost = losses(found)
    if lost:
        raise ChangedByHand(
            "\n  ".join(["the current environment was changed by hand:", *lost]),
            "see all of it with `teamhub env verify`, save what you need, then: "
            "teamhub env apply --discard",
        )


def losses(found: Changes) -> list[str]:
    """Those of these changes that no new generation can have, a line each."""
    lines = [f"{name}: removed with conda" for name in found.conda_removed]
    lines += [f"{name}: removed with pip" for name in found.pip_removed]
    replaced = {package.name for package in found.conda_added}
    for what, files in (("changed", found.edited), ("removed", found.missing)):
        for name, paths in files.items():
            if name not in {*replaced, *found.conda_removed, *found.pip_removed}:
                lines.append(f"{name}: {what}: {some(paths)}")
    if found.unknown:
        lines.append(f"not of any package: {some(found.unknown)}")
    return lines


def describe(found: Changes | Differences, prefix: str = "") -> list[str]:
    """All of these changes, a line for each file or package; `prefix` comes before the paths."""
    lines = []
    if isinstance(found, Changes):
        lines += [f"installed with conda: {each.name} {each.version}" for each in found.conda_added]
        lines += [f"removed with conda: {name}" for name in found.conda_removed]
        lines += [f"installed with pip: {each.name} {each.version}" for each in found.pip_added]
        lines += [f"removed with pip: {name}" for name in found.pip_removed]
    for what, files in (("changed", found.edited), ("removed", found.missing)):
        lines += [
            f"{what}: {name}: {prefix}{path}" for name, paths in files.items() for path in paths
        ]
    return [*lines, *(f"not of any package: {prefix}{path}" for path in found.unknown)]


def some(paths: Iterable[str]) -> str:
    """The first few of many files."""
    listed = list(paths)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more


def packages(found: Changes, generation: Generation, layout: Layout) -> TeamPackages:
    """What conda and pip were asked to install, and what was carried into this generation."""
    conda = requested(found.conda_added, generation.user)
    channels = (package.channel for package in conda if package.channel)
    new = TeamPackages(
        tuple(channel for channel in channels if not is_embedded(channel, layout.channel)),
        tuple(f"{package.name} =={package.version}" for package in conda),
        tuple(f"{package.name}=={package.version}" for package in found.pip_added),
    )
    return generation.made.carried + new


def into_text(text: str, path: Path, carried: TeamPackages) -> str:
    """environment.yml's text with these packages."""
    text = with_packages(text, path, "channels", carried.channels)
    text = with_packages(text, path, "dependencies", carried.specs)
    return with_packages(text, path, "pip", carried.pip)


def requested(packages: Iterable[Package], prefix: Path) -> list[Package]:
    """Those that somebody asked for by name; all of them if conda did not record that."""
    listed = list(packages)
    asked = [package for package in listed if asked_for(prefix, package)]
    return asked or listed


def asked_for(prefix: Path, package: Package) -> bool:
    """Whether conda's record of a package has the spec by which it was asked for."""
    record = read_record(prefix / "conda-meta" / f"{package.stem}.json")
    specs = record.get("requested_specs") or [record.get("requested_spec")]
    return any(spec not in (None, "", "None") for spec in specs)  # "None" is how conda says it
