"""Running the system's own programs, and writing files completely or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from teamhub_shared import TeamhubError


class CommandFailed(TeamhubError):
    """A program of the system's ended with an error."""


def run(command: Sequence[str], *, remedy: str, given: str = "") -> str:
    """Run `command` with `given` as its input, and return what it printed on stdout.

    Bytes that are no text are kept, as Python keeps those of file names: the names of people's
    processes may have some.
    Its standard input ends, so that nothing can wait for a person, and its stdout is never ours:
    while debconf listens, ours belongs to debconf (debconf-devel(7)).
    Raises CommandFailed with the program's last line.
    """
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError as error:
        raise CommandFailed(f"cannot run {command[0]}: {error.strerror}", remedy) from error
    if done.returncode:
        raise CommandFailed(failure(done), remedy)
    return done.stdout


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """A command that failed, with its last line."""
    said = (done.stderr or done.stdout).strip().splitlines()
    return f"{' '.join(done.args)}: {said[-1] if said else f'exit status {done.returncode}'}"


def write_file(path: Path, content: bytes, *, mode: int, uid: int = 0, gid: int = 0) -> None:
    """Put `content` at `path` in one step: a reader sees the old file or the whole new one.

    Owner and mode are set before the file has its name, so that a secret is never readable by
    others, not even for a moment.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path | str, error: OSError) -> TeamhubError:
    """What an admin reads of a file that cannot be written."""
    remedy = "make room or fix the folder, and try again"
    if error.errno == errno.EROFS:
        # a file system that has seen an error becomes read-only
        remedy = (
            "look in dmesg why the file system is read-only, make it writable "
            "(mount -o remount,rw with what findmnt --target names), and try again"
        )
    return TeamhubError(f"cannot write {path}: {error.strerror}", remedy)
