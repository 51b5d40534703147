"""Damage is said in one line, with the command that repairs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub.environment.store.damaged import damaged


def test_the_file_is_named_with_the_command() -> None:
    assert str(damaged(Path("/opt/teamhub/current"), "it is missing")) == (
        "/opt/teamhub/current is damaged: it is missing\n  What to do: type: teamhub env repair"
    )


def test_dpkg_goes_on_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPKG_MAINTSCRIPT_PACKAGE", "teamhub")
    remedy = damaged(Path("/opt/teamhub/current"), "it is missing").remedy
    assert remedy == "type: teamhub env repair, then: dpkg --configure teamhub"
