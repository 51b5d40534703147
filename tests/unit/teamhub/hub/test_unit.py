"""The hub's check has the environment that the hub's unit gives."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from teamhub.environment.store.generations import CURRENT
from teamhub.hub import unit
from teamhub_build.render import write_rendered
from teamhub_build.suites import SUITES

RHEA = pwd.struct_passwd(("rhea", "x", 980, 980, "", "/var/lib/teamhub", "/usr/sbin/nologin"))
CREDENTIALS = Path("/run/credentials/teamhub.service")
GENERATION = Path("/opt/teamhub/generations/3")


def environment(text: str, generation: Path = CURRENT) -> dict[str, str]:
    return unit.environment(text, account=RHEA, credentials=CREDENTIALS, generation=generation)


def assigned(text: str) -> dict[str, str]:
    """What a unit's own lines add."""
    nothing = environment("")
    return {key: value for key, value in environment(text).items() if key not in nothing}


@pytest.mark.parametrize("suite", SUITES)
def test_it_is_the_shipped_units(suite: str, tmp_path: Path) -> None:
    target = tmp_path / "teamhub.service"
    write_rendered(Path("debian/teamhub.service.j2"), target, {"suite": SUITES[suite]})
    text = target.read_text("utf-8")
    # the settings, of which this machine may have some
    shipped = text.replace("EnvironmentFile=/etc/teamhub/teamhub.conf\n", "")
    assert shipped != text
    assert environment(shipped, GENERATION) == {
        "CREDENTIALS_DIRECTORY": "/run/credentials/teamhub.service",
        "HOME": "/var/lib/teamhub",
        "LANG": "C.UTF-8",
        "LOGNAME": "rhea",
        "PATH": "/opt/teamhub/generations/3/hub/bin:/usr/bin:/bin",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": "/usr/lib/teamhub/hub",
        "RUNTIME_DIRECTORY": "/run/teamhub/hub",
        "STATE_DIRECTORY": "/var/lib/teamhub",
        "USER": "rhea",
    }


@pytest.mark.parametrize(
    ("lines", "variables"),
    [
        ("Environment=A=1 B=2", {"A": "1", "B": "2"}),
        ("Environment=\"A=one two\" B='3 4'", {"A": "one two", "B": "3 4"}),
        ("Environment=A=1\nEnvironment=B=2\nEnvironment=A=3", {"A": "3", "B": "2"}),
        ("Environment=A=1\nEnvironment=\nEnvironment=B=2", {"B": "2"}),
        ("Environment=A=1 \\\n  B=2", {"A": "1", "B": "2"}),
        (
            "Environment=A=http://zoe:50%%25@proxy:8080/?x=1",
            {"A": "http://zoe:50%25@proxy:8080/?x=1"},
        ),
        ("# Environment=A=1\n;Environment=B=1\nPassEnvironment=C", {}),
        ('Environment="A=never closed', {}),
        ("Environment = A=1", {"A": "1"}),
    ],
)
def test_a_drop_in_adds_its_variables(lines: str, variables: dict[str, str]) -> None:
    assert assigned(f"[Service]\n{lines}\n") == variables


def test_files_win_over_lines_and_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_text("# a secret\nA=1\nB='x y'\nC=a b\n\nnothing\n")
    (tmp_path / "two.env").write_text("B=2\n")
    lines = (
        f"EnvironmentFile=-{tmp_path}/*.env\nEnvironmentFile=-/does/not/exist\nEnvironment=A=0 D=4"
    )
    assert assigned(f"[Service]\n{lines}\n") == {"A": "1", "B": "2", "C": "a b", "D": "4"}


def test_the_unit_is_read_with_the_admins_drop_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd-analyze reads this machine's files; teamhub need not be installed on it."""
    lines = ("[Service]", "ExecStart=/bin/true", "Environment=ASKED=$3")
    stand_in_for_systemd(monkeypatch, tmp_path, lines)
    assert assigned(unit.read()) == {"ASKED": "systemd/system/teamhub.service"}


def test_of_a_masked_one_the_packaged_unit_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_for_systemd(monkeypatch, tmp_path, ("# /etc/systemd/system/teamhub.service",))
    packaged = tmp_path / "teamhub.service"
    packaged.write_text("[Service]\nExecStart=/bin/true\nEnvironment=A=1\n")
    monkeypatch.setattr(unit, "PACKAGED", packaged)
    assert assigned(unit.read()) == {"A": "1"}


def stand_in_for_systemd(
    monkeypatch: pytest.MonkeyPatch, folder: Path, lines: tuple[str, ...]
) -> None:
    """Have systemd-analyze print these lines, in a shell's double quotes."""
    program = folder / "systemd-analyze"
    program.write_text("#!/bin/sh\n" + "".join(f'echo "{line}"\n' for line in lines))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
