"""People's home folders: whether the server of each person could start in theirs."""

from __future__ import annotations

import pwd
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

from teamhub.system.report import report

#: A home may be on a file server that does not answer; nothing waits longer for all of them.
SECONDS = 5.0


def warn(names: Iterable[str], seconds: float = SECONDS) -> None:
    """Report each person whose home folder keeps their server from starting, and the remedy."""
    wanted = list(names)
    found: dict[str, str] = {}
    # A daemon: what hangs in a file server's answer ends with this process.
    looking = threading.Thread(target=look_at, args=(wanted, found), daemon=True)
    looking.start()
    looking.join(seconds)
    for fault in [text for text in dict(found).values() if text]:
        report(f"warning: {fault}")
    silent = [name for name in wanted if name not in found]
    if silent:
        report(
            f"warning: the home folder of {silent[0]} did not answer within {seconds:.0f} s; "
            "look at its file server: findmnt --target /home"
        )


def look_at(names: Iterable[str], found: dict[str, str]) -> None:
    """Put what is wrong with each person's home into `found`, by name; empty if nothing is."""
    for name in names:
        found[name] = fault(name)


def fault(name: str) -> str:
    """Why a person's server cannot start in their home, and what to do; empty if it can.

    The same reasons as in src/programs/mediator.py, which looks again as that person.
    """
    try:
        account = pwd.getpwnam(name)
    except KeyError:  # a directory that does not answer now
        return ""
    home = account.pw_dir
    try:
        info = Path(home).stat()
    except FileNotFoundError:
        return (
            f"{name} can log in, but their server cannot start: {home} does not exist; "
            f"mount it, or make it with: mkhomedir_helper {name}"
        )
    except OSError as error:
        return f"{name} can log in, but their server may not start: {home}: {error.strerror}"
    if not stat.S_ISDIR(info.st_mode):
        return f"{name} can log in, but their server cannot start: {home} is not a folder"
    if info.st_uid != account.pw_uid:
        return (
            f"{name} can log in, but their server cannot start: {home} belongs to uid "
            f"{info.st_uid}, not to them; if it is theirs, type: chown -R {name}: {home}"
        )
    return ""
