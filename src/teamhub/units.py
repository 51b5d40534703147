"""systemd's units, as far as a running server has to be told of a change."""

from __future__ import annotations

import subprocess
from pathlib import Path

from teamhub.system import run


def is_active(unit: str) -> bool:
    """Whether a unit runs now; nothing does where systemd is not in charge (sd_booted(3))."""
    if not Path("/run/systemd/system").is_dir():
        return False
    return subprocess.run(["systemctl", "--quiet", "is-active", unit], check=False).returncode == 0


def reload(unit: str) -> None:
    """Have a running unit take up what has changed."""
    run(["systemctl", "reload", unit], remedy=f"look at `systemctl status {unit}`")
