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
    """Have a running unit take up what has changed, without waiting for it.

    The proxy starts after the unit that renews the certificate and asks for this: each would wait
    for the other.
    """
    run(["systemctl", "--no-block", "reload", unit], remedy=f"look at `systemctl status {unit}`")
