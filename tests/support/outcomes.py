"""Running a stage's commands, and counting what passed and failed."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How many checks of a stage passed and failed."""

    passed: int
    failed: int
    seconds: float = 0


def read_report(report: Path) -> Outcome:
    """The counts of a report in JUnit's format; skipped tests count as neither."""
    passed = failed = 0
    for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314 - pytest's own file
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += bad
        passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return Outcome(passed, failed)


def count(commands: Iterable[Sequence[str]], label: str = "") -> Outcome:
    results = [succeeds(command, label) for command in commands]
    return Outcome(results.count(True), results.count(False))


def total(outcomes: Iterable[Outcome]) -> Outcome:
    outcomes = list(outcomes)
    return Outcome(sum(each.passed for each in outcomes), sum(each.failed for each in outcomes))


def succeeds(command: Sequence[str], label: str = "", **environment: str) -> bool:
    """Run a command, its output going where ours goes, each line behind `label` if there is one."""
    begin = f"{label} | " if label else ""
    print(f"{begin}$ {' '.join(command)}", flush=True)
    variables = os.environ | environment
    if not label:
        return subprocess.run(command, env=variables, check=False).returncode == 0
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            # in one write: other stages print, too
            sys.stdout.write(f"{begin}{line}")
            sys.stdout.flush()
    return process.returncode == 0
