"""A package without a wheel: its own code builds one, if that is asked for, and without rights."""

from __future__ import annotations

import os
import runpy
import shutil
from pathlib import Path

import pytest

from support.python_packages import make_sdist, make_wheel
from teamhub.environment.pip_packages import PipFailed
from teamhub.system import sandbox
from unit.teamhub.environment.conftest import Pip


def test_one_is_not_built_unasked(pip: Pip, wheels: Path) -> None:
    make_sdist(wheels, "thing")
    with pytest.raises(PipFailed, match="No matching distribution found for thing"):
        pip.install("thing")


def test_one_that_is_asked_for_is_built_without_rights(pip: Pip, wheels: Path) -> None:
    attempts = ["/etc/teamhub-test", "/root/teamhub-test", f"{pip.prefix}/teamhub-test"]
    make_sdist(wheels, "thing", attempts)
    (package,) = pip.install("--no-binary thing", "thing")
    assert package.name == "thing"
    built = runpy.run_path(str(pip.modules / "thing.py"))
    assert built["UID"] == sandbox.account().pw_uid
    assert built["SAID"].keys() == set(attempts)
    assert "done" not in built["SAID"].values()
    assert not any(Path(path).exists() for path in attempts)


def test_one_that_was_built_before_is_built_again(pip: Pip, wheels: Path) -> None:
    make_sdist(wheels, "thing")
    before = pip.install("--no-binary thing", "thing")
    for path in pip.modules.glob("thing*"):  # as in a new generation
        path.unlink() if path.is_file() else shutil.rmtree(path)
    assert pip.install("thing", before=before) == before


@pytest.mark.parametrize("how", ["pip.conf", "variable"])
def test_pips_own_settings_ask_for_it_too(
    pip: Pip, wheels: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    make_sdist(wheels, "thing")
    if how == "variable":
        monkeypatch.setenv("PIP_NO_BINARY", "other,thing")
    else:
        with Path(os.environ["PIP_CONFIG_FILE"]).open("a") as file:
            file.write("[install]\nno_binary = thing\n")
    assert pip.install("thing")


def test_one_that_another_package_names_by_its_place_is_refused(pip: Pip, wheels: Path) -> None:
    sdist = make_sdist(wheels, "source")
    make_wheel(wheels, "thing", "1.0", [f"source @ {sdist.as_uri()}"])
    with pytest.raises(PipFailed, match=r"asks for source from .*, which is no wheel") as caught:
        pip.install("thing")
    line = f"source @ {sdist.as_uri()}"
    assert f"add the line `{line}`" in caught.value.remedy
    assert "source" not in pip.versions
    assert [each.name for each in pip.install("thing", line)] == ["source", "thing"]


def test_what_it_is_built_with_is_kept_apart_and_gone_once_it_is_not_asked_for(
    pip: Pip, wheels: Path
) -> None:
    make_sdist(wheels, "thing")
    make_wheel(wheels, "plain", "1.0")
    (pip.layout.pip_cache / "http").mkdir(parents=True)  # of an earlier version, root's
    pip.install("plain")
    (plain,) = pip.layout.pip_cache.iterdir()
    assert plain.name == "wheels"
    pip.install("--no-binary thing", "thing")
    (built,) = pip.layout.pip_cache.iterdir()
    assert built.name != "wheels"
    status = built.stat()
    assert status.st_uid == sandbox.account().pw_uid
    assert status.st_mode & 0o7777 == 0o700
