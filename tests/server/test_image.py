"""The package goes into an image built in a chroot, and works when the image first boots."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.container import SEARCH_PATH, BootedServer
from support.hub_client import HubClient
from support.installation import (
    APT,
    PASSWORDS,
    PRESEED,
    Target,
    give_passwords,
    lay_plain_root,
    wait_for_login_page,
)
from support.network import Mirror


@dataclass(frozen=True)
class Image:
    """A root file system that no systemd runs in."""

    root: Path

    def run(self, *command: str, given: str = "") -> str:
        """Run a command in the image as its build would; what it prints."""
        result = subprocess.run(
            ["chroot", self.root, *command],
            input=given,
            env={"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        return result.stdout


@pytest.fixture(scope="module")
def image(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    work: Path,
) -> Iterator[Image]:
    """The image, after the package was installed."""
    overlay = lay_plain_root(target, work / "layers")
    # What tools that build images mount; without /proc many packages cannot be configured.
    subprocess.run(["mount", "-t", "proc", "proc", overlay.root / "proc"], check=True)
    shutil.copy(target.package, overlay.root / "root")
    made = Image(overlay.root)
    made.run(*APT, "update")
    made.run("debconf-set-selections", given=PRESEED)
    made.run(*APT, "install", f"/root/{target.package.name}")
    subprocess.run(["umount", overlay.root / "proc"], check=True)
    yield made
    overlay.discard()


def test_all_but_the_start_of_services_is_done(image: Image) -> None:
    assert image.run("dpkg-query", "-W", "-f${db:Status-Abbrev}", "teamhub").strip() == "ii"
    assert "zoe" in image.run("getent", "group", "jupyterhub")
    assert (image.root / "opt/teamhub/current").is_symlink()
    assert (image.root / "etc/teamhub/tls/ca.crt").exists()
    assert (image.root / "var/lib/teamhub/cookie_secret").exists()
    for unit in ("teamhub", "teamhub-proxy"):
        wanted = f"etc/systemd/system/multi-user.target.wants/{unit}.service"
        assert (image.root / wanted).is_symlink()


def test_no_process_is_left_behind(image: Image) -> None:
    roots = []
    for process in Path("/proc").glob("[0-9]*/root"):
        try:
            roots.append(process.readlink())
        except OSError:  # it has ended meanwhile
            continue
    assert image.root not in roots


def test_the_image_serves_after_its_first_boot(
    image: Image, target: Target, tmp_path: Path
) -> None:
    server = BootedServer(image.root, target.host, tmp_path / "boot.log")
    server.boot()
    try:
        ca = tmp_path / "ca.crt"
        ca.write_text(server.run("teamhub", "tls", "ca").stdout)
        wait_for_login_page(server, ca)
        give_passwords(server)
        zoe = HubClient(server.host.url, ca, "zoe")
        zoe.log_in(PASSWORDS["zoe"]).raise_for_status()
        zoe.spawn()
        assert zoe.compute("print(6 * 7)") == "42\n"
    finally:
        server.shutdown()
