"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def describe(folder: Path) -> dict[str, str]:
    """The machine, its system, and the disk that the servers have, whose image is in `folder`."""
    cpu = dict(fields("/proc/cpuinfo", ":"))
    memory = dict(fields("/proc/meminfo", ":"))
    system = dict(fields("/etc/os-release", "="))
    stat = ["stat", "--file-system", "--format=%T", str(folder)]
    under = subprocess.run(stat, check=True, capture_output=True, text=True).stdout.strip()
    return {
        "processor": f"{cpu.get('model name', platform.machine())}, {os.cpu_count()} cores",
        "memory": f"{int(memory['MemTotal'].split()[0]) / 2**20:.0f} GB",
        # the rest is whose build it is
        "kernel": platform.release().partition("-")[0],
        "system": system["PRETTY_NAME"].strip('"'),
        "disk": f"ext4 with a journal, in a file on {under}",
        "load before": Path("/proc/loadavg").read_text("ascii").split()[0],
    }


def fields(path: str, between: str) -> list[tuple[str, str]]:
    """The lines of a file that are a name and a value."""
    lines = Path(path).read_text("utf-8").splitlines()
    parts = (line.partition(between) for line in lines if between in line)
    return [(name.strip(), value.strip()) for name, _, value in parts]
