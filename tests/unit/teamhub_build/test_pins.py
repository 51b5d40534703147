"""Pins name a version and one hash, and no address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.tags import Tag

from teamhub_build.pins import PinError, supported_tags, wheel_pins
from teamhub_build.suites import SUITES, Suite
from teamhub_build.wheelhouse import read_pins
from unit.teamhub_build.conftest import MakeWheel

LOCKS = Path(__file__).parents[3] / "locks"
BOOKWORM, TRIXIE = SUITES["bookworm"], SUITES["trixie"]


class TestResolution:
    """uv, run for real on a folder of wheels."""

    @pytest.fixture
    def locks(self, tmp_path: Path, wheel_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        settings = tmp_path / "uv.toml"
        settings.write_text(f'no-index = true\nfind-links = ["{wheel_folder}"]\n', "utf-8")
        monkeypatch.setenv("UV_CONFIG_FILE", str(settings))
        (tmp_path / "locks").mkdir()
        (tmp_path / "locks/wheels.in").write_text("app\n", "utf-8")
        return tmp_path / "locks"

    def test_the_hash_is_of_the_wheel_that_the_suite_prefers(
        self, locks: Path, make_wheel: MakeWheel
    ) -> None:
        make_wheel("app")
        make_wheel("app", tag="cp311-cp311-manylinux_2_28_x86_64")
        best = make_wheel("app", tag="cp313-cp313-manylinux_2_28_x86_64")
        make_wheel("app", tag="cp313-cp313-macosx_11_0_arm64")
        assert pinned_hashes(wheel_pins(locks, TRIXIE), locks) == {"app": best.sha256}

    def test_a_wheel_for_a_newer_glibc_is_not_taken(
        self, locks: Path, make_wheel: MakeWheel
    ) -> None:
        older = make_wheel("app", tag="cp311-abi3-manylinux_2_36_x86_64")
        make_wheel("app", tag="cp311-cp311-manylinux_2_39_x86_64")
        assert pinned_hashes(wheel_pins(locks, BOOKWORM), locks) == {"app": older.sha256}

    def test_what_the_channel_leaves_out_is_not_pinned(
        self, locks: Path, make_wheel: MakeWheel
    ) -> None:
        make_wheel("app", requires=["rfc3987-syntax"])
        make_wheel("rfc3987-syntax")
        assert pinned_hashes(wheel_pins(locks, TRIXIE), locks).keys() == {"app"}

    def test_a_requirement_that_nothing_satisfies_is_named(self, locks: Path) -> None:
        with pytest.raises(PinError, match="app"):
            wheel_pins(locks, TRIXIE)


def pinned_hashes(text: str, folder: Path) -> dict[str, str]:
    """The one hash of every pin."""
    (folder / "wheels.txt").write_text(text, "utf-8")
    return {pin.name: sha256 for pin in read_pins(folder / "wheels.txt") for sha256 in pin.hashes}


class TestPlatforms:
    """Which wheels a suite runs."""

    @pytest.mark.parametrize("suite", SUITES.values(), ids=list(SUITES))
    def test_an_extension_for_this_very_python_comes_first(self, suite: Suite) -> None:
        abi = f"cp{suite.python.replace('.', '')}"
        newest = f"manylinux_2_{suite.glibc.partition('.')[2]}_x86_64"
        assert next(iter(supported_tags(suite))) == Tag(abi, abi, newest)
        assert Tag("py3", "none", "any") in supported_tags(suite)


class TestCommittedPins:
    """The files under locks/."""

    @pytest.mark.parametrize("suite", SUITES)
    def test_a_wheel_is_pinned_by_one_hash_and_no_address(self, suite: str) -> None:
        assert all(len(pin.hashes) == 1 for pin in read_pins(LOCKS / suite / "wheels.txt"))
        assert "://" not in (LOCKS / suite / "wheels.txt").read_text("utf-8")

    def test_an_npm_package_is_pinned_by_its_integrity_and_no_address(self) -> None:
        lock = json.loads((LOCKS / "npm/package-lock.json").read_text("utf-8"))
        packages = {path: entry for path, entry in lock["packages"].items() if path}
        assert "node_modules/configurable-http-proxy" in packages
        for entry in packages.values():
            assert entry["integrity"].startswith("sha512-")
            assert "resolved" not in entry
