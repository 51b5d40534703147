"""Whether a hub could start with the server's configuration and database, by the hub's own code."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from teamhub.environment import checks
from teamhub.environment.store.generations import CURRENT
from teamhub.hub import unit
from teamhub.people import accounts
from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError

CONFIG = Path("/etc/teamhub/jupyterhub_config.py")
#: With -P, a module in the working directory counts as little as it does for the hub.
PROGRAM = ("-P", "-m", "teamhub_hub.check", str(CONFIG))
#: A configuration that takes longer would keep the hub from starting, too.
SECONDS = 60.0


class HubCannotStart(TeamhubError):
    """The hub's configuration has errors, or the hub cannot read its database."""


@dataclass(frozen=True)
class Finding:
    """Something in a configuration file that the hub cannot use, or does not know."""

    file: str
    #: Counted from 1; 0 if the line is not known.
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.message}"


@dataclass(frozen=True)
class Answer:
    """What `teamhub_hub.check` has found."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    #: Why the hub cannot read its database, and what to do; None if it can.
    database: tuple[str, str] | None


class HubCheck:
    """A check of a generation that is being made, or of a complete one."""

    environment = "hub"
    of_packages_alone = False

    def __init__(self, values: Mapping[str, str], report: Callable[[str], None]) -> None:
        """`values` are the settings of the hub."""
        self.values = values
        self.report = report
        self.has_passed = False

    def run(self, generation: Path) -> None:
        """Check whether the generation's hub could start.

        Raises HubCannotStart, or BrokenGeneration if the hub itself is broken.
        """
        try:
            check(self.values, self.report, generation)
        except HubCannotStart:
            checks.JUPYTERHUB.run(generation)
            raise
        self.has_passed = True


def check(
    values: Mapping[str, str], report: Callable[[str], None], generation: Path = CURRENT
) -> None:
    """Check the configuration under these settings, and the database; report the warnings.

    Raises HubCannotStart with every error of the configuration, its file and its line, and with
    what is wrong with the database; DamagedEnvironment if the hub's own files are the reason.
    A running hub is not affected.
    """
    try:
        answer = ask(values, generation)
    except HubCannotStart:
        checks.refuse_damage(generation)
        raise
    for warning in answer.warnings:
        report(f"warning: {warning}")
    problems = [str(error) for error in answer.errors]
    remedies = ["fix the errors above (a running hub is not affected)"] if problems else []
    if answer.database:
        problem, remedy = answer.database
        problems.append(problem)
        remedies.append(remedy)
    if problems:
        # A module that is damaged fails where a snippet imports it.
        checks.refuse_damage(generation)
        raise HubCannotStart(
            "\n  ".join(problems), f"{'; '.join(remedies)}, then: {retry_command()}"
        )


def ask(values: Mapping[str, str], generation: Path) -> Answer:
    """Run the hub's own check with no more rights than the hub has, in its environment.

    Raises HubCannotStart if the check does not end normally.
    """
    rhea = accounts.service_account()
    text = unit.read()
    with credentials(rhea) as folder, tempfile.TemporaryFile("w+", errors="replace") as messages:
        environment = unit.environment(
            text, account=rhea, credentials=folder, generation=generation
        )
        process = start(generation, rhea, {**environment, **values}, messages)
        printed = output_of(process)
        messages.seek(0)
        last_words = messages.read().strip().splitlines()[-1:]
    if process.returncode or not printed:
        raise HubCannotStart(
            f"{CONFIG} or one of its snippets ends the hub: "
            f"{''.join(last_words) or f'exit status {process.returncode}'}",
            f"take out of them what ends the process, then: {retry_command()}",
        )
    return read_answer(printed)


def start(
    generation: Path, account: pwd.struct_passwd, environment: dict[str, str], messages: IO[str]
) -> subprocess.Popen[str]:
    """Start the check of a generation's hub as the account, with `messages` for its stderr.

    That is not a pipe: a process that a configuration leaves running would hold it open.
    Raises HubCannotStart if the generation does not have a Python that runs.
    """
    python = generation / "hub/bin/python3"
    try:
        return subprocess.Popen(
            [python, *PROGRAM],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=os.getgrouplist(account.pw_name, account.pw_gid),
            cwd=unit.STATE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise HubCannotStart(
            f"cannot run {python}: {error.strerror}",
            f"take back what is gone: teamhub env repair, then: {retry_command()}",
        ) from error


def output_of(process: subprocess.Popen[str], seconds: float = SECONDS) -> str:
    """What a process prints until it ends; all that it has started ends with it.

    Raises HubCannotStart when it takes more than `seconds`.
    """
    try:
        printed, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise HubCannotStart(
            f"{CONFIG} and its snippets did not load within {seconds:g} s",
            f"take out of them what waits or does not end, then: {retry_command()}",
        ) from error
    finally:
        stop(process)
    return printed


def stop(process: subprocess.Popen[str]) -> None:
    """End a process with all that it has started, also if it has ended itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def read_answer(printed: str) -> Answer:
    """What the hub's check prints, which its docstring describes."""
    found = json.loads(printed)
    return Answer(
        errors=read_findings(found["errors"]),
        warnings=read_findings(found["warnings"]),
        database=tuple(found["database"]) if found["database"] else None,
    )


def read_findings(findings: Sequence[tuple[str, int, str]]) -> tuple[Finding, ...]:
    """Findings as JSON has them."""
    return tuple(Finding(*finding) for finding in findings)


@contextmanager
def credentials(account: pwd.struct_passwd) -> Iterator[Path]:
    """A folder of credentials as systemd makes one for the hub, with a token that opens nothing."""
    with tempfile.TemporaryDirectory(prefix="teamhub-check-") as name:
        folder = Path(name)
        (folder / "proxy-token").write_text("0" * 64, "ascii")
        (folder / "proxy-token").chmod(0o644)
        os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
