"""The command line: an error of any command is lines for an admin, not a traceback."""

from __future__ import annotations

import errno
import os

import pytest

from teamhub import cli, steps


def fails_with(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have `teamhub apply` meet an error of the system's, as root."""

    def refuse() -> None:
        raise OSError(number, os.strerror(number), "/etc/teamhub/tls/server.crt")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(steps, "apply", refuse)
    monkeypatch.setattr(os, "umask", lambda mask: mask)


def test_a_read_only_file_system_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails_with(monkeypatch, errno.EROFS)
    assert cli.main(["apply"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "teamhub: cannot write /etc/teamhub/tls/server.crt: Read-only file system"
    assert said[1].startswith("  What to do: ")
    assert "remount,rw" in said[1]


def test_any_other_error_of_the_systems_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="server"):
        cli.main(["apply"])
