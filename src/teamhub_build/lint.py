"""Runs lintian on a build and judges its tags: errors and warnings fail it.

`python3 -m teamhub_build.lint X.changes` does the same for a person.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from teamhub_shared import TeamhubError

#: lintian's letters (lintian(1), "LINTIAN OUTPUT"): error, warning, info, pedantic, experimental,
#: overridden, masked by a screen, classification.
SEVERITIES = {
    "E": "error",
    "W": "warning",
    "I": "info",
    "P": "pedantic",
    "X": "experimental",
    "O": "overridden",
    "M": "masked",
    "C": "classification",
}
REFUSED = frozenset({"error", "warning"})

#: Shows everything that lintian finds, and leaves the judgement to us.
LINTIAN = (
    *("lintian", "--profile", "debian", "--display-info", "--pedantic", "--show-overrides"),
    *("--tag-display-limit", "0", "--color", "never", "--allow-root", "--fail-on", "none"),
)

#: What a build leaves to the tests, as it takes a third of lintian's time: misspelt words and other
#: people's libraries are looked for in 55 MB of py-rattler's machine code, which changes with
#: py-rattler alone.
QUICK = ("--dont-check-part", "binaries/spelling,libraries/embedded")

TAG_LINE = re.compile(
    r"(?P<letter>[A-Z]): (?P<package>\S+)(?: (?P<kind>source|udeb|changes|buildinfo))?: "
    r"(?P<tag>[a-z0-9][\w.+-]*)(?: (?P<context>.*?))?(?: ?\[(?P<pointer>[^][]*)\])?"
)


class LintError(TeamhubError):
    """lintian objects to the package, or could not run."""


@dataclass(frozen=True)
class Tag:
    """One of lintian's findings."""

    severity: str
    package: str
    #: "binary", or lintian's own word for what it looked at: source, udeb, changes, buildinfo.
    kind: str
    name: str
    context: str = ""
    #: The file inside the package, with its line after a colon where there is one.
    pointer: str = ""

    def __str__(self) -> str:
        where = f" [{self.pointer}]" if self.pointer else ""
        return f"{self.severity}: {self.name} {self.context}".rstrip() + where


@dataclass(frozen=True)
class Override:
    """One line of a lintian-overrides file, with the comment above it."""

    line: str
    reason: str


def parse_tags(output: str) -> list[Tag]:
    """The tags in what lintian printed; its notes (`N:`) and blank lines are left out.

    Raises LintError for a line that is neither.
    """
    tags = []
    for line in output.splitlines():
        if not line.strip() or line.startswith("N:"):
            continue
        match = TAG_LINE.fullmatch(line)
        if match is None or match["letter"] not in SEVERITIES:
            raise LintError(f"lintian printed a line that is no tag: {line}", "read lintian(1)")
        tags.append(
            Tag(
                SEVERITIES[match["letter"]],
                match["package"],
                match["kind"] or "binary",
                match["tag"],
                match["context"] or "",
                match["pointer"] or "",
            )
        )
    return tags


def refused_tags(tags: Iterable[Tag]) -> list[Tag]:
    """Those that fail a build, errors first."""
    refused = [tag for tag in tags if tag.severity in REFUSED]
    return sorted(refused, key=lambda tag: tag.severity)


class Lintian:
    """A lintian that reads all that it knows, and then waits for a package.

    A build starts it early: reading takes a tenth of its time.
    """

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(
            [*LINTIAN, *options, "--packages-from-file", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def close(self) -> None:
        """End it; one that was given no package has nothing to do."""
        with self._process:
            pass

    def tags(self, changes: Path) -> list[Tag]:
        """Every tag for a .changes file (or a .deb), overridden ones too; once only.

        Raises LintError when lintian cannot read it.
        """
        found, errors = self._process.communicate(f"{changes}\n")
        if self._process.returncode != 0:
            raise LintError(
                f"lintian could not check {changes}: {errors.strip()}", "run lintian on it by hand"
            )
        return parse_tags(found)


def lint(changes: Path) -> list[Tag]:
    """Every tag that lintian has for a build; raises LintError when it cannot read it."""
    with closing(Lintian()) as lintian:
        return lintian.tags(changes)


def refuse_tags(changes: Path, tags: Sequence[Tag], *, progress: Callable[[str], object]) -> None:
    """Report how much was found in a build and let pass.

    Raises LintError that lists each refused tag with what lintian says about it.
    """
    for severity, count in Counter(tag.severity for tag in tags).items():
        progress(f"lintian: {count} {severity}")
    if refused := refused_tags(tags):
        about = {tag.name: explanation(tag.name) for tag in refused}
        lines = [f"    {tag}\n        {about[tag.name]}" for tag in refused]
        raise LintError(
            f"lintian refuses {changes}:\n" + "\n".join(lines),
            "fix it in debian/; if lintian is wrong, add it to debian/*.lintian-overrides "
            "with the reason in a comment above",
        )


def explanation(tag: str) -> str:
    """The first sentence of lintian's own explanation of a tag."""
    text = subprocess.run(
        ["lintian-explain-tags", tag], capture_output=True, encoding="utf-8", check=True
    ).stdout
    words = [line.removeprefix("N:").strip() for line in text.splitlines()]
    # the tag's own line comes first, then paragraphs parted by blank lines
    paragraphs = re.split(r"\n{2,}", "\n".join(words).strip())
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else paragraphs[0]


def read_overrides(path: Path) -> list[Override]:
    """The overrides of a lintian-overrides file; `reason` is empty where no comment stands."""
    overrides = []
    comment: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif line.strip():
            overrides.append(Override(line.strip(), " ".join(comment)))
        else:
            comment = []
    return overrides


def main(arguments: list[str]) -> int:
    """Lint what is named and print all of it; 1 when a tag is refused."""
    try:
        for changes in map(Path, arguments):
            tags = lint(changes)
            print(*tags, sep="\n")
            refuse_tags(changes, tags, progress=print)
    except LintError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
