"""pip installs what the team asks for next to conda's packages, by its own configuration."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from teamhub.environment import pip_packages
from teamhub.environment.pip_packages import PipFailed
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with Python and pip."""
    prefix = tmp_path_factory.mktemp("pristine") / "user"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    return prefix


@pytest.fixture
def prefix(pristine: Path, tmp_path: Path) -> Path:
    """The same for one test, in a folder of its own as in a generation."""
    made = tmp_path / "generation/user"
    shutil.copytree(pristine, made, symlinks=True)
    return made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path / "opt", team_file=tmp_path / "environment.yml")


def make_wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> Path:
    """Add a wheel with one module that says its version."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    content = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [*(f"{path},," for path in content), f"{info}/RECORD,,"]
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        for path, text in {**content, f"{info}/RECORD": "\n".join(lines)}.items():
            wheel.writestr(path, text)
    return file


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the admin's pip.conf has pip look; there is no index."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "wheels"
    folder.mkdir()
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {folder}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    return folder


def versions(prefix: Path) -> dict[str, str]:
    """The Python packages of a prefix."""
    return dict(pip_packages.distributions(prefix).values())


def test_nothing_is_run_where_nothing_is_asked_for(tmp_path: Path, layout: Layout) -> None:
    assert pip_packages.install(tmp_path / "absent", (), (), layout) == ()


def test_what_pip_brought_is_known_with_where_from(
    prefix: Path, layout: Layout, wheels: Path
) -> None:
    make_wheel(wheels, "some_thing", "1.0", ["helper"])
    helper = make_wheel(wheels, "helper", "2.0")
    installed = pip_packages.install(prefix, ["Some.Thing"], (), layout)
    assert [(package.name, package.version) for package in installed] == [
        ("helper", "2.0"),
        ("some-thing", "1.0"),
    ]
    assert installed[0].url == helper.as_uri()
    assert versions(prefix).items() >= {("helper", "2.0"), ("some-thing", "1.0")}


def test_what_was_there_before_keeps_its_version(
    prefix: Path, layout: Layout, wheels: Path
) -> None:
    make_wheel(wheels, "thing", "1.0")
    before = pip_packages.install(prefix, ["thing"], (), layout)
    make_wheel(wheels, "thing", "2.0")
    shutil.rmtree(prefix / next(f for f in pip_packages.distributions(prefix) if "thing" in f))
    assert pip_packages.install(prefix, ["thing"], before, layout) == before
    assert versions(prefix)["thing"] == "1.0"


def test_condas_packages_are_not_moved(prefix: Path, layout: Layout, wheels: Path) -> None:
    pip = versions(prefix)["pip"]
    make_wheel(wheels, "thing", "1.0", [f"pip !={pip}"])
    make_wheel(wheels, "pip", "99.0")
    with pytest.raises(PipFailed, match=f"pip=={pip}|pip {pip}|conflict") as caught:
        pip_packages.install(prefix, ["thing"], (), layout)
    assert str(layout.team_file) in caught.value.remedy
    assert versions(prefix)["pip"] == pip


@pytest.mark.usefixtures("wheels")
def test_what_cannot_be_had_is_named_by_pip_itself(prefix: Path, layout: Layout) -> None:
    with pytest.raises(PipFailed, match="No matching distribution found for absent"):
        pip_packages.install(prefix, ["absent"], (), layout)


URL = "https://example.org/thing-1.0-py3-none-any.whl"


def test_another_content_under_the_same_address_is_refused(layout: Layout) -> None:
    installed = PipPackage("thing", "1.0", URL, "12ab")
    with pytest.raises(PipFailed, match=f"{URL}: its sha256 is 12ab, but was 34cd") as caught:
        pip_packages.compare_hashes([installed], [PipPackage("thing", "1.0", URL, "34cd")], layout)
    assert f"take thing out of {layout.team_file}" in caught.value.remedy


def test_the_same_content_and_another_address_are_not(layout: Layout) -> None:
    installed = PipPackage("thing", "1.0", URL, "12ab")
    moved = PipPackage("thing", "1.0", "https://mirror.example.org/thing.whl", "34cd")
    pip_packages.compare_hashes([installed], [installed, moved], layout)


def test_it_leaves_nothing_but_what_it_installed(
    prefix: Path, layout: Layout, wheels: Path
) -> None:
    make_wheel(wheels, "thing", "1.0")
    pip_packages.install(prefix, ["thing"], (), layout)
    assert list(prefix.parent.iterdir()) == [prefix]


def test_what_it_leaves_when_it_is_killed_lies_in_the_unfinished_generation(tmp_path: Path) -> None:
    python = tmp_path / "generation/user/bin/python3"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nkill -KILL $PPID\n")
    python.chmod(0o755)
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from teamhub.environment import pip_packages\n"
        "from teamhub.environment.store.layout import SERVER\n"
        "pip_packages.install(Path(sys.argv[1]), ['thing'], (), SERVER)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(python.parents[1])], env=environment, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert list(tmp.iterdir()) == []


def test_the_packages_of_a_prefix_are_known_by_their_metadatas_folders(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.13/site-packages"
    for name in ("Some_Thing-1.0.dist-info", "zope.event-5.0.dist-info", "thing.py", "thing"):
        (site / name).mkdir(parents=True)
    assert pip_packages.distributions(tmp_path) == {
        "lib/python3.13/site-packages/Some_Thing-1.0.dist-info": ("some-thing", "1.0"),
        "lib/python3.13/site-packages/zope.event-5.0.dist-info": ("zope-event", "5.0"),
    }


@pytest.mark.parametrize(
    "download",
    [
        {"url": "https://example.org/thing.whl", "archive_info": {"hashes": {"sha256": "12ab"}}},
        {"url": "https://example.org/thing.git", "vcs_info": {"vcs": "git"}},
        {"url": "file:///srv/thing", "dir_info": {}},
    ],
)
def test_a_hash_is_noted_where_pip_installed_from_a_file(
    download: dict[str, str | dict[str, str | dict[str, str]]],
) -> None:
    entry = {"metadata": {"name": "Thing", "version": "1.0"}, "download_info": download}
    found = pip_packages.pip_package(entry)  # type: ignore[arg-type]
    sha256 = "12ab" if "archive_info" in download else ""
    assert found == PipPackage("thing", "1.0", str(download["url"]), sha256)
