"""Work in a server that is killed, with all its processes, where it starts its n-th program.

The kernel asks before a process executes a file of the server (fanotify's FAN_OPEN_EXEC_PERM).  So
programs are counted from outside, nothing in the server is changed for it, and the n-th has not
begun when the work ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import struct
import threading
from pathlib import Path
from typing import Self

from support.container import BootedServer, unified_cgroups
from support.waiting import wait_for

# From linux/fanotify.h.
FAN_CLOEXEC = 0x1
FAN_CLASS_CONTENT = 0x4
FAN_MARK_ADD = 0x1
FAN_MARK_FILESYSTEM = 0x100
FAN_OPEN_EXEC_PERM = 0x40000
FAN_ALLOW = 0x1
FAN_DENY = 0x2
AT_FDCWD = -100
#: struct fanotify_event_metadata: length, version, reserved, metadata's length, mask, fd, pid.
EVENT = struct.Struct("=IBBHQii")
#: struct fanotify_response: fd, response.
RESPONSE = struct.Struct("=iI")

LIBC = ctypes.CDLL(None, use_errno=True)


class ExecCounter:
    """Counts the programs that one command and all below it start in a server.

    What systemd starts for them is not counted and not killed: it goes on, too, when the session of
    an admin is killed.
    """

    def __init__(self, server: BootedServer, kill_at: int | None = None) -> None:
        """With `kill_at`, all of it is killed in place of its so-many-th program, from 1."""
        self._server = server
        self._kill_at = kill_at
        self._cgroup = unified_cgroups() / f"{server.machine}-counted"
        self._entered = 0
        #: Scripts that processes have opened: each opens its interpreter next.
        self._scripts: set[int] = set()
        #: The path of each program, in the order of their beginnings.
        self.programs: list[str] = []
        self.killed = False

    def __enter__(self) -> Self:
        self._cgroup.mkdir()
        self._questions = _ask_before_execution(self._server.root)
        self._end, self._end_it = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end_it)
        if self._thread.is_alive():
            self._thread.join()
        for descriptor in (self._questions, self._end):  # whatever still waits may go on
            os.close(descriptor)
        events = self._cgroup / "cgroup.events"
        wait_for("end of all its processes", lambda: "populated 0" in events.read_text(), 30)
        self._cgroup.rmdir()

    def follow(self, nsenter: int) -> None:
        """Count below this process, which has just been started with `BootedServer.command`.

        nsenter itself is not killed: a process whose parent is gone and outside of the server stays
        a zombie there, which the server's shutdown would wait for.
        """
        self._entered = nsenter
        self._thread.start()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._questions, self._end], [], [])
            if self._end in ready:
                return
            found = memoryview(os.read(self._questions, 16384))
            while found:
                length, _, _, _, _, opened, pid = EVENT.unpack_from(found)
                found = found[length:]
                answer = self._answer(opened, pid)
                with contextlib.suppress(FileNotFoundError):  # who asked is dead by now
                    os.write(self._questions, RESPONSE.pack(opened, answer))
                os.close(opened)

    def _answer(self, opened: int, pid: int) -> int:
        program = self._program(opened, pid)
        if not program:
            return FAN_ALLOW
        self.programs.append(program)
        if len(self.programs) != self._kill_at:
            return FAN_ALLOW
        self.killed = True  # before anyone can see that the command has ended
        (self._cgroup / "cgroup.kill").write_text("1")
        return FAN_DENY

    def _program(self, opened: int, pid: int) -> str:
        """The program that a process is about to be; empty if it is not one that is counted.

        One execve opens several files: a script and its interpreter, and the dynamic linker.
        """
        try:
            if not self._is_counted(pid):
                return ""
        except OSError:  # it has been killed meanwhile
            return ""
        path = Path(f"/proc/self/fd/{opened}").readlink()
        if path.name.startswith("ld-linux"):
            return ""
        if pid in self._scripts:
            self._scripts.remove(pid)
            return ""
        if os.pread(opened, 2, 0) == b"#!":
            self._scripts.add(pid)
        return str(path)

    def _is_counted(self, pid: int) -> bool:
        process = Path(f"/proc/{pid}")
        if f"0::/{self._cgroup.name}\n" in (process / "cgroup").read_text():
            return True
        parent = re.search(r"^PPid:\t(\d+)$", (process / "status").read_text(), re.MULTILINE)
        if parent is None or int(parent[1]) != self._entered:
            return False
        # what nsenter has started is `env`, which becomes the command next
        (self._cgroup / "cgroup.procs").write_text(str(pid))
        return False


def _ask_before_execution(root: Path) -> int:
    """Have the kernel ask before a file of the file system at `root` is executed.

    Returns the descriptor that the questions come from, and the answers go to.
    """
    flags = FAN_CLASS_CONTENT | FAN_CLOEXEC
    questions = int(LIBC.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC))
    if questions < 0:
        raise OSError(ctypes.get_errno(), "fanotify_init failed")
    marked = LIBC.fanotify_mark(
        questions,
        FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
        ctypes.c_uint64(FAN_OPEN_EXEC_PERM),
        AT_FDCWD,
        os.fsencode(root),
    )
    if marked < 0:
        os.close(questions)
        raise OSError(ctypes.get_errno(), f"fanotify_mark failed for {root}")
    return questions
