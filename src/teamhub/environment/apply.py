"""Making the current environment what the package and the team ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from teamhub.environment import building, plan
from teamhub.environment.by_hand import carry_over, changes
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.checks import CHECKS, Check
from teamhub.environment.store import generations, prune, unsynced
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import SERVER, Layout
from teamhub.environment.store.lock import exclusive
from teamhub.environment.store.state import State, make_current, read_state
from teamhub.environment.team import file as team_file
from teamhub.environment.team.file import TeamPackages

Report = Callable[[str], None]


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
    state = read_state(layout)
    if not state.is_up_to_date:
        reason = "upgrade" if state.current else "install"
        apply(Request(reason, unattended=True), report, layout, checks=checks)


def apply(
    request: Request,
    report: Report,
    layout: Layout = SERVER,
    *,
    edit: Callable[[str], str] = lambda text: text,
    checks: Sequence[Check] = CHECKS,
) -> Generation:
    """Make what environment.yml asks for the current generation; return it.

    `edit` changes environment.yml first; where anything fails after that, the file is as it was.
    Raises TeamhubError; the generation before is then current still.
    """
    with exclusive(layout.busy, report), team_file.edited(layout.team_file, edit):
        state = read_state(layout)
        generations.remove_unfinished(layout)
        team = team_file.read(layout.team_file)
        found = changes_by_hand(team, request, state)
        if found.edited:
            unsynced.distrust(layout)
        team, carried = keep(found, team, request, state, report)
        chosen = existing(team, found, request, state)
        if chosen is None:
            following = plan.make(
                team, carried, state, update=request.update, unattended=request.unattended
            )
            chosen = building.build(following, request.reason, state, report, checks=checks)
            state = state.including(chosen)
        if chosen == state.current and state.is_up_to_date:
            report(f"nothing to do: generation {chosen.number} is what is asked for")
            return chosen
        state = make_current(chosen, request.reason, state)
        report(f"generation {chosen.number} is now current")
        for number in prune.prune(state):
            report(f"removed generation {number}")
        unsynced.settle(layout)
        return chosen


def rollback(name: str | None, report: Report, layout: Layout = SERVER) -> Generation:
    """Make the generation before, or the one that is named, current; return it.

    Raises NothingBefore or NoSuchGeneration.
    """
    with exclusive(layout.busy, report):
        state = read_state(layout)
        chosen = state.find(name) if name else state.before_current()
        make_current(chosen, "rollback", state)
        report(f"generation {chosen.number} is now current; running servers keep theirs")
        if chosen.made.shipped != state.shipped:
            report("warning: it is of another version of teamhub than the one installed")
        return chosen


def changes_by_hand(team: TeamPackages, request: Request, state: State) -> Changes:
    """What was changed by hand in the current environment.

    Files are looked at only where there is more to do: it takes a second.
    """
    now = state.current
    if now is None:
        return Changes()
    found = changes.find_packages(now)
    unchanged = now.made.inputs == plan.inputs_hash(team, state.shipped) and not now.made.carried
    if unchanged and not (found or request.update or request.discard):
        return found
    return changes.find(now, thorough=False)


def keep(
    found: Changes, team: TeamPackages, request: Request, state: State, report: Report
) -> tuple[TeamPackages, TeamPackages]:
    """Put what can be kept of changes by hand into environment.yml; refuse to lose the rest.

    Returns the packages to have, and the part of them that environment.yml does not say.

    A maintainer script must not edit a conffile (Policy 10.7.4).  An upgrade therefore returns what
    it keeps, which the next generation remembers until an admin's own command writes it down, and
    what would be lost it only names: the generation that has it stays.
    """
    now, nothing = state.current, TeamPackages()
    if now is None or request.discard:
        return team, nothing
    carried = carry_over.packages(found, now, state.layout)
    if request.unattended:
        for line in carry_over.losses(found):
            report(f"warning: changed by hand, and only in the generation before: {line}")
        return team + carried, carried
    carry_over.refuse_losses(found)
    if not carried:
        return team, nothing
    return written_down(carried, state.layout, report), nothing


def written_down(carried: TeamPackages, layout: Layout, report: Report) -> TeamPackages:
    """Put packages that were installed by hand into environment.yml; all that it says then."""
    path = layout.team_file
    before = team_file.text_of(path) or ""
    team_file.write(path, carry_over.into_text(before, path, carried), before)
    for spec in (*carried.specs, *carried.pip):
        report(f"installed by hand, and now in {path}: {spec}")
    return team_file.read(path)


def existing(
    team: TeamPackages, found: Changes, request: Request, state: State
) -> Generation | None:
    """The newest generation that was made from the same and is so still, if there is one."""
    if request.update:
        return None
    inputs = plan.inputs_hash(team, state.shipped)
    made_so = [generation for generation in state.generations if generation.made.inputs == inputs]
    if not made_so or (made_so[-1] == state.current and found):
        return None
    return made_so[-1]
