"""systemd's units: their state, and making a running server take up a change."""

from __future__ import annotations

import subprocess
from pathlib import Path

from teamhub.system.run import run

PROXY = "teamhub-proxy.service"
HUB = "teamhub.service"


def systemd_runs() -> bool:
    """Whether systemd runs this machine; it does not while an image is built (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def is_active(unit: str) -> bool:
    """Whether a unit runs now."""
    if not systemd_runs():
        return False
    return subprocess.run(["systemctl", "--quiet", "is-active", unit], check=False).returncode == 0


def is_enabled(unit: str) -> str:
    """In a word of systemctl's what starts a unit: enabled, disabled, masked and others."""
    shown = subprocess.run(
        ["systemctl", "is-enabled", unit], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def show(unit: str) -> dict[str, str]:
    """What systemd knows of a unit, times in UTC with microseconds; empty properties too."""
    shown = run(
        ["systemctl", "show", "--all", "--timestamp=us+utc", unit],
        remedy=f"look at `systemctl status {unit}`",
    )
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def reload(unit: str) -> None:
    """Have a running unit take up what has changed, without waiting for it.

    The proxy starts after the unit that renews the certificate and asks for this: each would wait
    for the other.
    """
    run(["systemctl", "--no-block", "reload", unit], remedy=f"look at `systemctl status {unit}`")


def restart(unit: str) -> None:
    """Restart a unit, unless the machine's policy-rc.d forbids it."""
    run(["deb-systemd-invoke", "restart", unit], remedy=f"look at `systemctl status {unit}`")


def start(unit: str) -> None:
    """Start a unit, unless the machine's policy-rc.d forbids it."""
    run(["deb-systemd-invoke", "start", unit], remedy=f"look at `systemctl status {unit}`")


def stop(unit: str) -> None:
    """Stop a unit, unless the machine's policy-rc.d forbids it."""
    run(["deb-systemd-invoke", "stop", unit], remedy=f"look at `systemctl status {unit}`")


def daemon_reload() -> None:
    """Have systemd read unit files and drop-ins again; limits of running slices change with it."""
    if systemd_runs():
        run(["systemctl", "daemon-reload"], remedy="look at `systemctl status`")
