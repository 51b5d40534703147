"""`teamhub channel`: the server's packages, for other servers."""

from __future__ import annotations

import argparse
from pathlib import Path

from teamhub.environment.store.layout import SERVER
from teamhub.system.report import report


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `channel` to the command line."""
    command = commands.add_parser("channel", help="the server's packages, for other servers")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    exporting = actions.add_parser("export", help="write them into a folder, as a conda channel")
    exporting.add_argument("folder", type=Path, metavar="DIR")
    exporting.set_defaults(run=export_channel)


def export_channel(chosen: argparse.Namespace) -> None:
    """Write the current generation's packages into a folder."""
    from teamhub.environment.conda import export
    from teamhub.environment.store.state import read_state

    folder = chosen.folder.absolute()
    done = export.export(read_state().needed_current.path, folder, SERVER)
    report(
        f"{done.packages} packages, {done.bytes / 1e6:.0f} MB; "
        "in environment.yml of other servers, write:"
    )
    print(f"channels:\n  - {folder.as_uri()}")
