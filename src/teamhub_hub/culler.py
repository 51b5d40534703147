"""The service that ends servers which nobody uses: upstream's idle culler, which spares long work.

The hub takes a server for idle when no browser and no kernel has sent anything.  A cell that
computes for a night sends nothing (jupyterhub issue #1498), but it uses the processor: so does what
the person has started in a terminal.  Linux counts both for `user-UID.slice`, in which systemd
keeps all processes of a person.
"""

from __future__ import annotations

import json
import logging
import os
import pwd
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from jupyterhub_idle_culler import IdleCuller
from tornado.netutil import Resolver
from traitlets.config import Config

from teamhub_shared import sockets

#: Where control groups of version 2 are; the second one is of systemd's hybrid hierarchy.
CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
#: Another one after each boot, with which the kernel counts anew.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: What was seen last, so that a restart of the hub does not forget who is at work.
STATE = Path("/var/lib/teamhub/processor-use.json")
#: The share of one processor, on average since the look before, from which on somebody is at work.
#: A server with three idle kernels takes 0.0007 (measured on two cores, without a browser).
WORKING_SHARE = 0.02

log = logging.getLogger("teamhub.culler")


@dataclass(frozen=True)
class Look:
    """What one look at a person's processes has found; both times are of the monotonic clock."""

    #: Seconds of processor time that their slice had used.
    used: float
    at: float
    #: When they were last seen at work.
    worked_at: float


def next_look(before: Look | None, used: float, now: float) -> Look:
    """A look by what the one before has seen; without one, the person counts as at work."""
    if before is None or used < before.used or now < before.at:
        return Look(used, now, worked_at=now)
    works = used - before.used > WORKING_SHARE * (now - before.at)
    return Look(used, now, worked_at=now if works else before.worked_at)


def processor_seconds(uid: int) -> float | None:
    """The processor time that a user's processes have used; None if they do not have a slice."""
    for root in CGROUPS:
        try:
            text = (root / f"user.slice/user-{uid}.slice/cpu.stat").read_text("ascii")
        except OSError:
            continue
        values = dict(line.split() for line in text.splitlines())
        return int(values["usage_usec"]) / 1e6
    return None


class Looks:
    """The last look at each person, kept in a file for the culler's next start."""

    def __init__(self, path: Path, boot: str) -> None:
        """`boot` tells this boot of the machine from the one before, whose looks do not count."""
        self.path = path
        self.boot = boot
        self.last: dict[str, Look] = self._read()

    def _read(self) -> dict[str, Look]:
        """What the file has; nothing if it is damaged, as after a power cut."""
        try:
            content = json.loads(self.path.read_text("utf-8"))
            looks = content["looks"] if content["boot"] == self.boot else {}
            return {name: Look(**look) for name, look in looks.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s is read as empty: %s", self.path, error)
            return {}

    def add(self, name: str, used: float, now: float) -> Look:
        """Look at a person; a full disk costs no more than what a restart remembers."""
        look = self.last[name] = next_look(self.last.get(name), used, now)
        looks = {each: asdict(last) for each, last in self.last.items()}
        new = self.path.with_suffix(".new")
        try:
            new.write_text(json.dumps({"boot": self.boot, "looks": looks}), "utf-8")
            new.replace(self.path)
        except OSError as error:
            log.warning("%s is not written: %s", self.path, error)
        return look


class Arbiter:
    """Says which server is to end: one that nobody uses, of a person who is not at work."""

    def __init__(
        self,
        looks: Looks,
        used: Callable[[int], float | None] = processor_seconds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.looks = looks
        self.used = used
        self.clock = clock
        #: Those of whom the journal says that their servers stay.
        self.spared: set[str] = set()

    def __call__(
        self,
        *,
        inactive: timedelta | None,
        inactive_limit: float,
        server: dict[str, Any],
        **_: object,
    ) -> bool:
        """Whether a server is to end; IdleCuller.cull_arbiter_hook describes what it is given."""
        name = str(server["full_name"]).partition("/")[0]
        # also of a server that is used: the next look compares with this one
        since_work = self.seconds_since_work(name)
        if inactive is None or inactive.total_seconds() < inactive_limit:
            self.spared.discard(name)
            return False
        if since_work is None or since_work >= inactive_limit:
            self.spared.discard(name)
            return True
        if name not in self.spared:
            self.spared.add(name)
            log.info("The server of %s is not used, but stays: their processes compute", name)
        return False

    def seconds_since_work(self, name: str) -> float | None:
        """How long ago a person was seen at work; None if their processes cannot be seen.

        With a spawner that puts servers elsewhere there is no slice: only activity counts then.
        """
        try:
            used = self.used(pwd.getpwnam(name).pw_uid)
        except KeyError:
            return None
        if used is None:
            return None
        now = self.clock()
        return now - self.looks.add(name, used, now).worked_at


class HubAlone(Resolver):
    """Finds the hub's socket for every host name, since tornado has no addresses for sockets."""

    async def resolve(self, *_: object, **__: object) -> list[tuple[int, str]]:
        """The one address, as socket.connect takes it."""
        return [(socket.AF_UNIX, str(sockets.HUB))]


def main() -> None:
    """Run the culler with the options of the command line; JupyterHub gives it its token."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arbiter = Arbiter(Looks(STATE, BOOT_ID.read_text("ascii").strip()))
    settings: dict[str, Any] = {"cull_arbiter_hook": arbiter}
    url = os.environ.get("JUPYTERHUB_API_URL", "")
    if url.startswith(sockets.url(sockets.HUB)):
        Resolver.configure(HubAlone)
        settings["url"] = url.replace(sockets.url(sockets.HUB), "http://hub")
    IdleCuller.launch_instance(config=Config(IdleCuller=settings))


if __name__ == "__main__":
    main()
