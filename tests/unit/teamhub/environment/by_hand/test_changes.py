"""What somebody did in a prefix by hand is found, and nothing else is."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment.by_hand import changes
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.store import generations
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.manifest import Package, PipPackage
from unit.teamhub.environment.conftest import Server

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def embedded(embedded: Channel) -> Channel:
    """What ships has a Python package as well, with the metadata that its wheel brought."""
    info = f"{SITE}/module-1.0.dist-info"
    text = "x = 1\n"
    record = f"module.py,sha256={digest(text)},6\nmodule-1.0.dist-info/METADATA,,\n"
    files = {f"{SITE}/module.py": text, f"{info}/METADATA": "", f"{info}/RECORD": record}
    embedded.add("library", "2.0", depends=["module"])
    embedded.add("module", files=files)
    return embedded


@pytest.fixture
def generation(server: Server) -> Generation:
    return generations.read(server.current)


def digest(text: str) -> str:
    """A SHA-256 as a RECORD has it."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def replace(file: Path, text: str) -> None:
    """Change a file as an editor does: the name is another file's then, hardlinks stay."""
    file.unlink()
    file.write_text(text)


def find(generation: Generation) -> Changes:
    """What a change of the environment looks for; `verify` finds the same."""
    found = changes.find(generation, thorough=False)
    assert changes.find(generation, thorough=True) == found
    return found


def test_a_fresh_environment_has_none(generation: Generation) -> None:
    assert not find(generation)
    assert not changes.find_packages(generation)


class TestFiles:
    """Files that were changed with an editor or a shell."""

    def test_one_of_another_content_is_named_with_its_package(self, generation: Generation) -> None:
        replace(generation.user / "share/library/version", "by hand")
        assert find(generation) == Changes(edited={"library": ["share/library/version"]})

    def test_one_of_the_same_content_is_not_changed(self, generation: Generation) -> None:
        replace(generation.user / "share/library/version", "2.0")
        assert not find(generation)

    def test_one_that_is_gone_is_named_with_its_package(self, generation: Generation) -> None:
        (generation.user / "share/library/version").unlink()
        assert find(generation) == Changes(missing={"library": ["share/library/version"]})

    def test_one_of_no_package_is_named(self, generation: Generation) -> None:
        (generation.user / "share/notes").write_text("mine")
        assert find(generation) == Changes(unknown=("share/notes",))

    def test_what_tools_write_for_themselves_is_not(self, generation: Generation) -> None:
        prefix = generation.user
        (prefix / "conda-meta/state").write_text("{}")
        (prefix / "conda-meta/history").write_text("another line\n")
        cache = prefix / f"{SITE}/__pycache__/module.cpython-311.pyc"
        cache.parent.mkdir()
        cache.write_bytes(b"")
        assert not find(generation)

    def test_one_that_hides_its_time_is_found_by_its_content(self, generation: Generation) -> None:
        file = generation.user / "share/library/version"
        times = file.stat(), file.parent.stat()
        replace(file, "by hand")
        for path, status in zip((file, file.parent), times, strict=True):
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert not changes.find(generation, thorough=False)
        assert changes.find(generation, thorough=True).edited == {
            "library": ["share/library/version"]
        }

    def test_packages_alone_are_found_without_a_look_at_files(self, generation: Generation) -> None:
        replace(generation.user / "share/library/version", "by hand")
        assert not changes.find_packages(generation)


class TestPip:
    """What pip did, by the folders of metadata that it leaves (PyPA's specifications)."""

    def install(self, generation: Generation, name: str, version: str, text: str = "") -> Path:
        """Do what pip does for a package with one module; the module."""
        info = generation.user / f"{SITE}/{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
        lines = [f"{name}.py,sha256={digest(text)},", *(f"{info.name}/{n},," for n in
                 ("METADATA", "RECORD"))]  # fmt: skip
        (info / "RECORD").write_text("\n".join(lines) + "\n")
        module = info.parent / f"{name}.py"
        module.write_text(text)
        return module

    def uninstall(self, generation: Generation, name: str, version: str) -> None:
        info = generation.user / f"{SITE}/{name}-{version}.dist-info"
        for file in [*info.iterdir(), info.parent / f"{name}.py"]:
            file.unlink()
        info.rmdir()

    def test_what_it_installed_is_named_and_its_files_are_known(
        self, generation: Generation
    ) -> None:
        self.install(generation, "Some_Thing", "1.0")
        thing = PipPackage("some-thing", "1.0", "", "")
        assert find(generation) == Changes(pip_added=(thing,))
        assert changes.find_packages(generation) == Changes(pip_added=(thing,))

    def test_what_was_changed_in_it_is_named(self, generation: Generation) -> None:
        replace(self.install(generation, "thing", "1.0", "x = 1\n"), "x = 2\n")
        assert find(generation).edited == {"thing": [f"{SITE}/thing.py"]}

    def test_what_it_removed_is_named(self, generation: Generation) -> None:
        self.uninstall(generation, "module", "1.0")
        assert changes.find_packages(generation) == Changes(pip_removed=("module",))

    def test_what_it_replaced_was_installed_and_not_removed(self, generation: Generation) -> None:
        self.uninstall(generation, "module", "1.0")
        self.install(generation, "module", "2.0")
        found = changes.find_packages(generation)
        assert found == Changes(pip_added=(PipPackage("module", "2.0", "", ""),))


class TestConda:
    """What conda did, by its records."""

    def test_what_it_installed_is_named_with_its_channel(
        self, server: Server, generation: Generation, other: Channel
    ) -> None:
        server.install_with_conda(other, "extra")
        added = Changes(conda_added=(Package("extra", "1.0", "0", other.url),))
        assert changes.find_packages(generation) == added
        assert find(generation) == added

    def test_what_it_removed_is_named(self, generation: Generation) -> None:
        (generation.user / "conda-meta/jupyterhub-6.1.1-0.json").unlink()
        assert changes.find_packages(generation) == Changes(conda_removed=("jupyterhub",))

    def test_what_it_replaced_was_installed_and_not_removed(
        self, server: Server, generation: Generation, other: Channel
    ) -> None:
        other.add("library", "2.5")
        server.install_with_conda(other, "library=2.5")
        found = changes.find_packages(generation)
        assert found == Changes(conda_added=(Package("library", "2.5", "0", other.url),))

    def test_what_it_brought_for_python_is_not_pips(
        self, server: Server, generation: Generation, other: Channel
    ) -> None:
        info = f"{SITE}/late-1.0.dist-info"
        other.add("late", files={f"{SITE}/late.py": "", f"{info}/METADATA": ""})
        server.install_with_conda(other, "late")
        found = changes.find_packages(generation)
        assert [package.name for package in found.conda_added] == ["late"]
        assert found.pip_added == ()
