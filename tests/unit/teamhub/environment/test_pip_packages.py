"""pip installs what the team asks for next to conda's packages, by its own configuration."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.python_packages import make_wheel
from teamhub.environment import pip_packages
from teamhub.environment.pip_packages import PipFailed
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub.system import sandbox
from unit.teamhub.environment.conftest import Pip


def test_nothing_is_run_where_nothing_is_asked_for(tmp_path: Path, layout: Layout) -> None:
    assert Pip(tmp_path / "absent", layout).install() == ()


def test_what_pip_brought_is_known_with_where_from(pip: Pip, wheels: Path) -> None:
    make_wheel(wheels, "some_thing", "1.0", ["helper"])
    helper = make_wheel(wheels, "helper", "2.0")
    installed = pip.install("Some.Thing")
    assert [(package.name, package.version) for package in installed] == [
        ("helper", "2.0"),
        ("some-thing", "1.0"),
    ]
    assert installed[0].url == helper.as_uri()
    assert pip.versions.items() >= {("helper", "2.0"), ("some-thing", "1.0")}


def test_what_was_there_before_keeps_its_version(pip: Pip, wheels: Path) -> None:
    make_wheel(wheels, "thing", "1.0")
    before = pip.install("thing")
    make_wheel(wheels, "thing", "2.0")
    for path in pip.modules.glob("thing*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert pip.install("thing", before=before) == before
    assert pip.versions["thing"] == "1.0"


def test_condas_packages_are_not_moved(pip: Pip, wheels: Path) -> None:
    version = pip.versions["pip"]
    make_wheel(wheels, "thing", "1.0", [f"pip !={version}"])
    make_wheel(wheels, "pip", "99.0")
    with pytest.raises(PipFailed, match=f"pip=={version}|pip {version}|conflict") as caught:
        pip.install("thing")
    assert str(pip.layout.team_file) in caught.value.remedy
    assert pip.versions["pip"] == version


@pytest.mark.usefixtures("wheels")
def test_what_cannot_be_had_is_named_by_pip_itself(pip: Pip) -> None:
    with pytest.raises(PipFailed, match="No matching distribution found for absent") as caught:
        pip.install("absent")
    assert "`--no-binary absent`" in caught.value.remedy


def test_all_of_it_is_roots_and_runs_by_the_prefixs_python(pip: Pip, wheels: Path) -> None:
    scripts = {
        "thing-1.0.dist-info/entry_points.txt": "[console_scripts]\nhello = thing:hello\n",
        "thing-1.0.data/data/share/thing/x": "",
    }
    make_wheel(wheels, "thing", "1.0", files=scripts)
    pip.install("thing")
    paths = [pip.prefix / "bin/hello", pip.prefix / "share/thing/x", *pip.modules.glob("thing*")]
    assert len(paths) == 4
    for path in [each for top in paths for each in (top, *top.rglob("*"))]:
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (0, 0)
        is_program = path.is_dir() or path.name == "hello"
        assert status.st_mode & 0o7777 == (0o755 if is_program else 0o644)
    assert paths[0].read_text().startswith(f"#!{pip.prefix}/bin/python3\n")
    (bytecode,) = (pip.modules / "__pycache__").glob("thing.*.pyc")
    source = pip.modules / "thing.py"
    # PEP 552: the time of the source for which it is valid
    assert int.from_bytes(bytecode.read_bytes()[8:12], "little") == int(source.stat().st_mtime)


def test_a_file_that_another_package_has_stays_and_is_named(pip: Pip, wheels: Path) -> None:
    (pip.modules / "ours.py").write_text("conda's")
    make_wheel(wheels, "thing", "1.0", files={"ours.py": "thing's"})
    pip.install("thing")
    assert (pip.modules / "ours.py").read_text() == "conda's"
    assert pip.said == [
        f"warning: pip: {pip.modules}/ours.py is of another package already, and stays so"
    ]


def test_no_pth_file_runs_code_in_pip(pip: Pip, wheels: Path) -> None:
    make_wheel(wheels, "thing", "1.0")
    (pip.modules / "evil.pth").write_text("import sys; sys.exit('evil ran')\n")
    assert pip.install("thing")


def test_a_pip_that_says_something_else_is_named(pip: Pip, wheels: Path) -> None:
    make_wheel(wheels, "thing", "1.0")
    (pip.modules / "pip/__main__.py").write_text("print('[]')\n")
    with pytest.raises(PipFailed, match="pip does not say what it has installed"):
        pip.install("thing")


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


def test_it_leaves_nothing_but_what_it_installed(pip: Pip, wheels: Path) -> None:
    make_wheel(wheels, "thing", "1.0")
    pip.install("thing")
    assert list(pip.prefix.parent.iterdir()) == [pip.prefix]


def test_what_it_leaves_when_it_is_killed_lies_in_the_unfinished_generation(
    pip: Pip, tmp_path: Path
) -> None:
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from teamhub.environment import pip_packages\n"
        "from teamhub.environment.store.layout import Layout\n"
        "from teamhub.system import sandbox\n"
        "sandbox.run = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sandbox.PACKAGES_ACCOUNT = {sandbox.account().pw_name!r}\n"
        "prefix, root = map(Path, sys.argv[1:])\n"
        "pip_packages.install(prefix, ['thing'], (), Layout(root=root), print)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp)}
    done = subprocess.run(
        [sys.executable, "-c", program, pip.prefix, pip.layout.root], env=environment, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert list(tmp.iterdir()) == []
    left = [path.name for path in pip.prefix.parent.iterdir() if path != pip.prefix]
    assert [name[:5] for name in left] == [".pip-"]


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
    found = pip_packages.pip_package(entry)
    sha256 = "12ab" if "archive_info" in download else ""
    assert found == PipPackage("thing", "1.0", str(download["url"]), sha256)
