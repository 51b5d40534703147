"""Everything that is installed is known by the names that advisories have for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.conda_channel import Channel
from teamhub.environment.audit import inventory
from teamhub.environment.audit.inventory import UPDATE, UPGRADE, UPGRADE_DEBIAN, Installed, LostBill
from teamhub.environment.audit.versions import DEBIAN, NPM, PYPI
from teamhub.environment.store.damaged import DamagedStore
from unit.teamhub.environment.conftest import Server

SITE = "lib/python3.11/site-packages"


def distribution(name: str, version: str) -> dict[str, str]:
    """The folder of metadata that an installer of Python packages leaves."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {f"{SITE}/{name.replace('-', '_')}-{version}.dist-info/METADATA": metadata}


def module(path: str, version: str) -> dict[str, str]:
    return {f"lib/node_modules/{path}/package.json": json.dumps({"version": version})}


def installed(server: Server) -> dict[tuple[str, str], Installed]:
    """What the current generation has, by name and environment."""
    found = inventory.installed(server.state.needed_current, server.layout)
    return {(each.name, each.environment): each for each in found}


def configured(tmp_path: Path, embedded: Channel) -> Server:
    server = Server(tmp_path, embedded)
    server.ship()
    server.configure()
    return server


def test_what_ships_is_known_by_its_record(tmp_path: Path, embedded: Channel) -> None:
    purls = ["pkg:pypi/jupyterhub@6.2", "pkg:npm/%40scope/thing@1.0.0"]
    embedded.add("jupyterhub", "6.2", purls=purls)
    found = installed(configured(tmp_path, embedded))
    for environment in ("hub", "user"):
        assert found["jupyterhub", environment] == Installed(
            PYPI, "", "jupyterhub", "6.2", environment, UPGRADE
        )
        assert found["@scope/thing", environment].ecosystem == NPM


def test_debians_packages_have_the_version_that_the_server_has(
    tmp_path: Path, embedded: Channel
) -> None:
    purls = ["pkg:deb/debian/dpkg", "pkg:deb/debian/no-such-package", "pkg:deb/debian/--help"]
    embedded.add("jupyterhub", "6.2", purls=purls)
    found = installed(configured(tmp_path, embedded))
    command = ["dpkg-query", "--show", "--showformat=${source:Version}", "dpkg"]
    version = subprocess.check_output(command, text=True)
    debians = [each for each in found.values() if each.ecosystem == DEBIAN]
    assert {(each.name, each.version, each.remedy) for each in debians} == {
        ("dpkg", version, UPGRADE_DEBIAN)
    }
    assert all(each.release.isdigit() for each in debians)


def test_a_channels_packages_are_known_by_what_they_have_on_the_disk(
    server: Server, other: Channel
) -> None:
    files = {**distribution("Some-Thing", "3.0"), **module("proxy", "1.0.0")}
    files |= module("proxy/node_modules/@scope/inner", "2.0.0")
    files |= module("broken", "1.0.0")
    files["lib/node_modules/broken/package.json"] = "nonsense"
    other.add("extra", "2.0", files=files)
    server.ask("extra", channels=[other.url])
    server.apply()
    found = installed(server)
    assert found["some-thing", "user"] == Installed(PYPI, "", "some-thing", "3.0", "user", UPDATE)
    assert found["proxy", "user"].version == "1.0.0"
    assert found["@scope/inner", "user"].version == "2.0.0"
    assert ("some-thing", "hub") not in found
    assert ("broken", "user") not in found
    assert ("extra", "user") not in found  # a name of conda's


def test_what_pip_installed_is_known(server: Server) -> None:
    for path, text in distribution("by_hand", "1.5").items():
        file = server.current / "user" / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
    assert installed(server)["by-hand", "user"].remedy == UPDATE


def test_what_the_server_itself_runs_is_known(server: Server) -> None:
    rattler = installed(server)["py-rattler", inventory.OWN_CODE]
    assert (rattler.version, rattler.remedy) == ("0.28.0", UPGRADE)


@pytest.mark.parametrize(
    "text", [None, "", "[" * 10_000, "[]", '{"components": [{}]}', '{"components": [{"purl": 1}]}']
)
def test_a_bill_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    bill = tmp_path / "teamhub.cdx.json"
    if text is not None:
        bill.write_text(text)
    with pytest.raises(LostBill, match=str(bill)):
        list(inventory.own_code(bill))


def test_a_record_that_cannot_be_read_is_named(server: Server) -> None:
    record = next((server.current / "user/conda-meta").glob("library-*.json"))
    record.unlink()
    record.write_text("nonsense")
    with pytest.raises(DamagedStore, match=str(record)):
        installed(server)


@pytest.mark.parametrize(
    ("purl", "known"),
    [
        ("pkg:pypi/Some_Thing@1.0", (PYPI, "some-thing", "1.0")),
        ("pkg:pypi/thing@1.0%2Blocal?file=x#y", (PYPI, "thing", "1.0+local")),
        ("pkg:npm/%40scope/thing@1.0.0", (NPM, "@scope/thing", "1.0.0")),
        ("pkg:deb/debian/nodejs", (DEBIAN, "nodejs", "")),
        ("pkg:cargo/thing@1.0", None),
        ("thing", None),
    ],
)
def test_a_package_url_is_read(purl: str, known: tuple[str, str, str] | None) -> None:
    assert inventory.of_purl(purl) == known


@given(purl=st.text() | st.from_regex(inventory.PURL))
def test_any_text_is_a_package_url_or_none(purl: str) -> None:
    known = inventory.of_purl(purl)
    assert known is None or known[1]
