"""What a server has at one moment: read once, under the lock if something is to change.

environment.yml is not part of it.  That file is the admin's and may be unreadable; the
history, a rollback and the status of the server have to work even then.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from teamhub.environment.store import generations, history
from teamhub.environment.store.damaged import damaged
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.history import Switch
from teamhub.environment.store.layout import SERVER, Layout
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError


class NoSuchGeneration(TeamhubError):
    """There is no generation of this number or id."""


class NoCurrent(TeamhubError):
    """No generation is the current one."""


class NothingBefore(TeamhubError):
    """There is no generation to go back to."""


@dataclass(frozen=True)
class State:
    """The generations of a server, and how the current one came to be that."""

    layout: Layout
    #: Every complete generation, the oldest first.
    generations: tuple[Generation, ...]
    #: The one that new servers start in; None if there is none, or it is incomplete.
    current: Generation | None
    #: Every move of `current`, the first one first.
    switches: tuple[Switch, ...]
    #: The id of the lock that the package carries.
    shipped: str

    @property
    def is_up_to_date(self) -> bool:
        """Whether the current generation was chosen with this version of the package.

        A rollback therefore holds until the next version is installed.
        """
        if self.current is None or not self.switches:
            return False
        last = self.switches[-1]
        return (last.generation, last.shipped) == (self.current.path.name, self.shipped)

    @property
    def next_number(self) -> int:
        """The number of a generation that is made now."""
        return max((generation.number for generation in self.generations), default=0) + 1

    @property
    def needed_current(self) -> Generation:
        """The current generation.

        Raises NoCurrent, or DamagedStore if `current` is lost.
        """
        if self.current is not None:
            return self.current
        link = self.layout.current
        if link.is_symlink():
            raise damaged(link, f"it points at {link.readlink()}, which is no complete generation")
        if link.exists():
            raise damaged(link, "it is no link")
        if self.generations:
            raise damaged(link, "it is missing")
        raise NoCurrent("there is no environment yet", f"type: {retry_env_command()}")

    def find(self, name: str) -> Generation:
        """The generation of this number or id.

        Raises NoSuchGeneration.
        """
        for generation in self.generations:
            if name in (str(generation.number), generation.path.name):
                return generation
        there = ", ".join(str(generation.number) for generation in self.generations)
        raise NoSuchGeneration(
            f"there is no generation {name}", f"name another; there are: {there or 'none'}"
        )

    def before_current(self) -> Generation:
        """The generation that was made before the current one.

        Raises NothingBefore, or DamagedStore if `current` is lost.
        """
        now = self.needed_current.number if self.generations else 0
        older = [generation for generation in self.generations if generation.number < now]
        if not older:
            raise NothingBefore(
                "there is no generation before the current one",
                "see all generations with: teamhub env history",
            )
        return older[-1]

    def including(self, generation: Generation) -> State:
        """The state once this generation has been made."""
        return replace(self, generations=(*self.generations, generation))


def read_state(layout: Layout = SERVER) -> State:
    """What the server has now.

    Raises DamagedStore.
    """
    complete = generations.complete(layout)
    pointed_at = generations.current(layout)
    return State(
        layout=layout,
        generations=complete,
        current=next((each for each in complete if each.path == pointed_at), None),
        switches=tuple(history.read(layout.history)),
        shipped=lock_id(layout.shipped_lock),
    )


def lock_id(lock: Path) -> str:
    """A short name of a lock, by its content."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def make_current(generation: Generation, reason: str, state: State) -> State:
    """Make a complete generation the current one, and record it; returns the state after that."""
    if generation != state.current:
        generations.switch(generation.path, state.layout)
    # A command that is killed here leaves no record; the next one finds that and makes it.
    switch = Switch(generation.number, generation.path.name, history.now(), reason, state.shipped)
    switches = (*state.switches, switch)
    history.write(state.layout.history, switches)
    return replace(state, current=generation, switches=switches)
