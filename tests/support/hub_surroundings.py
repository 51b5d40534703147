"""What stands for the system around a hub in a test's own process: groups, PAM, and sudo."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pamela
import pytest

from teamhub_hub import membership

#: On every Debian system, account and group `bin` belong together: they stand for somebody who may
#: use the hub, and for the group that says so.
PERSON = GROUP = "bin"
#: No group at all.
NO_GROUP = "no-such-group"
PASSWORD = "Serenity 1"


@dataclass
class Groups:
    """Which of the system's groups stand for the hub's two."""

    patch: pytest.MonkeyPatch

    def are(self, *, users: str = GROUP, admins: str = NO_GROUP) -> None:
        """Take these from now on."""
        self.patch.setattr(membership, "USERS_GROUP", users)
        self.patch.setattr(membership, "ADMINS_GROUP", admins)


@dataclass
class Pam:
    """Stands for pamela, which asks PAM: the numbers that its two stages end with."""

    #: By name and password; any other is PAM_AUTH_ERR.
    passwords: dict[tuple[str, str], int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def authenticate(self, name: str, password: str, **chosen: object) -> None:
        """As pamela does: nothing for success."""
        assert chosen == {"check": False, "service": "teamhub", "encoding": "utf8"}
        self.asked.append((name, password))
        self.end(self.passwords.get((name, password), 7))

    def check_account(self, name: str, **chosen: object) -> None:
        """As pamela does: nothing for success."""
        assert chosen == {"service": "teamhub", "encoding": "utf8"}
        self.end(self.accounts.get(name, 0))

    def end(self, number: int) -> None:
        """Raise what pamela raises for a number that is not PAM_SUCCESS."""
        if number:
            raise pamela.PAMError(errno=number)


@dataclass(frozen=True)
class Sudo:
    """A program that stands for sudo: it notes how it is called, and ends as it is said to."""

    folder: Path

    def ends(self, status: int, printed: str = "") -> None:
        """Write the program."""
        program = self.folder / "sudo"
        program.write_text(
            "#!/bin/sh\n"
            f'echo "$*" >> {self.folder}/calls\n'
            f"cat > {self.folder}/given\n"
            f"printf %s {shlex.quote(printed)}\n"
            f"exit {status}\n"
        )
        program.chmod(0o755)

    def calls(self) -> list[str]:
        """The arguments of each call."""
        noted = self.folder / "calls"
        return noted.read_text().splitlines() if noted.exists() else []

    def given(self) -> str:
        """The input of the last call."""
        return (self.folder / "given").read_text()
