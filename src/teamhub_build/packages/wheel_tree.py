"""A wheel's files laid out as a conda package's tree."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import installer
from installer.destinations import SchemeDictionaryDestination
from installer.records import RecordEntry
from installer.sources import WheelFile
from installer.utils import Scheme

from teamhub_build.packages.conda_file import PREFIX_PLACEHOLDER
from teamhub_build.packages.debug_info import without_debug_info
from teamhub_build.packages.left_out import is_left_out
from teamhub_build.packages.wheel import Wheel, WheelError
from teamhub_build.suites import Suite

if TYPE_CHECKING:
    from installer.scripts import ScriptSection
    from installer.sources import WheelContentElement


def write_wheel_tree(wheel: Wheel, tree: Path, suite: Suite) -> tuple[str, ...]:
    """Lays `wheel` out under `tree` as conda expects it; returns the entry points left to conda.

    A package that fits any Python is laid out as noarch python (site-packages/, python-scripts/,
    entry points left to the installer; CEP 20 for abi3), another as it stands in the prefix.
    What a server never uses stays behind, and is not in the installed RECORD either.
    Raises WheelError where a file differs from the wheel's own RECORD.
    """
    destination = _PrefixDestination(wheel, tree, suite)
    with _ServedWheel.open(wheel.path) as source:
        try:
            source.validate_record(validate_contents=True)
            installer.install(source, destination, {"INSTALLER": b"conda\n"})
        except ValueError as error:
            raise WheelError(
                f"{wheel.path.name} is not a valid wheel: {error}",
                "pin another version of it in locks/wheels.in, and report this one to its project",
            ) from error
    if wheel.fits_any_python:
        _rename(tree / f"lib/python{suite.python}/site-packages", tree / "site-packages")
        _rename(tree / "bin", tree / "python-scripts")
    return tuple(destination.entry_points)


class _ServedWheel(WheelFile):
    """A wheel as far as a server uses it; the installed RECORD is made of what this yields."""

    def get_contents(self) -> Iterator[WheelContentElement]:
        for record, stream, is_executable in super().get_contents():
            if not is_left_out(record[0]):
                content = without_debug_info(stream.read())
                yield record, io.BytesIO(content), is_executable


class _PrefixDestination(SchemeDictionaryDestination):
    """Installs into a prefix; RECORD's paths are those of the installed prefix from the start."""

    def __init__(self, wheel: Wheel, tree: Path, suite: Suite) -> None:
        site_packages = tree / f"lib/python{suite.python}/site-packages"
        super().__init__(
            scheme_dict={
                "purelib": str(site_packages),
                "platlib": str(site_packages),
                "headers": str(tree / f"include/python{suite.python}/{wheel.project}"),
                "scripts": str(tree / "bin"),
                "data": str(tree),
            },
            interpreter=f"{PREFIX_PLACEHOLDER}/bin/python{suite.python}",
            script_kind="posix",
        )
        self.entry_points: list[str] = []
        self._conda_writes_entry_points = wheel.fits_any_python

    def write_script(
        self, name: str, module: str, attr: str, section: ScriptSection
    ) -> RecordEntry:
        if self._conda_writes_entry_points:
            self.entry_points.append(f"{name} = {module}:{attr}")
            return RecordEntry(name, None, None)
        return super().write_script(name, module, attr, section)

    def finalize_installation(
        self,
        scheme: Scheme,
        record_file_path: str,
        records: Iterable[tuple[Scheme, RecordEntry]],
    ) -> None:
        # A script names its prefix, so that it has no hash before it is installed.
        unhashed = [
            (of, RecordEntry(record.path, None, None) if of == "scripts" else record)
            for of, record in records
        ]
        super().finalize_installation(scheme, record_file_path, unhashed)


def _rename(folder: Path, new: Path) -> None:
    if folder.exists():
        folder.rename(new)
        for parent in folder.parents:
            if parent == new.parent or any(parent.iterdir()):
                return
            parent.rmdir()
