"""The `teamhub` command: reads the command line, calls one thing, and shows its errors."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from teamhub.commands import (
    apply,
    channel,
    check_config,
    env,
    repair,
    servers,
    setup,
    status,
    tls,
    user,
)
from teamhub.system.run import cannot_write
from teamhub_shared import TeamhubError

#: What a shell reports of a program that Ctrl-C ended: 128 and the number of SIGINT.
INTERRUPTED = 130

COMMANDS = (apply, channel, check_config, env, repair, servers, setup, status, tls, user)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    chosen = parser().parse_args(arguments)
    if os.geteuid() != 0:
        print("teamhub: only root may do this; try: sudo teamhub ...", file=sys.stderr)
        return 1
    # Under any umask of the caller's, what this makes has the modes that are written here.
    os.umask(0o022)
    try:
        chosen.run(chosen)
    except TeamhubError as error:
        print(f"teamhub: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # it may be any file, and what is wrong is the same for each
        if error.errno != errno.EROFS:
            raise
        print(f"teamhub: {cannot_write(error.filename, error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("teamhub: interrupted; the same command again goes on", file=sys.stderr)
        return INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line's grammar: every command sets `run`, which takes what was chosen."""
    top = argparse.ArgumentParser(prog="teamhub", description="Run a team's Jupyter server.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return top
