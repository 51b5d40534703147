"""A server with the working tree that stays up, and takes up each change of the tree.

Run by tests/run.py dev --sit, as root, in process, mount and network namespaces of its own.  It
ends with its standard input, on SIGINT and on SIGTERM, and leaves nothing mounted or running.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.checkout import REPOSITORY
from support.container import BootedServer, Host
from support.installation import (
    ADMIN,
    PASSWORDS,
    Target,
    boot_layers,
    configure,
    numbered_target,
    wait_for_login_page,
)
from support.kept import hold, remove_old
from support.kept_servers import CA, FACTS, LAYERS
from support.layers import passing_folder
from support.network import Mirror, NameServer, become_private_network
from support.outside import browser_command, browser_home, curl_command, open_door
from support.roots import CACHE
from support.tree.kept_layers import LAID, kept_installation, render_for, with_tree
from support.tree.laying import is_configured, lay
from support.tree.rendering import signature
from teamhub_shared import TeamhubError

#: Names the machine to tests/run.py shell.
SITTING = LAID / "sitting"
ENDING = (signal.SIGINT, signal.SIGTERM)
LOOK_SECONDS = 0.3
#: So many names of changed files are printed.
SHOWN = 5


@dataclass(frozen=True)
class Seat:
    """What is booted."""

    target: Target
    layers: tuple[Path, ...]
    #: The certificate that the team imports; None where teamhub is not installed.
    ca: Path | None
    what: str
    #: Whether the tree as it is, or what is there in its place, is laid already.
    is_laid: bool = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite")
    parser.add_argument("--package", type=Path)
    parser.add_argument("--layer", type=Path, help="what a failed test has left")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--outside", type=int, required=True, help="descriptor of the network there"
    )
    options = parser.parse_args()
    for number in ENDING:
        signal.signal(number, _end)
    with contextlib.suppress(KeyboardInterrupt):
        sit(options)
    return 0


def _end(*_: object) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def sit(options: argparse.Namespace) -> None:
    """Boot the server, say how to get at it, and follow the tree until it is enough."""
    target = (
        kept_target(options.layer)
        if options.layer
        else numbered_target(1, options.suite, "scientific", options.package)
    )
    LAID.mkdir(parents=True, exist_ok=True)
    # of a run that was killed
    remove_old(LAID.glob("sit-*"), 0, shutil.rmtree)
    with tempfile.TemporaryDirectory(prefix="sit-", dir=LAID) as name:
        work = Path(name)
        hold(work)
        become_private_network([target.host], work / "hosts")
        Mirror(CACHE / "mirror")
        names = NameServer()
        (work / "layers").mkdir()
        seen = signature(REPOSITORY)
        seat = kept_seat(options.layer, target) if options.layer else tree_seat(target, names)
        with passing_folder(work / "layers") as folder, booted_seat(seat, folder) as server:
            door = open_door(target.host, options.port, options.outside)
            try:
                describe(seat, options.port)
                SITTING.write_text(server.machine)
                follow(seat, server, seen if seat.is_laid else {})
            finally:
                SITTING.unlink(missing_ok=True)
                door.terminate()
                door.wait()


def tree_seat(target: Target, names: NameServer) -> Seat:
    """The working tree on an installed server, or that server alone where the tree fails on it."""
    installed = kept_installation(target, names)
    try:
        made, is_laid = with_tree(installed, REPOSITORY), True
    except (TeamhubError, AssertionError, subprocess.CalledProcessError) as error:
        print(f"the working tree fails on the installed server:\n{error}", flush=True)
        made, is_laid = installed, False
    what = f"the working tree over {target.package.name}"
    return Seat(target, made.layers, made.ca, what, is_laid)


def kept_target(folder: Path) -> Target:
    """Whose server a failed test has left."""
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    package = Path(facts["package"])
    return Target(facts["suite"], facts["profile"], package, Host(**facts["host"]))


def kept_seat(folder: Path, target: Target) -> Seat:
    """The server of a failed test, as it was."""
    hold(folder)
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    layers = tuple(folder.resolve() / LAYERS / layer for layer in facts["layers"])
    ca = folder.resolve() / CA if facts["installed"] else None
    return Seat(target, layers, ca, f"what {folder.name} has left")


@contextlib.contextmanager
def booted_seat(seat: Seat, work: Path) -> Iterator[BootedServer]:
    with boot_layers(seat.target, seat.layers, seat.ca, work) as server:
        if seat.ca:
            try:
                wait_for_login_page(server, seat.ca)
            except AssertionError as failure:
                print(f"its hub does not answer:\n{failure}\n", flush=True)
        yield server


def describe(seat: Seat, port: int) -> None:
    """Print all that it takes to use the server."""
    host = seat.target.host
    print(f"\n{host.name} is up: {seat.what}\n")
    print("  root shell    tests/run.py shell")
    if seat.ca:
        home = browser_home(LAID / "browser", seat.ca)
        ca = home / "ca.crt"
        ca.write_bytes(seat.ca.read_bytes())
        print(f"  address       {host.url} (port {port} of this machine's loopback)")
        print(f"  browser       {browser_command(host, port, home)}")
        print(f"  curl          {curl_command(host, port, ca)}")
        print(f"  authority     {ca}")
        for user, password in PASSWORDS.items():
            print(f"  {'administrator' if user == ADMIN else 'person':14}{user}, {password}")
    print("  end           Ctrl-C\n", flush=True)


def follow(seat: Seat, server: BootedServer, seen: dict[str, tuple[int, int]]) -> None:
    """Lay each state of the tree that differs from `seen`, until there is no more input."""
    laid = pending = seen
    while not server.has_ended:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1):
            return
        now = signature(REPOSITORY)
        # an editor, or git, may be in the middle of it: once more the same is a state
        if now != laid and now == pending and seat.ca:
            names = sorted({path for path, _ in now.items() ^ laid.items()})
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            print(f"{', '.join(names[:SHOWN])}{more}:", flush=True)
            lay_again(seat.target, server)
            laid = now
        pending = now
    print("the server has been powered off")


def lay_again(target: Target, server: BootedServer) -> None:
    """Bring the tree as it is now into force on the running server, and print what came of it."""
    start = time.monotonic()
    try:
        changed = lay_tree(target, server)
    except (TeamhubError, subprocess.CalledProcessError, OSError, ValueError) as error:
        print(f"  not laid: {error}", flush=True)
        return
    more = [f"and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
    print("".join(f"  {line}\n" for line in (*changed[:SHOWN], *more)), end="")
    outcome = "no difference"
    if not is_configured(server.root):
        done = configure(server)
        lines = filter(None, (done.stdout + done.stderr).splitlines())
        print("".join(f"  {line}\n" for line in lines), end="")
        outcome = "failed" if done.returncode else "in force"
    print(f"  {outcome} after {time.monotonic() - start:.1f} s", flush=True)


def lay_tree(target: Target, server: BootedServer) -> list[str]:
    """Lay the tree as it is now over a running server; the paths that differed."""
    with tempfile.TemporaryDirectory(prefix="tree-", dir=LAID) as tree:
        render_for(target, REPOSITORY, server.root, Path(tree))
        return lay(Path(tree), server.root)


if __name__ == "__main__":
    sys.exit(main())
