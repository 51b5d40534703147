"""Making the current environment what the package and the team ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from teamhub.environment import building, plan, recovery, repair
from teamhub.environment.by_hand import carry_over, changes
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.checks import CHECKS, Check
from teamhub.environment.repair import Unrepaired
from teamhub.environment.store import generations, prune
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import SERVER, Layout
from teamhub.environment.store.lock import exclusive
from teamhub.environment.store.state import NoCurrent, State, make_current, read_state
from teamhub.environment.team import file as team_file
from teamhub.environment.team.file import TeamPackages
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError

Report = Callable[[str], None]


class CannotRepair(TeamhubError):
    """Files of a generation are damaged, and cannot be had again."""


@dataclass(frozen=True)
class Request:
    """How an admin, or the package, wants it applied."""

    reason: str = "apply"
    #: Let the team's packages move to newer versions.
    update: bool = False
    #: Leave behind what was changed by hand.
    discard: bool = False
    #: Nobody can answer: use the last known index of a channel that is down, and only warn.
    unattended: bool = False


def ensure_current(
    report: Report, layout: Layout = SERVER, checks: Sequence[Check] = CHECKS
) -> None:
    """Make the shipped packages and the team's the current environment, once for each lock."""
    with exclusive(layout.busy, report):
        recovery.recover_records(layout, report)
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

    `edit` changes environment.yml first; if anything fails after that, the file is put back.
    Raises TeamhubError; the generation before then stays current.
    """
    with exclusive(layout.busy, report), team_file.edited(layout.team_file, edit):
        state = read_state(layout)
        generations.remove_unfinished(layout)
        team = team_file.read(layout.team_file)
        found = changes_by_hand(team, request, state)
        left = repair.repair_generations(state, report) if request.discard else []
        warn_of(left, report)
        team, carried = keep(found, team, request, state, report)
        chosen = existing(team, found, request, state)
        if chosen is None or chosen in [each.generation for each in left]:
            following = plan.make(
                team, carried, state, update=request.update, unattended=request.unattended
            )
            chosen = building.build(following, request.reason, state, report, checks=checks)
            state = state.including(chosen)
        if chosen == state.current and state.is_up_to_date:
            report(f"nothing to do: generation {chosen.number} has what was asked for")
            return chosen
        state = make_current(chosen, request.reason, state)
        report(f"generation {chosen.number} is now current")
        for number in prune.prune(state):
            report(f"removed generation {number}")
        return chosen


def rollback(name: str | None, report: Report, layout: Layout = SERVER) -> Generation:
    """Make the generation before, or the named one, current; return it.

    Raises NothingBefore or NoSuchGeneration.
    """
    with exclusive(layout.busy, report):
        state = read_state(layout)
        chosen = state.find(name) if name else state.before_current()
        make_current(chosen, "rollback", state)
        report(f"generation {chosen.number} is now current; running servers keep theirs")
        if chosen.made.shipped != state.shipped:
            report("warning: it was made by another version of teamhub than the installed one")
        return chosen


def repair_all(report: Report, layout: Layout = SERVER, *, of_current_alone: bool = False) -> None:
    """Repair the generations' own records, and every file in them that is not as it was made.

    `of_current_alone`: what cannot be repaired in another generation is only a warning.
    Raises CannotRepair with what is left, or NoCurrent if there is no generation.
    """
    with exclusive(layout.busy, report):
        recovery.recover_records(layout, report)
        recovery.recover_current(layout, report)
        generations.remove_unfinished(layout)
        state = read_state(layout)
        left = repair.repair_generations(state, report)
    now = state.current
    if now is None:
        raise NoCurrent("no generation is left to repair", f"make one: {retry_env_command()}")
    if of_current_alone:
        warn_of([each for each in left if each.generation != now], report)
        left = [each for each in left if each.generation == now]
    if left:
        # people have the current one: how it becomes sound comes first
        left.sort(key=lambda each: each.generation != now)
        problems = [problem for each in left for problem in each.problems]
        raise CannotRepair("\n  ".join(["could not repair:", *problems]), remedy_for(left[0], now))


def remedy_for(left: Unrepaired, now: Generation) -> str:
    """What to do about a generation that could not be repaired."""
    if left.remedy:
        return left.remedy
    if left.generation == now:
        return "make one without changes by hand: teamhub env apply --discard"
    return f"remove this generation if nobody needs it any more: rm -r {left.generation.path}"


def warn_of(left: Sequence[Unrepaired], report: Report) -> None:
    """Report what could not be repaired, where there is another way out."""
    for each in left:
        for problem in each.problems:
            report(f"warning: could not repair: {problem}")


def changes_by_hand(team: TeamPackages, request: Request, state: State) -> Changes:
    """What was changed by hand in the current environment.

    Files are compared only if there is more to do, since that takes a second.
    """
    now = state.current
    if now is None:
        return Changes()
    found = changes.find_packages(now)
    unchanged = now.made.inputs == plan.inputs_hash(team, state.shipped) and not now.made.carried
    if unchanged and not (found or request.update or request.discard):
        return found
    return changes.find(now, thorough=request.discard)


def keep(
    found: Changes, team: TeamPackages, request: Request, state: State, report: Report
) -> tuple[TeamPackages, TeamPackages]:
    """Write changes by hand that can be kept into environment.yml; refuse to lose the others.

    Returns the packages to have, and those of them that environment.yml does not name.

    A maintainer script must not edit a conffile (Policy 10.7.4).  An upgrade therefore returns what
    it keeps, which the next generation remembers until an admin's own command writes it down.  What
    would be lost is only reported: the generation that has it stays.
    """
    now, nothing = state.current, TeamPackages()
    if now is None or request.discard:
        return team, nothing
    carried = carry_over.packages(found, now, state.layout)
    if request.unattended:
        for line in carry_over.losses(found):
            report(f"warning: changed by hand, and lost in the new generation: {line}")
        return team + carried, carried
    carry_over.refuse_losses(found)
    if not carried:
        return team, nothing
    return written_down(carried, state.layout, report), nothing


def written_down(carried: TeamPackages, layout: Layout, report: Report) -> TeamPackages:
    """Write packages that were installed by hand into environment.yml; return all it then has."""
    path = layout.team_file
    before = team_file.text_of(path) or ""
    team_file.write(path, carry_over.into_text(before, path, carried), before)
    for spec in (*carried.specs, *carried.pip):
        report(f"installed by hand, and now written to {path}: {spec}")
    return team_file.read(path)


def existing(
    team: TeamPackages, found: Changes, request: Request, state: State
) -> Generation | None:
    """The newest generation that was made from the same and was not changed, if there is one."""
    if request.update:
        return None
    inputs = plan.inputs_hash(team, state.shipped)
    made_so = [generation for generation in state.generations if generation.made.inputs == inputs]
    if not made_so or (made_so[-1] == state.current and found):
        return None
    return made_so[-1]
