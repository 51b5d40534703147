"""A wheelhouse holds exactly the pinned wheels, or the build stops and says which one is wrong."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from teamhub_build.progress import Progress
from teamhub_build.wheelhouse import InputError, Target, check_wheels, fetch_wheels, read_pins

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
WRONG = "0" * 64


def write_wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    """A real wheel, as small as pip takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "wheels.txt"


def fetch(lock: Path, folder: Path, *, offline: bool = False) -> list[Path]:
    return fetch_wheels(
        lock,
        folder,
        target=Target(PYTHON),
        pip=[sys.executable, "-m", "pip"],
        log=folder.parent / "log",
        offline=offline,
        progress=Progress(),
    )


class TestReadPins:
    """Lock files in pip's requirements format."""

    def test_reads_names_versions_and_all_hashes(self, lock: Path) -> None:
        first, second = "1" * 64, "2" * 64
        lock.write_text(
            "# made by make lock\n"
            f"Zope.Interface==7.0 ; python_version < '3.14' \\\n    --hash=sha256:{first} \\\n"
            f"    --hash=sha256:{second}\n    # via nothing\nabc==1 --hash=sha256:{first}\n"
        )
        zope, abc = read_pins(lock)
        assert (zope.name, zope.version, *sorted(zope.hashes)) == (
            *("zope-interface", "7.0"),
            *(first, second),
        )
        assert (abc.name, abc.version, *abc.hashes) == ("abc", "1", first)

    @pytest.mark.parametrize("line", ["numpy>=2", "numpy==2.0", "-e ."])
    def test_refuses_what_is_not_pinned_by_hash(self, lock: Path, line: str) -> None:
        lock.write_text(line + "\n")
        with pytest.raises(InputError, match="without an exact pin"):
            read_pins(lock)


class TestFetchWheels:
    """A real pip, with a folder for an index."""

    def test_downloads_what_is_missing(self, index: Path, lock: Path, tmp_path: Path) -> None:
        wheel = write_wheel(index, "rhea")
        lock.write_text(f"rhea==1.0 --hash=sha256:{sha256(wheel)}\n")
        fetched = fetch(lock, tmp_path / "wheels")
        assert [path.read_bytes() for path in fetched] == [wheel.read_bytes()]
        assert [path.name for path in (tmp_path / "wheels").iterdir()] == [wheel.name]

    def test_needs_no_index_for_what_is_there(self, lock: Path, tmp_path: Path) -> None:
        wheel = write_wheel(tmp_path / "wheels", "rhea")
        lock.write_text(f"rhea==1.0 --hash=sha256:{sha256(wheel)}\n")
        assert fetch(lock, tmp_path / "wheels", offline=True) == [wheel]

    def test_names_a_download_that_differs_with_both_hashes(
        self, index: Path, lock: Path, tmp_path: Path
    ) -> None:
        wheel = write_wheel(index, "rhea")
        lock.write_text(f"rhea==1.0 --hash=sha256:{WRONG}\n")
        with pytest.raises(InputError) as refused:
            fetch(lock, tmp_path / "wheels")
        assert refused.value.problem.startswith("rhea==1.0 ")
        assert f"expected sha256 {WRONG}, got {sha256(wheel)}" in refused.value.problem

    def test_names_a_kept_wheel_that_was_changed(self, lock: Path, tmp_path: Path) -> None:
        wheel = write_wheel(tmp_path / "wheels", "rhea")
        pinned = sha256(wheel)
        lock.write_text(f"rhea==1.0 --hash=sha256:{pinned}\n")
        wheel.write_bytes(wheel.read_bytes() + b"\0")
        with pytest.raises(InputError) as refused:
            fetch(lock, tmp_path / "wheels", offline=True)
        assert f"rhea==1.0 is not what its pin says: expected sha256 {pinned}, got " in str(
            refused.value
        )
        assert str(wheel) in refused.value.problem

    def test_offline_names_what_was_never_fetched(self, lock: Path, tmp_path: Path) -> None:
        lock.write_text(f"rhea==1.0 --hash=sha256:{WRONG}\n")
        with pytest.raises(InputError, match=r"1 of 1 wheels .* rhea 1\.0"):
            fetch(lock, tmp_path / "wheels", offline=True)


class TestCheckWheels:
    """What is in the folder already."""

    def test_deletes_wheels_that_are_no_longer_pinned(self, lock: Path, tmp_path: Path) -> None:
        old = write_wheel(tmp_path, "rhea", "0.9")
        new = write_wheel(tmp_path, "rhea", "1.0")
        lock.write_text(f"rhea==1.0 --hash=sha256:{sha256(new)}\n")
        assert check_wheels(read_pins(lock), tmp_path) == ([new], [])
        assert not old.exists()


class TestTarget:
    """The platforms that pip is given."""

    def test_takes_every_manylinux_up_to_its_glibc_and_none_newer(self) -> None:
        options = Target("3.13", "2.41").pip_options
        assert "--platform=manylinux_2_41_x86_64" in options
        assert "--platform=manylinux_2_17_x86_64" in options
        assert "--platform=manylinux_2_42_x86_64" not in options
