"""Making the current environment what the package and the team ask for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub.environment import building, plan
from teamhub.environment.by_hand import carry_over, changes
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.checks import CHECKS, Check
from teamhub.environment.store import generations, manifest, prune, unsynced
from teamhub.environment.store.layout import SERVER, Layout
from teamhub.environment.store.lock import exclusive
from teamhub.environment.team import file as team_file
from teamhub.environment.team.file import TeamPackages
from teamhub.system.run import write_file
from teamhub_shared import TeamhubError

Report = Callable[[str], None]


class NothingBefore(TeamhubError):
    """There is no generation to go back to."""


@dataclass(frozen=True)
class Request:
    """How an admin, or the package, wants it applied."""

    reason: str = "apply"
    #: Let the team's packages move to newer versions.
    update: bool = False
    #: Leave behind what was changed by hand.
    discard: bool = False
    #: Nobody reads questions: be content with what the channels said last, warn instead of refuse.
    unattended: bool = False


def ensure_current(
    report: Report, layout: Layout = SERVER, checks: Sequence[Check] = CHECKS
) -> None:
    """Make the shipped packages and the team's the current environment, once for each lock."""
    if not generations.is_up_to_date(layout):
        first = generations.current(layout) is None
        request = Request("install" if first else "upgrade", unattended=True)
        apply(request, report, layout, checks=checks)


def apply(
    request: Request,
    report: Report,
    layout: Layout = SERVER,
    *,
    edit: Callable[[str], str] = lambda text: text,
    checks: Sequence[Check] = CHECKS,
) -> Path:
    """Make what environment.yml asks for the current generation; return it.

    `edit` changes environment.yml first; where anything fails after that, the file is as it was.
    Raises TeamhubError; the generation before is then current still.
    """
    with exclusive(layout.busy, report), edited(layout, edit):
        generations.remove_unfinished(layout)
        found = changes_by_hand(request, layout)
        if found.edited:
            unsynced.distrust(layout)
        carried = keep(found, request, layout, report)
        team = team_file.read(layout.team_file) + carried
        now = generations.current(layout)
        chosen = None if request.update else existing(team, layout)
        if chosen is None or (chosen == now and found):
            chosen = build(team, carried, request, layout, report, checks)
        if chosen == now and generations.is_up_to_date(layout):
            report(f"nothing to do: generation {manifest.read(chosen).number} is what is asked for")
        else:
            generations.switch(chosen, request.reason, layout)
            report(f"generation {manifest.read(chosen).number} is now current")
            for number in prune.prune(layout):
                report(f"removed generation {number}")
            unsynced.settle(layout)
        return chosen


@contextmanager
def edited(layout: Layout, edit: Callable[[str], str]) -> Iterator[None]:
    """Change environment.yml, and put it back where what follows fails."""
    path = layout.team_file.resolve()
    before = path.read_text("utf-8") if path.exists() else None
    try:
        write_text(path, edit(before or ""), before)
        yield
    except BaseException:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            write_text(path, before, None)
        raise


def write_text(path: Path, text: str, before: str | None) -> None:
    """Write environment.yml where it differs, with the mode and owner that it has."""
    if text == (before or ""):
        return
    if path.exists():
        status = path.stat()
        mode, uid, gid = status.st_mode & 0o7777, status.st_uid, status.st_gid
        write_file(path, text.encode(), mode=mode, uid=uid, gid=gid)
    else:
        write_file(path, text.encode(), mode=0o644)


def changes_by_hand(request: Request, layout: Layout) -> Changes:
    """What was changed by hand in the current environment.

    Files are looked at only where there is more to do: it takes a second.
    """
    now = generations.current(layout)
    if now is None or not generations.is_complete(now):
        return Changes()
    found = changes.find_packages(now)
    made = manifest.read(now)
    team = team_file.read(layout.team_file)
    unchanged = made.inputs == plan.inputs_hash(team, layout) and not made.carried
    if unchanged and not (found or request.update or request.discard):
        return found
    return changes.find(now, thorough=False)


def keep(found: Changes, request: Request, layout: Layout, report: Report) -> TeamPackages:
    """Put what can be kept of changes by hand into environment.yml; refuse to lose the rest.

    A maintainer script must not edit a conffile (Policy 10.7.4).  An upgrade therefore returns what
    it keeps, which the next generation remembers until an admin's own command writes it down, and
    what would be lost it only names: the generation that has it stays.
    """
    now = generations.current(layout)
    if now is None or not generations.is_complete(now) or request.discard:
        return TeamPackages()
    carried = carry_over.packages(found, now, layout)
    if request.unattended:
        for line in carry_over.losses(found):
            report(f"warning: changed by hand, and only in the generation before: {line}")
        return carried
    carry_over.refuse_losses(found)
    if carried:
        path = layout.team_file.resolve()
        before = path.read_text("utf-8") if path.exists() else ""
        write_text(path, carry_over.into_text(before, layout.team_file, carried), before)
        for spec in (*carried.specs, *carried.pip):
            report(f"installed by hand, and now in {layout.team_file}: {spec}")
    return TeamPackages()


def existing(team: TeamPackages, layout: Layout) -> Path | None:
    """The newest generation that was made from the same, if there is one."""
    inputs = plan.inputs_hash(team, layout)
    made_so = [path for path, made in generations.complete(layout).items() if made.inputs == inputs]
    return made_so[-1] if made_so else None


def build(
    team: TeamPackages,
    carried: TeamPackages,
    request: Request,
    layout: Layout,
    report: Report,
    checks: Sequence[Check],
) -> Path:
    """Solve for and build the next generation."""
    try:
        with folder_for_a_plan(layout) as scratch:
            following = plan.make(
                team,
                carried,
                layout,
                scratch,
                update=request.update,
                unattended=request.unattended,
            )
            return building.build(following, request.reason, layout, report, checks=checks)
    except OSError as error:
        raise building.cannot_write(layout.generations, error, layout) from error


@contextmanager
def folder_for_a_plan(layout: Layout) -> Iterator[Path]:
    """An empty folder, which is gone afterwards.

    It lies where the next command removes what is no complete generation: this one may be killed.
    """
    layout.generations.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".plan-", dir=layout.generations) as folder:
        yield Path(folder)


def rollback(name: str | None, report: Report, layout: Layout = SERVER) -> Path:
    """Make the generation before, or the one that is named, current; return it.

    Raises NothingBefore or NoSuchGeneration.
    """
    with exclusive(layout.busy, report):
        chosen = generations.find(name, layout) if name else before_current(layout)
        generations.switch(chosen, "rollback", layout)
        made = manifest.read(chosen)
        report(f"generation {made.number} is now current; running servers keep theirs")
        if made.shipped != generations.lock_id(layout):
            report("warning: it is of another version of teamhub than the one installed")
        return chosen


def before_current(layout: Layout) -> Path:
    """The complete generation that was made before the current one."""
    now = generations.current(layout)
    there = generations.complete(layout)
    older = [
        path for path, made in there.items() if now in there and made.number < there[now].number
    ]
    if not older:
        raise NothingBefore(
            "there is no generation before the current one", "see them with: teamhub env history"
        )
    return older[-1]
