"""The package's bill of materials (SBOM): what ships, in CycloneDX's form, made out of the lock.

    teamhub                     the .deb
      conda package             as the lock has it, with its own hash
        wheel, npm package      what it was made of, with the hash of its pin
      py-rattler                which the server's own code uses
      nodejs, python3.11        Debian's, which are not in the .deb: apt installs and updates them

The same inputs give the same bytes: the time is the changelog's, the serial number the content's.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.version import Version

from teamhub_build.own_process import in_own_process
from teamhub_build.packages.wheel import Wheel, licence_of
from teamhub_build.release import Release
from teamhub_build.solver import Record, locked_environments
from teamhub_build.suites import EVERY_SUITE
from teamhub_build.variant import Variant
from teamhub_build.wheelhouse import read_pins
from teamhub_shared import LOCK_NAME

#: Debian's own packages, which conda packages of the embedded channel stand for.
NOT_INSIDE = "deb"


@dataclass(frozen=True)
class Input:
    """What the embedded channel is made of: one file."""

    hash: HashType
    #: Empty where the pin does not say it.
    licence: str = ""


#: By their package URLs.
Inputs = Mapping[str, Input]


def write_bill(
    out: Path,
    *,
    channel: Path,
    variant: Variant,
    release: Release,
    repository: Path,
    vendored: Iterable[Path],
) -> None:
    """Writes the bill of the package whose lock is in the folder `channel`.

    `repository` has the pins of what the embedded channel is made of; `vendored` are the wheels
    that ship unpacked.
    """
    records = in_own_process(locked_environments, channel / LOCK_NAME)
    inputs = dict(pinned_inputs(repository / "locks", variant)) if variant.is_embedded else {}
    bom = Bom(
        # every document without a number of its own gets one at random
        serial_number=uuid.UUID(int=0),
        metadata=BomMetaData(
            component=package_component(release),
            timestamp=datetime.fromtimestamp(release.epoch, UTC),
        ),
    )
    add_packages(bom, records, inputs)
    for wheel in map(Wheel, vendored):
        bom.components.add(wheel_component(wheel))
    assert bom.metadata.component is not None  # noqa: S101 - given above; for mypy
    bom.register_dependency(bom.metadata.component, bom.components)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, rendered(bom))
    out.write_text(rendered(bom), "utf-8")


def rendered(bom: Bom) -> str:
    """The text of a bill."""
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def package_component(release: Release) -> Component:
    """The .deb itself."""
    suite = release.suite.codename
    distro = {} if release.suite == EVERY_SUITE else {"distro": suite}
    purl = PackageURL("deb", "teamhub", "teamhub", release.version, {"arch": "amd64", **distro})
    return component(purl, ComponentType.APPLICATION, "BSD-3-Clause")


def add_packages(bom: Bom, records: Mapping[str, Sequence[Record]], inputs: Inputs) -> None:
    """Add every conda package of all environments, and what each needs of the others."""
    environments: dict[str, list[str]] = defaultdict(list)
    for environment, locked in records.items():
        for record in locked:
            environments[record["url"]].append(environment)
    by_url = {record["url"]: record for locked in records.values() for record in locked}
    added = {
        url: conda_component(record, environments[url], inputs) for url, record in by_url.items()
    }
    bom.components.update(added.values())
    needed: dict[str, list[Component]] = {url: [] for url in added}
    for locked in records.values():
        by_name = {record["name"]: record["url"] for record in locked}
        for record in locked:
            names = (spec.split()[0] for spec in record["depends"])
            # a virtual package, such as __glibc, is none
            needed[record["url"]] += [added[by_name[name]] for name in names if name in by_name]
    for url, record in by_url.items():
        outside = [
            component(purl, ComponentType.APPLICATION)
            for purl in purls(record)
            if purl.type == NOT_INSIDE
        ]
        for each in outside:
            each.description = "Debian's own, which is not inside: apt installs and updates it"
        bom.components.update(outside)
        bom.register_dependency(added[url], [*needed[url], *outside])


def conda_component(record: Record, environments: Sequence[str], inputs: Inputs) -> Component:
    """One package of the lock, with what it was made of inside it."""
    channel = record["url"].removesuffix(f"/{record['subdir']}/{record['fn']}")
    purl = PackageURL(
        "conda",
        name=record["name"],
        version=record["version"],
        qualifiers={
            "build": record["build"],
            "channel": channel,
            "subdir": record["subdir"],
            "type": "conda" if record["fn"].endswith(".conda") else "tar.bz2",
        },
    )
    licence = record.get("license") or ""
    found = component(purl, ComponentType.LIBRARY, licence)
    found.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=record["sha256"]))
    found.properties.update(Property(name="teamhub:environment", value=e) for e in environments)
    found.components.update(
        input_component(inner, purl, licence, inputs)
        for inner in purls(record)
        if inner.type != NOT_INSIDE
    )
    return found


def input_component(
    purl: PackageURL, inside: PackageURL, licence: str, inputs: Inputs
) -> Component:
    """What a conda package was made of, with the hash of the file that it came in."""
    pinned = inputs.get(purl.to_string())
    if purl.type != "pypi":
        # a conda package has its wheel's licence, and npm's modules their own
        licence = pinned.licence if pinned else ""
    found = component(purl, ComponentType.LIBRARY, licence, inside)
    if pinned:
        found.hashes.add(pinned.hash)
    return found


def wheel_component(wheel: Wheel) -> Component:
    """A wheel that ships unpacked."""
    purl = PackageURL("pypi", name=wheel.project, version=str(wheel.metadata.version))
    found = component(purl, ComponentType.LIBRARY, licence_of(wheel.metadata))
    found.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256))
    return found


def component(
    purl: PackageURL, kind: ComponentType, licence: str = "", inside: PackageURL | None = None
) -> Component:
    """A component that is known by its package URL, alone or as a part of another one."""
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=purl.version,
        type=kind,
        purl=purl,
        bom_ref=f"{inside.to_string()}/{purl.to_string()}" if inside else purl.to_string(),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def purls(record: Record) -> list[PackageURL]:
    """What a conda package says that it is made of, or stands for, in other ecosystems."""
    return [PackageURL.from_string(purl) for purl in record.get("purls") or ()]


def pinned_inputs(locks: Path, variant: Variant) -> Iterator[tuple[str, Input]]:
    """Everything that the embedded channel is made of, by its package URL."""
    for pin in read_pins(locks / variant.suite.codename / "wheels.txt"):
        (sha256,) = pin.hashes
        wheel = PackageURL("pypi", name=pin.name, version=str(Version(pin.version)))
        yield wheel.to_string(), Input(HashType(alg=HashAlgorithm.SHA_256, content=sha256))
    packages = json.loads((locks / "npm/package-lock.json").read_text("utf-8"))["packages"]
    for path, package in packages.items():
        algorithm, _, digest = package.get("integrity", "").partition("-")
        if algorithm == "sha512":
            namespace, _, name = path.rpartition("node_modules/")[2].rpartition("/")
            module = PackageURL("npm", namespace or None, name, package["version"])
            sha512 = HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(digest).hex())
            yield module.to_string(), Input(sha512, package.get("license", ""))
