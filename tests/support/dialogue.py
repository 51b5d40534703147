"""The package's questions at a terminal: each frontend of debconf, each language."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self

from support.container import BootedServer
from support.installation import members
from support.terminal import CLEAR_TO_END, ENTER, ESCAPE, LINE_START, PAGE_UP, TAB, Terminal

TEMPLATES = Path("/var/lib/dpkg/info/teamhub.templates")
DOWN = "\x1bOB"
#: What a question ends in: a colon, in Chinese a wide one.
COLONS = ":\uff1a"


class Words:
    """The first line of every question and every error, in one language ("" for English)."""

    def __init__(self, templates: str, language: str = "") -> None:
        field = f"Description-{language}.UTF-8" if language else "Description"
        self._first_lines: dict[str, str] = {}
        for stanza in templates.split("\n\n"):
            fields = dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE))
            self._first_lines[fields["Template"].removeprefix("teamhub/")] = fields[field]

    def __getitem__(self, name: str) -> str:
        return self._first_lines[name].replace("${NOW}", "")

    def error(self, fault: str) -> str:
        return self[f"error-{fault}"]


class Dialogue:
    """A command that asks the package's questions, and somebody who answers them.

    `frontend` is debconf's: dialog, readline, or readline-bare for a terminal without readline's
    library, where a value can be neither shown for editing nor gone back from.
    """

    def __init__(
        self,
        server: BootedServer,
        *command: str,
        words: Words,
        frontend: str = "dialog",
        language: str = "C",
    ) -> None:
        self.words = words
        self.frontend = frontend
        self.terminal = Terminal(
            server,
            *command,
            # all of dialog's windows fit into the smallest common terminal
            rows=24 if frontend == "dialog" else 200,
            environment={
                "DEBIAN_FRONTEND": frontend.removesuffix("-bare"),
                "LANG": f"{language}.UTF-8",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.terminal.__exit__(kind, error, trace)

    def question(self, name: str) -> None:
        """Wait until a question is asked."""
        self.terminal.wait_for(self.words[name].rstrip(COLONS))

    def value(self, name: str) -> str:
        """What a question of one line shows for editing, or names in brackets."""
        self.question(name)
        if self.frontend == "dialog":
            [line] = re.findall(r"│ ([^│]*?)_+ │", self.terminal.screen)
            return str(line)
        text = re.escape(self.words[name].rstrip(COLONS))
        value = rf" \[(.*)\][{COLONS}]" if self.frontend == "readline-bare" else rf"[{COLONS}] (.*)"
        found = re.findall(text + value, self.terminal.screen.replace("\n", ""))
        return str(found[-1]).strip() if found else ""

    def accept(self, name: str) -> None:
        """Leave a value as it is."""
        self.question(name)
        self._enter()

    def type(self, name: str, value: str) -> None:
        """Write another value over the one that is shown."""
        self.question(name)
        if self.frontend != "readline-bare":
            self.terminal.press(LINE_START, CLEAR_TO_END)
        self.terminal.press(value)
        self._enter()

    def choose(self, name: str, number: int) -> None:
        """Take one of a list, by its place from 1 on, when the first is the one that holds."""
        self.question(name)
        if self.frontend == "dialog":
            self.terminal.press(*[DOWN] * (number - 1))
        else:
            self.terminal.press(LINE_START, CLEAR_TO_END, str(number))
        self._enter()

    def switch(self, name: str, *, to: bool) -> None:
        """Answer yes or no, when the other one holds."""
        self.question(name)
        if self.frontend == "dialog":
            self.terminal.press(TAB)
        else:
            self.terminal.press(LINE_START, CLEAR_TO_END, "yes" if to else "no")
        self._enter()

    def back(self, name: str) -> None:
        """Go back from a question."""
        self.question(name)
        self.terminal.clear()
        self.terminal.press(ESCAPE if self.frontend == "dialog" else PAGE_UP)

    def refusal(self, fault: str, culprit: str) -> None:
        """Read why an answer is refused, and go on to the question again."""
        self.terminal.wait_for(self.words.error(fault))
        self.terminal.wait_for(culprit)
        if self.frontend == "dialog":
            self._enter()

    def end(self) -> int:
        """Wait for the end of the command; its exit status."""
        return self.terminal.end()

    def _enter(self) -> None:
        # an old question must not pass for the same one asked again
        self.terminal.clear()
        self.terminal.press(ENTER)


def shown_members(server: BootedServer, group: str) -> str:
    """The members of a group as a question shows them."""
    return ", ".join(sorted(members(server, group)))
