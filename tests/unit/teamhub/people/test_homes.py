"""Which homes keep a person's server from starting, and what the admin reads of them."""

from __future__ import annotations

import os
import pwd
import threading
from pathlib import Path

import pytest

from teamhub.people import homes


@pytest.fixture
def zoes_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The home of an account zoe, which has this process's uid."""
    home = tmp_path / "zoe"
    account = pwd.struct_passwd(("zoe", "x", os.getuid(), os.getgid(), "", str(home), "/bin/sh"))

    def getpwnam(name: str) -> pwd.struct_passwd:
        if name != "zoe":
            raise KeyError(name)
        return account

    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    return home


def test_a_home_of_ones_own_is_fine(zoes_home: Path) -> None:
    zoes_home.mkdir()
    assert homes.fault("zoe") == ""


def test_a_missing_one_is_named_with_the_command_that_makes_it(zoes_home: Path) -> None:
    assert f"{zoes_home} does not exist" in homes.fault("zoe")
    assert homes.fault("zoe").endswith("mkhomedir_helper zoe")


def test_a_file_in_its_place_is_named(zoes_home: Path) -> None:
    zoes_home.write_text("")
    assert homes.fault("zoe").endswith(f"{zoes_home} is not a folder")


def test_somebody_elses_is_named_with_its_owner(zoes_home: Path) -> None:
    zoes_home.mkdir()
    os.chown(zoes_home, 4321, 4321)
    assert "belongs to uid 4321" in homes.fault("zoe")
    assert homes.fault("zoe").endswith(f"chown -R zoe: {zoes_home}")


def test_an_account_that_its_directory_does_not_show_now_is_no_fault(zoes_home: Path) -> None:
    assert not zoes_home.exists()
    assert homes.fault("kaylee") == ""


def test_each_fault_is_a_warning(zoes_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes.warn(["kaylee", "zoe"])
    warned = capsys.readouterr().err + capsys.readouterr().out
    assert f"warning: zoe can log in, but their server cannot start: {zoes_home}" in warned
    assert "kaylee" not in warned


def test_a_file_server_that_does_not_answer_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = threading.Event()

    def wait(_: str) -> str:
        answer.wait()
        return ""

    monkeypatch.setattr(homes, "fault", wait)
    homes.warn(["zoe", "wash"], seconds=0.05)
    answer.set()
    printed = capsys.readouterr()
    assert "the home folder of zoe did not answer" in printed.out + printed.err
