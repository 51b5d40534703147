"""What a person has to know while they work: a home without room, a program that was ended."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
#: More than what a file system still gives when it calls itself full.
PROBE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Notice:
    """One message; JupyterLab shows each `id` once."""

    id: str
    #: warning or error, as JupyterLab's notifications have it.
    type: str
    message: str


def home_notices(home: Path) -> list[Notice]:
    """Whether something can be saved in a home.

    It is tried: free blocks say nothing of quotas.
    """
    try:
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())  # some file servers refuse only then
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return [
                Notice(
                    "home-full",
                    "error",
                    f"Your home folder {home} is full: nothing can be saved. Delete files that you "
                    "do not need any more, in the file browser or in a terminal.",
                )
            ]
        return [
            Notice(
                "home-unwritable",
                "error",
                f"Nothing can be saved in your home folder {home}: {error.strerror}. "
                "Tell the administrator of this server.",
            )
        ]
    return []


@dataclass
class Memory:
    """The memory of all programs of one person together, as the kernel counts it."""

    #: The control group of the person's slice; None if there is none.
    slice: Path | None
    #: How many programs the kernel had ended before.
    ended_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.ended_before = self.ended()

    @classmethod
    def of_this_process(cls) -> Memory:
        """That of the slice (user-UID.slice) that this process runs in."""
        return cls(slice_of(Path("/proc/self/cgroup").read_text("ascii")))

    def ended(self) -> int:
        """How many programs the kernel has ended for lack of memory, since the slice began."""
        found = re.search(r"^oom_kill (\d+)$", self._read("memory.events"), re.MULTILINE)
        return int(found[1]) if found else 0

    def notices(self) -> list[Notice]:
        """Whether the kernel has ended programs since this was made, with limit and peak."""
        ended = self.ended() - self.ended_before
        if ended <= 0:
            return []
        limit, peak = self._read("memory.max").strip(), self._read("memory.peak").strip()
        if limit.isdigit():
            why = f"your programs together reached the limit of {gigabytes(limit)}"
        else:
            why = "the whole server ran out of memory"
        most = f" (the most that they took: {gigabytes(peak)})" if peak.isdigit() else ""
        return [
            Notice(
                f"out-of-memory-{ended}",
                "warning",
                f"A program of yours was ended because {why}{most}. If it was a kernel, its "
                "variables are gone: run its cells again, with less data at a time, and shut "
                "down kernels that you do not need.",
            )
        ]

    def _read(self, name: str) -> str:
        """A file of the control group; empty if there is none."""
        try:
            return (self.slice / name).read_text("ascii") if self.slice else ""
        except OSError:
            return ""


def slice_of(membership: str) -> Path | None:
    """The control group of a person's slice, by a process's /proc/PID/cgroup (cgroups(7))."""
    found = re.search(r"^0::(/.*?/user-\d+\.slice)(/|$)", membership, re.MULTILINE)
    return CGROUPS / found[1].lstrip("/") if found else None


def gigabytes(number: str) -> str:
    """Bytes in a unit that people use."""
    return f"{int(number) / 1024**3:.2f} GiB"
