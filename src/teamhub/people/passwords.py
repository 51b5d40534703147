"""The passwords of people's Unix accounts: their state, and giving one.

A password is never on a command line or in a log: chpasswd(8) reads it from its input.
"""

from __future__ import annotations

import secrets
import subprocess
import time
import unicodedata
from collections.abc import Iterable, Mapping

from teamhub.system.run import run
from teamhub_shared import TeamhubError

#: The 31 letters and digits that are not easily mistaken for another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

#: What the shadow file has if nobody ever set a password (shadow(5), useradd(8)).
NEVER_SET = ("", "!", "*", "!*", "!!")

DAY = 86400


class BadPassword(TeamhubError):
    """A password cannot be set."""


def states(names: Iterable[str], today: int | None = None) -> dict[str, str]:
    """The state of each account's password, in one word or few; `today` counts days since 1970.

    `set`, `must be changed`, `locked`, `expired` (the account), `none`, or `elsewhere` for an
    account of a directory service, whose passwords are not this server's.
    """
    wanted = list(names)
    entries = shadow_entries(wanted)
    day = int(time.time()) // DAY if today is None else today
    return {name: state(entries[name], day) if name in entries else "elsewhere" for name in wanted}


def shadow_entries(names: Iterable[str]) -> dict[str, list[str]]:
    """The lines of the shadow database for these accounts, split into fields, by name."""
    wanted = list(names)
    if not wanted:  # getent would list everybody
        return {}
    # exit status 2: one of them has none
    listed = subprocess.run(
        ["getent", "shadow", *wanted],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    entries = [line.split(":") for line in listed.stdout.splitlines()]
    return {entry[0]: entry for entry in entries}


def state(entry: list[str], today: int) -> str:
    """The state of the password in one line of the shadow database (shadow(5))."""
    _, hashed, changed, _, longest, _, _, expires, *_ = entry
    if hashed in NEVER_SET:
        return "none"
    if hashed.startswith("!"):
        return "locked"
    if expires and today >= int(expires):
        return "expired"
    if changed == "0" or (changed and longest and today > int(changed) + int(longest)):
        return "must be changed"
    return "set"


def generate() -> str:
    """A password of 74 bits that can be read out and typed: three groups of five."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))


def check(password: str) -> None:
    """Raise BadPassword for one that no login form could send.  The text is not in the error."""
    if any(unicodedata.category(character) == "Cc" for character in password):
        raise BadPassword("the password has a control character", "choose a password without it")


def give(given: Mapping[str, str], *, permanent: bool = False) -> None:
    """Set passwords, by name; they have to be changed at the next login unless `permanent`."""
    for password in given.values():
        check(password)
    lines = "".join(f"{name}:{password}\n" for name, password in given.items())
    run(["chpasswd"], given=lines, remedy="look at what PAM says in: journalctl --since -5min")
    if not permanent:
        for name in given:
            run(["chage", "--lastday", "0", name], remedy=f"type: chage --lastday 0 {name}")
