"""Files that an account without rights has written, taken over into a folder of root's.

The account may have put anything there: links to files that it cannot read, devices, set-user-ID
modes.  So no link is followed on either side, and nothing but the content of plain files, and
whether they are programs, is taken.  What is in root's folder already stays.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
#: A pipe would be waited for.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
#: No package has folders as deep as this, and each takes a descriptor on both sides.
DEEPEST = 64
#: In bytes: how much of a file is read at once.
CHUNK = 1 << 20


class StrangeFile(TeamhubError):
    """Something that no installation of a package leaves."""


@dataclass
class Handover:
    """The files of one account that are taken over."""

    owner: int
    wanted: Callable[[str], bool]
    #: Whether no process of the account is left, which could have a file open, and write to it.
    are_closed: bool
    #: The paths that were there already, with another content.
    kept: list[str] = field(default_factory=list)

    def take_along(self, source: int, way: list[str], target: Path) -> None:
        """Take over what is at the end of a way of folders, which has nothing else in it."""
        if not way:
            with opened(target) as into:
                self.take_folder(source, into, "")
            return
        first, *others = way
        for name in os.listdir(source):
            if name != first:
                raise strange(name, "is outside of the environment")
            with entered(source, name, name) as below:
                self.take_along(below, others, target)

    def take_folder(self, source: int, target: int, inside: str) -> None:
        """Take over all of an open folder; `inside` is its path, with a slash at its end."""
        if inside.count("/") > DEEPEST:
            raise strange(inside[:200], "is deeper than any package's folder")
        with os.scandir(source) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name, path = entry.name, f"{inside}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                with entered(source, name, path) as below, made(target, name, path) as into:
                    self.take_folder(below, into, f"{path}/")
            elif not entry.is_file(follow_symlinks=False):
                raise strange(path, "is neither a file nor a folder")
            elif self.wanted(path) and not self.take_file(source, target, name, path):
                self.kept.append(path)

    def take_file(self, source: int, target: int, name: str, path: str) -> bool:
        """Take over a file; whether it was new, or there already with the same content."""
        reading = os.open(name, FILE, dir_fd=source)
        try:
            found = os.fstat(reading)
            # Another's file, or another name of one, could be from a folder that is closed to it.
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != self.owner:
                raise strange(path, "is not a file of its own")
            if is_there(target, name):
                return has_content(target, name, os.read(reading, found.st_size + 1))
            if self.are_closed:
                # Ten times as fast as a copy: most files are small.
                make_roots(reading, found.st_mode)
                os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
            else:
                copy(reading, target, name, found)
        finally:
            os.close(reading)
        return True


def take_over(
    written: Path,
    inside: Path,
    target: Path,
    *,
    are_closed: bool,
    wanted: Callable[[str], bool] = lambda _: True,
) -> list[str]:
    """Take the wanted files below `written`/`inside` to the same places below `target`.

    The folder of `written` is in one of root's; all that is in it may be the account's.  Paths are
    relative to `target`.  `are_closed`: whether no process of the account is left.
    Returns those that `target` has with another content, which stays.
    Raises StrangeFile for anything that is neither a file nor a folder of the account's, for a file
    that has another name, and for what is in `written` beside `inside`; OSError if it cannot be
    written.
    """
    with opened(written.parent) as above, entered(above, written.name, str(written)) as source:
        handover = Handover(os.fstat(source).st_uid, wanted, are_closed)
        handover.take_along(source, list(inside.parts), target)
    return handover.kept


def is_there(folder: int, name: str) -> bool:
    """Whether a folder has something by this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def has_content(folder: int, name: str, content: bytes) -> bool:
    """Whether what is in a folder under this name is a file with this content."""
    try:
        descriptor = os.open(name, FILE, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and file.read() == content


def make_roots(descriptor: int, mode: int) -> None:
    """Have an open file be root's, with the mode that a program has, or any other file."""
    os.fchown(descriptor, 0, 0)
    os.fchmod(descriptor, 0o755 if mode & stat.S_IXUSR else 0o644)


def copy(reading: int, folder: int, name: str, found: os.stat_result) -> None:
    """Copy an open file into a folder, as long as it was found to be."""
    writing = os.open(name, NEW, 0o600, dir_fd=folder)
    try:
        left = found.st_size
        while left > 0 and (chunk := os.read(reading, min(left, CHUNK))):
            left -= len(chunk)
            while chunk:
                chunk = chunk[os.write(writing, chunk) :]
        make_roots(writing, found.st_mode)
        # Bytecode that pip wrote is valid for a source of this time.
        os.utime(writing, ns=(found.st_mtime_ns, found.st_mtime_ns))
    finally:
        os.close(writing)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A folder of root's."""
    descriptor = os.open(folder, FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def entered(above: int, name: str, path: str) -> Iterator[int]:
    """A folder in another one, and nothing that a link leads to."""
    try:
        descriptor = os.open(name, FOLDER, dir_fd=above)
    except NotADirectoryError as error:
        raise strange(path, "is not a folder") from error
    except OSError as error:
        raise strange(path, f"cannot be entered: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def made(above: int, name: str, path: str) -> Iterator[int]:
    """The same, made if it is not there."""
    is_new = not is_there(above, name)
    if is_new:
        os.mkdir(name, 0o700, dir_fd=above)
    with entered(above, name, path) as descriptor:
        if is_new:
            os.fchmod(descriptor, 0o755)
        yield descriptor


def strange(path: str, problem: str) -> StrangeFile:
    """The error for something that was found among the files of packages."""
    return StrangeFile(
        f"an installed package has left {path!r}, which {problem}",
        f"find the package, take it out of environment.yml, then: {retry_env_command()}",
    )
