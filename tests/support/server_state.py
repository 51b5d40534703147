"""Every file of a server that work has made or changed, for two servers to be compared."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from support.layers import Overlay

#: Each file by its name in the server, as owner, mode and content.
State = dict[str, str]
#: The contents of files with several names, by device and inode.
Digests = dict[tuple[int, int], str]

GONE = "is not there"
#: So many differences of two servers are shown.
SHOWN = 20

#: What is another one on every server, or at every moment, and what is a copy of before.
LEFT_OUT = re.compile(
    r"/(dev|mnt|proc|run|sys|tmp)/"
    r"|/var/(log|tmp)/"
    # how far apt and ldconfig have got with their caches
    r"|/var/cache/(apt|ldconfig)/"
    # where dpkg unpacks a package's scripts: it empties it before the next one
    r"|/var/lib/dpkg/tmp\.ci/"
    # what was before the last change
    r"|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$"
    r"|/var/lib/dpkg/(status|diversions|statoverride)-old$"
    r"|/var/cache/debconf/(config|templates|passwords)\.dat-old$"
    r"|/var/lib/ucf/(hashfile|registry)\.\d$"
    # for a three-way merge, which nobody asks for; ucf makes it only where it puts the file
    r"|/var/lib/ucf/cache/:etc:teamhub:teamhub\.conf$"
    # in which rattler counts how often it has unpacked a package
    r"|/opt/teamhub/pkgs/[^/]+\.lock$"
    # which is there while the hub writes
    r"|/var/lib/teamhub/jupyterhub\.sqlite-"
    r"|/var/lib/systemd/(random-seed|timers/|timesync/)"
)
#: What is drawn by lot, or made from what is.
MADE_HERE = re.compile(
    r"/etc/teamhub/(proxy-token|tls/.*)|/var/lib/teamhub/(cookie_secret|jupyterhub\.sqlite)"
)
#: The answers that debconf keeps: a paragraph for each question.
ANSWERS = "/var/cache/debconf/config.dat"
#: A value of ours there.  What the questions come to is compared as debconf-show prints it: what is
#: the template's default may stand there, or not.
OWN_VALUE = re.compile(r"^(Name: teamhub/.*\n(?:.+\n)*?)Value:.*\n")
#: Files with times in them.
TIMED = re.compile(r"/opt/teamhub/.*/(generation\.json|conda-meta/history)|.*/history\.jsonl")
TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?")
#: The day on which a password was changed last.
DAY = re.compile(rb"^([^:]*:[^:]*):\d*:", re.MULTILINE)


def state_of(overlay: Overlay) -> State:
    """What the server has that the layers below it do not have, or have otherwise."""
    found, digests = State(), Digests()
    for folder, folders, files in os.walk(overlay.changes):
        for name in (*folders, *files):
            path = f"/{Path(folder, name).relative_to(overlay.changes)}"
            if path == ANSWERS:
                found |= answers((overlay.root / path.lstrip("/")).read_text("utf-8"))
            elif not LEFT_OUT.match(f"{path}/" if name in folders else path):
                found[path] = describe(overlay.root, path, digests)
    return found


def answers(text: str) -> State:
    """What debconf keeps of each question, by the name of its file and the question's."""
    paragraphs = [OWN_VALUE.sub(r"\1", f"{each}\n") for each in text.split("\n\n") if each]
    return {f"{ANSWERS} {each.splitlines()[0]}": each for each in paragraphs}


def describe(root: Path, path: str, digests: Digests) -> str:
    """A file's kind, mode, owner and content; `digests` has those of files with several names."""
    file = root / path.lstrip("/")
    try:
        status = file.lstat()
    except FileNotFoundError:
        return GONE
    owner = f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(status.st_mode):
        return f"{owner} -> {file.readlink()}"
    if not stat.S_ISREG(status.st_mode):
        return owner
    if status.st_nlink == 1:
        return f"{owner} {_content(file, path, status.st_size)}"
    inode = (status.st_dev, status.st_ino)
    if inode not in digests:
        digests[inode] = _content(file, path, status.st_size)
    return f"{owner} {digests[inode]}"


def _content(file: Path, path: str, size: int) -> str:
    if MADE_HERE.fullmatch(path):
        return "has content" if size else "is empty"
    normal: Callable[[bytes], bytes] | None = None
    if TIMED.fullmatch(path):
        normal = lambda text: TIME.sub(b"TIME", text)  # noqa: E731
    elif path == "/etc/shadow":
        normal = lambda text: DAY.sub(rb"\1:DAY:", text)  # noqa: E731
    if normal:
        return hashlib.sha256(normal(file.read_bytes())).hexdigest()
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def differences(clean: State, before: Path, found: State, root: Path) -> list[str]:
    """What differs between a server as it should be and another one with the same layers below it.

    `before` is the tree of those layers, and `root` the tree of the other one: there is what only
    one of the two has touched.
    """
    lines = []
    for path in sorted(clean.keys() | found.keys()):
        wanted = clean.get(path) or describe(before, path, {})
        here = found.get(path) or describe(root, path, {})
        if wanted != here:
            lines.append(f"{path}: {here}, where a clean one has: {wanted}")
    return lines


def shown(lines: list[str]) -> str:
    """The first of many differences."""
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join(["", *lines[:SHOWN], *more])
