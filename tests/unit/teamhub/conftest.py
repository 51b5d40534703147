"""An account for what packages bring, and folders that it reaches."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from teamhub.system import sandbox

#: An account without rights that every Debian has (base-passwd).
ACCOUNT = "games"


@pytest.fixture(autouse=True)
def _account_of_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package makes one of its own when it is installed."""
    monkeypatch.setattr(sandbox, "PACKAGES_ACCOUNT", ACCOUNT)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other accounts reach, as they do not reach those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="teamhub-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
