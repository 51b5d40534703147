"""Key pairs in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub.tls import authority
from teamhub.tls.key_pair import KeyPair


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the authority's pair and of the server's."""
    monkeypatch.setattr(authority, "IN_USE", tmp_path / "in-use.crt")
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        pair = KeyPair(tmp_path / f"{stem}.key", tmp_path / f"{stem}.crt")
        monkeypatch.setattr(authority, name, pair)
    return tmp_path
