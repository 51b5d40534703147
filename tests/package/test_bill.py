"""The bill of materials inside the package is CycloneDX's, and says what ships."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from package.built import BuiltPackage
from support.checkout import REPOSITORY
from teamhub_build.wheelhouse import read_pins
from teamhub_shared import BILL

Component = dict[str, Any]


@pytest.fixture(scope="session")
def text(package: BuiltPackage) -> str:
    return (package.root / BILL.relative_to("/")).read_text("utf-8")


@pytest.fixture(scope="session")
def components(text: str) -> list[Component]:
    found: list[Component] = json.loads(text)["components"]
    return found


def test_it_has_the_form_that_it_says(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_is_found_where_documents_are(package: BuiltPackage) -> None:
    link = package.root / "usr/share/doc/teamhub" / BILL.name
    assert link.resolve() == (package.root / BILL.relative_to("/")).resolve()


def test_it_names_exactly_the_conda_packages_that_ship(
    package: BuiltPackage, components: list[Component]
) -> None:
    shipped = {}
    for repodata in package.channel.glob("*/repodata.json"):
        for entry in json.loads(repodata.read_text("utf-8"))["packages.conda"].values():
            shipped[entry["name"], entry["version"]] = entry["sha256"]
    listed = {
        (each["name"], each["version"]): each["hashes"][0]["content"]
        for each in components
        if each["purl"].startswith("pkg:conda/")
    }
    assert listed == shipped


def test_every_wheel_has_the_hash_that_pins_it(
    package: BuiltPackage, components: list[Component]
) -> None:
    pins = read_pins(REPOSITORY / "locks" / package.suite.codename / "wheels.txt")
    pinned = {pin.name: pin.hashes for pin in pins}
    inside = [each for component in components for each in component.get("components", [])]
    wheels = [each for each in inside if each["purl"].startswith("pkg:pypi/")]
    assert len(wheels) > 50
    for wheel in wheels:
        assert {each["content"] for each in wheel["hashes"]} == pinned[wheel["name"]]
    modules = [each for each in inside if each["purl"].startswith("pkg:npm/")]
    assert len(modules) > 10
    assert [each["purl"] for each in modules if "hashes" not in each] == []


def test_it_names_what_is_outside_the_channel(
    package: BuiltPackage, components: list[Component]
) -> None:
    outside = {each["name"] for each in components if not each["purl"].startswith("pkg:conda/")}
    assert outside == {"py-rattler", "nodejs", f"python{package.suite.python}"}


def test_its_time_is_the_changelogs(package: BuiltPackage, text: str) -> None:
    changelog = package.entries["usr/share/doc/teamhub/changelog.gz"].mtime
    said = json.loads(text)["metadata"]["timestamp"]
    assert datetime.fromisoformat(said) == datetime.fromtimestamp(changelog, UTC)
