"""Checking jupyterhub_config.py and the snippets before a hub is started with them."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub.environment.store.generations import CURRENT
from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import SERVICE_ACCOUNT

CONFIG = Path("/etc/teamhub/jupyterhub_config.py")
PROGRAM = Path("/usr/lib/teamhub/check_config.py")
STATE = Path("/var/lib/teamhub")
#: A configuration that takes longer would keep the hub from starting, too.
SECONDS = 60


class BadHubConfig(TeamhubError):
    """JupyterHub's configuration has errors."""


@dataclass(frozen=True)
class Finding:
    """Something in a configuration file that the hub cannot use, or does not know."""

    file: str
    #: Counted from 1; 0 where none can be named.
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.message}"


def hub_python(generation: Path = CURRENT) -> Path:
    """The Python that runs the hub."""
    return generation / "hub/bin/python3"


def check(
    values: Mapping[str, str], report: Callable[[str], None], generation: Path = CURRENT
) -> None:
    """Load the configuration with these settings, as the hub's account; report the warnings.

    Raises BadHubConfig with every error, its file and its line.
    """
    found = json.loads(load(values, hub_python(generation)))
    errors = [Finding(*error) for error in found["errors"]]
    if errors:
        raise BadHubConfig(
            "\n  ".join(map(str, errors)),
            f"mend what is named (the hub goes on as it is), then: {retry_command()}",
        )
    for warning in found["warnings"]:
        report(f"warning: {Finding(*warning)}")


def load(values: Mapping[str, str], python: Path) -> str:
    """What the checking program prints; it runs with no more rights than the hub has.

    Raises BadHubConfig when it does not come to its end.
    """
    rhea = pwd.getpwnam(SERVICE_ACCOUNT)
    with credentials(rhea) as folder:
        process = subprocess.Popen(
            [python, PROGRAM, CONFIG],
            user=rhea.pw_uid,
            group=rhea.pw_gid,
            extra_groups=os.getgrouplist(SERVICE_ACCOUNT, rhea.pw_gid),
            cwd=STATE,
            env=environment(values, python, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            printed, said = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BadHubConfig(
                f"{CONFIG} and its snippets have not loaded after {SECONDS} s",
                f"take out of them what waits or does not end, then: {retry_command()}",
            ) from error
        finally:
            stop(process)
    if process.returncode or not printed:
        words = said.strip().splitlines() or [f"exit status {process.returncode}"]
        raise BadHubConfig(
            f"{CONFIG} or one of its snippets ends the hub: {words[-1]}",
            f"take out of them what ends the process, then: {retry_command()}",
        )
    return printed


def stop(process: subprocess.Popen[str]) -> None:
    """End a process with all that it has started, also when it is over itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def environment(values: Mapping[str, str], python: Path, folder: Path) -> dict[str, str]:
    """The environment that the hub's unit gives, with these settings."""
    return {
        **values,
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "PYTHONPATH": "/usr/lib/teamhub/hub",
        "HOME": str(STATE),
        "LANG": "C.UTF-8",
        "STATE_DIRECTORY": str(STATE),
        "CREDENTIALS_DIRECTORY": str(folder),
    }


@contextmanager
def credentials(account: pwd.struct_passwd) -> Iterator[Path]:
    """A folder of credentials as systemd makes one for the hub, with a token that opens nothing."""
    with tempfile.TemporaryDirectory(prefix="teamhub-check-") as name:
        folder = Path(name)
        (folder / "proxy-token").write_text("0" * 64, "ascii")
        (folder / "proxy-token").chmod(0o644)
        os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
