"""What a generation was made of: generation.json, written before the generation is complete."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from teamhub.environment.store.damaged import check_fields, damaged
from teamhub.environment.team.file import TeamPackages
from teamhub.system.run import write_file

if TYPE_CHECKING:
    from rattler import RepoDataRecord

NAME = "generation.json"


@dataclass(frozen=True)
class Package:
    """One conda package of the user environment."""

    name: str
    version: str
    build: str
    channel: str

    @property
    def stem(self) -> str:
        """The name of the package's file and of its conda-meta record, without an ending."""
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True)
class PipPackage:
    """One package that pip installed into the user environment."""

    name: str
    version: str
    url: str
    #: Of the file that pip installed from; empty if that was a folder or a repository.
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What is known of a generation in addition to its lock."""

    number: int
    #: When it was made, in UTC.
    time: str
    #: install, upgrade or apply.
    reason: str
    #: A hash of the shipped lock and of what the team asked for.
    inputs: str
    #: The id of the shipped lock.
    shipped: str
    #: What the team asked for.
    team: TeamPackages
    #: The part of it that was installed by hand and is not in environment.yml yet.
    carried: TeamPackages
    packages: tuple[Package, ...]
    pip_packages: tuple[PipPackage, ...]
    #: The folders of all Python packages' metadata, relative to the prefix.
    distributions: tuple[str, ...]


def write(generation: Path, manifest: Manifest) -> None:
    """Put a generation's manifest into its folder."""
    text = json.dumps(dataclasses.asdict(manifest), indent=1) + "\n"
    write_file(generation / NAME, text.encode(), mode=0o644)


def read(generation: Path) -> Manifest:
    """A complete generation's manifest.

    Raises DamagedStore if the file is lost, or has something else in it.
    """
    path = generation / NAME
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, "it does not say what the generation was made of") from error


def parse(text: bytes) -> Manifest:
    """What a manifest says.

    Raises ValueError, KeyError, TypeError, AttributeError or RecursionError.
    """
    fields = json.loads(text)
    fields["packages"] = tuple(Package(**each) for each in listed(fields["packages"]))
    fields["pip_packages"] = tuple(PipPackage(**each) for each in listed(fields["pip_packages"]))
    fields["distributions"] = tuple(listed(fields["distributions"]))
    for name in ("team", "carried"):
        asked = {key: tuple(listed(said)) for key, said in fields[name].items()}
        fields[name] = TeamPackages(**asked)
    made = Manifest(**fields)
    for part in (made, made.team, made.carried):
        check_fields(part)
    for package in made.packages:
        check_fields(package)
    for pip_package in made.pip_packages:
        check_fields(pip_package)
    return made


def listed(value: object) -> list[Any]:
    """A list; raises TypeError for anything else, of which a text could be taken for one."""
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def package(record: RepoDataRecord) -> Package:
    """What the manifest says of a package that was installed."""
    return Package(
        record.name.normalized,
        str(record.version),
        str(record.build),
        (record.channel or "").rstrip("/"),
    )
