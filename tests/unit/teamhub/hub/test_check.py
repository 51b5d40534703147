"""A hub that could not start is told by what is wrong: its configuration, or the hub itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub.environment.checks import BrokenGeneration
from teamhub.hub import config as hub_config
from teamhub.hub.check import HubCheck


def test_a_hub_that_does_not_run_is_not_laid_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise hub_config.BadHubConfig("ends the hub", "mend it")

    monkeypatch.setattr(hub_config, "check", refuse)
    check = HubCheck({}, print)
    with pytest.raises(BrokenGeneration, match="hub/bin/jupyterhub"):
        check.run(tmp_path)
    assert not check.has_passed
