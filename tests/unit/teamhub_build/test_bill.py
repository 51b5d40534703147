"""The bill of materials names what ships, as the lock and the pins have it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support.conda_channel import Channel
from teamhub_build.bill import write_bill
from teamhub_build.channel import write_channel
from teamhub_build.lock import write_lock
from teamhub_build.release import Release
from teamhub_build.repodata import read_repodata
from teamhub_build.suites import EVERY_SUITE, machine_suite
from teamhub_build.variant import Variant
from teamhub_shared import CHANNEL_DIR
from unit.teamhub_build.conftest import write_npm_prefix, write_text, write_wheel

Component = dict[str, Any]
SUITE = machine_suite()
#: 2026-11-26 15:00 in UTC.
EPOCH = 1795705200
SHA512 = hashlib.sha512(b"the proxy's tarball")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the pins of two wheels and the proxy, and what ships of a channel of them."""
    folder, suite = tmp_path_factory.mktemp("repository"), SUITE
    (folder / "wheels").mkdir()
    wheels = [
        write_wheel(folder / "wheels", "app", requires=["Some.Library>=2"]),
        write_wheel(folder / "wheels", "some-library", "2.5"),
    ]
    pins = "".join(f"{w.project}=={w.metadata.version} --hash=sha256:{w.sha256}\n" for w in wheels)
    write_text(folder / "locks" / suite.codename / "wheels.txt", pins)
    integrity = f"sha512-{base64.b64encode(SHA512.digest()).decode()}"
    proxy = {"version": "5.3.0", "license": "BSD-3-Clause", "integrity": integrity}
    lock = {"packages": {"": {}, "node_modules/configurable-http-proxy": proxy}}
    write_text(folder / "locks/npm/package-lock.json", json.dumps(lock))
    module = {"name": "@scope/inner", "version": "1.0.0"}
    npm_prefix = write_npm_prefix(folder / "npm")
    write_text(
        npm_prefix / "node_modules/helper/node_modules/@scope/inner/package.json",
        json.dumps(module),
    )
    write_channel(
        folder / "channel",
        suite=suite,
        wheels=folder / "wheels",
        npm_prefix=npm_prefix,
        cache=folder / "cache",
        progress=print,
    )
    specs = {"hub": ["app", "configurable-http-proxy"], "user": ["some-library"]}
    write_lock(folder / "channel", folder / "shipped", specs=specs, suite=suite,
               channel_url=CHANNEL_DIR.as_uri())  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def bill(repository: Path) -> dict[str, Any]:
    """The bill of a package that also carries a wheel unpacked."""
    vendored = write_wheel(repository, "py-rattler", "0.28.0")
    return written(repository, Variant(SUITE, "minimal"), [vendored.path])


def written(repository: Path, variant: Variant, vendored: list[Path]) -> dict[str, Any]:
    out = repository / "teamhub.cdx.json"
    write_bill(
        out,
        channel=repository / "shipped",
        variant=variant,
        release=Release(variant.suite, "0.2.0", EPOCH),
        repository=repository,
        vendored=vendored,
    )
    text = out.read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def named(components: list[Component], start: str) -> Component:
    (found,) = (each for each in components if each["purl"].startswith(start))
    return found


def every(components: list[Component]) -> Iterator[Component]:
    for component in components:
        yield component
        yield from every(component.get("components", []))


def test_every_package_of_the_lock_is_named_with_its_hash(
    bill: dict[str, Any], repository: Path
) -> None:
    listed = {
        (each["name"], each["version"], each["hashes"][0]["content"])
        for each in bill["components"]
        if each["purl"].startswith("pkg:conda/")
    }
    assert listed == {
        (record["name"], record["version"], record["sha256"])
        for record in read_repodata(repository / "shipped")
    }


def test_it_says_which_environments_have_a_package(bill: dict[str, Any]) -> None:
    environments = {
        component["name"]: [each["value"] for each in component["properties"]]
        for name in ("app", "some-library")
        for component in [named(bill["components"], f"pkg:conda/{name}@")]
    }
    assert environments == {"app": ["hub"], "some-library": ["hub", "user"]}


def test_a_wheel_is_inside_its_conda_package_with_its_own_hash(
    bill: dict[str, Any], repository: Path
) -> None:
    (wheel,) = named(bill["components"], "pkg:conda/some-library@2.5?build=")["components"]
    assert wheel["purl"] == "pkg:pypi/some-library@2.5"
    file = repository / "wheels/some_library-2.5-py3-none-any.whl"
    assert wheel["hashes"][0]["content"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_proxys_modules_are_inside_it(bill: dict[str, Any]) -> None:
    proxy = named(bill["components"], "pkg:conda/configurable-http-proxy@")
    assert {each["purl"] for each in proxy["components"]} == {
        "pkg:npm/configurable-http-proxy@5.3.0",
        "pkg:npm/%40scope/inner@1.0.0",
    }
    own = named(proxy["components"], "pkg:npm/configurable-http-proxy@")
    assert own["hashes"] == [{"alg": "SHA-512", "content": SHA512.hexdigest()}]
    assert own["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    inner = named(proxy["components"], "pkg:npm/%40scope")
    assert (inner["group"], inner["name"]) == ("@scope", "inner")


def test_debians_own_are_needed_and_not_inside(bill: dict[str, Any]) -> None:
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    python = named(bill["components"], "pkg:conda/python@")
    debians = f"pkg:deb/debian/python{SUITE.python}"
    assert "components" not in python
    assert debians in needs[python["bom-ref"]]
    assert "version" not in named(bill["components"], debians)


def test_what_a_package_needs_is_linked(bill: dict[str, Any]) -> None:
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    app = named(bill["components"], "pkg:conda/app@")["bom-ref"]
    library = named(bill["components"], "pkg:conda/some-library@")["bom-ref"]
    assert library in needs[app]
    top = {component["bom-ref"] for component in bill["components"]}
    assert set(needs[bill["metadata"]["component"]["bom-ref"]]) == top


def test_what_ships_unpacked_is_a_part_of_the_package_itself(bill: dict[str, Any]) -> None:
    rattler = named(bill["components"], "pkg:pypi/py-rattler@0.28.0")
    assert rattler["hashes"][0]["alg"] == "SHA-256"


def test_the_same_inputs_give_the_same_bytes(bill: dict[str, Any], repository: Path) -> None:
    variant = Variant(SUITE, "minimal")
    same = written(repository, variant, list(repository.glob("py_rattler-*.whl")))
    assert json.dumps(same) == json.dumps(bill)
    assert bill["metadata"]["timestamp"] == "2026-11-26T15:00:00+00:00"
    other = written(repository, variant, [])
    assert other["serialNumber"] != bill["serialNumber"]


def test_names_of_components_are_not_shared(bill: dict[str, Any]) -> None:
    references = [each["bom-ref"] for each in every(bill["components"])]
    assert len(references) == len(set(references))


def test_a_package_of_a_channel_has_the_channels_names(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    channel.add("app", depends=["library", "__glibc >=2.17"])
    channel.add("library")
    write_lock(channel.folder, tmp_path / "shipped", specs={"hub": ["app"]}, suite=EVERY_SUITE,
               channel_url="https://conda.example.org/team")  # fmt: skip
    bill = written(tmp_path, Variant(EVERY_SUITE, "minimal", ("conda-forge",)), [])
    assert named(bill["components"], "pkg:conda/app@")["purl"] == (
        "pkg:conda/app@1.0?build=0&channel=https://conda.example.org/team&subdir=noarch&type=conda"
    )
    assert "distro" not in bill["metadata"]["component"]["purl"]
