"""What a generation was made of: generation.json, written before the generation is complete."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.store.damaged import damaged
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
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, "it does not say what the generation was made of") from error


def parse(text: bytes) -> Manifest:
    """What a manifest says; raises ValueError, KeyError, TypeError or AttributeError."""
    fields = json.loads(text)
    fields["packages"] = tuple(Package(**package) for package in fields["packages"])
    fields["pip_packages"] = tuple(PipPackage(**package) for package in fields["pip_packages"])
    fields["distributions"] = tuple(fields["distributions"])
    for name in ("team", "carried"):
        fields[name] = TeamPackages(**{key: tuple(said) for key, said in fields[name].items()})
    return Manifest(**fields)


def package(record: RepoDataRecord) -> Package:
    """What the manifest says of a package that was installed."""
    return Package(
        record.name.normalized,
        str(record.version),
        str(record.build),
        (record.channel or "").rstrip("/"),
    )
