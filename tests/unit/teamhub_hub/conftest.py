"""The hub's configuration, and a hub that runs in the test's own process."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.hub_config import HubConfig, write_config


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubConfig:
    """The configuration as it ships, which this process can load."""
    written = write_config(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(written.credentials))
    return written
