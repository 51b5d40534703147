"""Which of the services run with something old."""

from __future__ import annotations

import os
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from teamhub.hub import services
from teamhub_hub import settings as hub_settings
from teamhub_shared.settings import HUB, PROXY, SETTINGS, keys_read_by

DEFAULTS = {setting.key: setting.default for setting in SETTINGS}
DIGEST = {"TEAMHUB_PROXY": "0123abcd"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file.py").write_text("old")
    return tmp_path


@pytest.fixture
def started() -> Iterator[subprocess.Popen[bytes]]:
    """A process with the proxy's environment."""
    process = subprocess.Popen(["sleep", "60"], env={**DEFAULTS, **DIGEST})
    # the kernel says that it runs before it shows its environment
    while not Path(f"/proc/{process.pid}/environ").read_bytes():
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def proxy(process: subprocess.Popen[bytes], digest: str = "0123abcd") -> dict[str, str]:
    return {"MainPID": str(process.pid), "Environment": f"TEAMHUB_PROXY={digest}"}


def differing(keys: tuple[str, ...], **change: str) -> list[str]:
    return services.differing(keys, DEFAULTS, {**DEFAULTS, **change})


def later() -> float:
    """A moment after all that was done and before all that will be: file systems' clocks tick."""
    time.sleep(0.02)
    moment = time.time()
    time.sleep(0.02)
    return moment


class Refuser(BaseHTTPRequestHandler):
    """Answers, though with an error; over a Unix socket there is no address to log."""

    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        pass


def test_a_hub_that_serves_answers_whatever_it_says(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    assert not services.responds(path)
    with socketserver.UnixStreamServer(str(path), Refuser) as server:
        threading.Thread(target=server.handle_request).start()
        assert services.responds(path)
    assert not services.responds(path)


def test_the_hub_restarts_for_every_setting_that_it_reads() -> None:
    through_the_proxy = {"HTTP_PORT", "LISTEN_ADDRESS"}
    assert {*keys_read_by(HUB), *through_the_proxy} == set(hub_settings.DEFAULTS)
    assert through_the_proxy <= set(keys_read_by(PROXY))


def test_the_proxys_program_uses_no_other_setting() -> None:
    program = Path("src/programs/proxy").read_text("utf-8")
    used = {key for key in DEFAULTS if f"${key}" in program or f"${{{key}" in program}
    assert used == set(keys_read_by(PROXY))


def test_a_proxy_as_it_would_be_started_now_goes_on(started: subprocess.Popen[bytes]) -> None:
    assert services.proxy_reasons(DEFAULTS, proxy(started)) == []


def test_a_proxy_with_another_port_restarts(started: subprocess.Popen[bytes]) -> None:
    values = {**DEFAULTS, "HTTPS_PORT": "8443"}
    assert services.proxy_reasons(values, proxy(started)) == ["HTTPS_PORT"]


def test_a_proxy_of_an_older_package_restarts(started: subprocess.Popen[bytes]) -> None:
    assert services.proxy_reasons(DEFAULTS, proxy(started, "9999")) == ["its own programs"]


def test_another_certificate_restarts_neither() -> None:
    change = {"CERTIFICATE": "files", "CERTIFICATE_FILE": "/c", "KEY_FILE": "/k"}
    assert differing(keys_read_by(PROXY), **change) == []
    assert differing(keys_read_by(HUB), **change) == []


def test_no_certificate_restarts_both() -> None:
    assert "CERTIFICATE" in differing(keys_read_by(PROXY), CERTIFICATE="none")
    assert "CERTIFICATE" in differing(keys_read_by(HUB), CERTIFICATE="none")


def test_a_port_that_is_not_used_makes_no_difference() -> None:
    before = {**DEFAULTS, "CERTIFICATE": "none"}
    assert services.differing(keys_read_by(PROXY), before, {**before, "HTTPS_PORT": "8443"}) == []


def test_a_setting_that_the_file_did_not_have_was_at_its_default() -> None:
    assert services.differing(keys_read_by(HUB), {}, DEFAULTS) == []


def test_files_that_were_there_before_the_start_are_not_new(folder: Path) -> None:
    assert services.changed_since(later(), [folder]) == []


@pytest.mark.parametrize("name", ["inner/file.py", "inner/another.py"])
def test_a_file_that_was_edited_or_added_is_new(folder: Path, name: str) -> None:
    start = later()
    (folder / name).write_text("new")
    assert services.changed_since(start, [folder]) == [folder]


def test_a_file_in_its_place_is_new_whatever_time_it_carries(folder: Path) -> None:
    start = later()
    new = folder / "new"
    new.write_text("new")
    os.utime(new, (0, 0))
    new.rename(folder / "inner/file.py")
    assert services.changed_since(start, [folder]) == [folder]


def test_a_link_that_points_elsewhere_is_new(folder: Path) -> None:
    link = folder / "current"
    link.symlink_to("inner")
    start = later()
    assert services.changed_since(start, [link]) == []
    link.unlink()
    link.symlink_to("other")
    assert services.changed_since(start, [link]) == [link]


def test_bytecode_is_not_looked_at(folder: Path) -> None:
    start = later()
    (folder / "inner/__pycache__").mkdir()
    (folder / "inner/__pycache__/file.cpython-311.pyc").write_text("new")
    assert services.changed_since(start, [folder]) == []


def test_a_snippet_that_is_gone_is_a_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SNIPPETS", folder / "inner")
    start = later()
    (folder / "inner/file.py").unlink()
    assert services.changed_since(start, [folder / "inner"]) == [folder / "inner"]


def test_what_does_not_exist_is_not_new(folder: Path) -> None:
    assert services.changed_since(0, [folder / "nowhere"]) == []


def test_systemds_times_are_read_to_the_microsecond() -> None:
    shown = "Mon 2026-11-23 14:40:38.201104 UTC"
    assert services.seconds(shown) == pytest.approx(1795444838.201104, abs=1e-6)
