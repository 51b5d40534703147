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
from pathlib import Path

from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
#: No package has folders as deep as this, and each takes a descriptor on both sides.
DEEPEST = 64
CHUNK = 1 << 20


class StrangeFile(TeamhubError):
    """Something that no installation of a package leaves."""


def take_over(
    written: Path, inside: Path, target: Path, wanted: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """Move the wanted files below `written`/`inside` to the same places below `target`.

    The folder of `written` is in one of root's; all that is in it may be the account's.  Paths are
    relative to `target`.  Returns those that `target` has with another content, which stays.
    Raises StrangeFile for anything that is neither a file nor a folder, for a file that has another
    name, and for what is in `written` beside `inside`; OSError if it cannot be written.
    """
    kept: list[str] = []
    with opened(written.parent) as above, entered(above, written.name, str(written)) as source:
        take_along(source, list(inside.parts), target, wanted, kept)
    return kept


def take_along(
    source: int, way: list[str], target: Path, wanted: Callable[[str], bool], kept: list[str]
) -> None:
    """Take over what is at the end of a way of folders, which has nothing else in it."""
    if not way:
        with opened(target) as into:
            take_folder(source, into, "", wanted, kept)
        return
    first, *others = way
    for name in os.listdir(source):
        if name != first:
            raise strange(name, "is outside of the environment")
        with entered(source, name, name) as below:
            take_along(below, others, target, wanted, kept)


def take_folder(
    source: int, target: int, inside: str, wanted: Callable[[str], bool], kept: list[str]
) -> None:
    """Take over all that is in an open folder; `inside` is its path, with a slash at its end."""
    if inside.count("/") > DEEPEST:
        raise strange(inside[:200], "is deeper than any package's folder")
    for name in sorted(os.listdir(source)):
        path = f"{inside}{name}"
        kind = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
        if stat.S_ISDIR(kind):
            with entered(source, name, path) as below, made(target, name, path) as into:
                take_folder(below, into, f"{path}/", wanted, kept)
        elif not stat.S_ISREG(kind):
            raise strange(path, "is neither a file nor a folder")
        elif wanted(path):
            if not take_file(source, target, name, path):
                kept.append(path)
            # Large packages would take their room on the disk twice.
            os.unlink(name, dir_fd=source)


def take_file(source: int, target: int, name: str, path: str) -> bool:
    """Copy a file; whether it was new, or there already with the same content."""
    # A pipe could have taken its place, and would be waited for.
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=source)
    with os.fdopen(reading, "rb") as file:
        found = os.fstat(reading)
        # Another name of a file could be one in a folder that the account cannot enter.
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise strange(path, "is not a file of its own")
        try:
            writing = os.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=target
            )
        except FileExistsError:
            return has_content(target, name, file.read())
        with os.fdopen(writing, "wb") as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
            copy.flush()
            os.fchmod(writing, 0o755 if found.st_mode & stat.S_IXUSR else 0o644)
            # Bytecode that pip wrote is valid for a source of this time.
            os.utime(writing, ns=(found.st_mtime_ns, found.st_mtime_ns))
    return True


def has_content(folder: int, name: str, content: bytes) -> bool:
    """Whether what is in a folder under this name is a file with this content."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and file.read() == content


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
    try:
        os.mkdir(name, 0o700, dir_fd=above)
    except FileExistsError:
        with entered(above, name, path) as descriptor:
            yield descriptor
        return
    with entered(above, name, path) as descriptor:
        os.fchmod(descriptor, 0o755)
        yield descriptor


def strange(path: str, problem: str) -> StrangeFile:
    """The error for something that was found among the files of packages."""
    return StrangeFile(
        f"an installed package has left {path!r}, which {problem}",
        f"find the package, take it out of environment.yml, then: {retry_env_command()}",
    )
