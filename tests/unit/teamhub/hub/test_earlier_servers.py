"""Servers that a version with TCP ports has started."""

from __future__ import annotations

from pathlib import Path

from teamhub.hub import earlier_servers


def process(folder: Path, pid: int, *environment: str) -> None:
    place = folder / str(pid)
    place.mkdir()
    (place / "environ").write_bytes(b"\0".join(entry.encode() for entry in environment))


def test_one_that_asks_the_hub_on_its_port_is_found(tmp_path: Path) -> None:
    process(tmp_path, 1, "PATH=/usr/bin", "HOME=/root")
    (tmp_path / "2").mkdir()  # ended meanwhile
    (tmp_path / "self").mkdir()
    assert not earlier_servers.any_runs(tmp_path)
    url = "http://127.0.0.1:808/hub/api"
    process(tmp_path, 3, "HOME=/home/zoe", f"JUPYTERHUB_API_URL={url}", "TERM=dumb")
    assert earlier_servers.any_runs(tmp_path)


def test_one_that_asks_at_the_socket_is_none(tmp_path: Path) -> None:
    url = "http+unix://%2Frun%2Fteamhub%2Fhub%2Fhub.sock/hub/api"
    process(tmp_path, 3, f"JUPYTERHUB_API_URL={url}")
    assert not earlier_servers.any_runs(tmp_path)
