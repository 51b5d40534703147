"""Making one generation: filled, checked, synced, marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from teamhub.environment import pip_packages
from teamhub.environment.checks import CHECKS, Check, Checking, running_checks
from teamhub.environment.conda.packages import requested_specs
from teamhub.environment.conda.prefix import write_prefix
from teamhub.environment.plan import Plan
from teamhub.environment.store import generations, history, manifest, unsynced
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import Manifest
from teamhub.environment.store.state import State
from teamhub.system.remedies import retry_env_command
from teamhub.system.run import run
from teamhub_shared import TeamhubError
from teamhub_shared.conda.process import rattler_process


def build(
    plan: Plan,
    reason: str,
    state: State,
    report: Callable[[str], None],
    *,
    checks: Sequence[Check] = CHECKS,
) -> Generation:
    """Make the generation of a plan, complete; what it left is removed where it fails."""
    layout = state.layout
    try:
        with generations.unfinished(plan.path, layout):
            unsynced.begin(layout)
            with running_checks(plan.path, checks_needed(checks, state)) as checking:
                made = fill(plan, reason, state, report, checking)
                # Here one waits for the disk and the other computes; a check writes nothing.
                sync(layout)
                checking.end()
            (plan.path / generations.COMPLETE).touch(mode=0o644)
    except BaseException:
        # What has come stays for the next run, also when that is after a power cut.
        with suppress(TeamhubError, OSError):
            sync(layout)
        raise
    return Generation(plan.path, made)


def sync(layout: Layout) -> None:
    """Have all generations on the disk, and all that they were made of."""
    folder = str(layout.generations)
    run(["sync", "--file-system", folder], remedy=f"look at the disk of {layout.root}")
    unsynced.end(layout)


def checks_needed(checks: Sequence[Check], state: State) -> list[Check]:
    """All of them, without the hub's programs where a complete generation has the same hub."""
    same_hub = any(generation.made.shipped == state.shipped for generation in state.generations)
    return [
        check
        for check in checks
        if not (same_hub and check.environment == "hub" and check.of_packages_alone)
    ]


def fill(
    plan: Plan,
    reason: str,
    state: State,
    report: Callable[[str], None],
    checking: Checking,
) -> Manifest:
    """Install the packages of both environments, conda's and pip's, and write what they are.

    The checks of each environment begin when it is there, the hub's beside the user's unpacking.
    """
    layout = state.layout
    report(f"installing the environments into {plan.path}")
    specs = requested_specs(layout.channel)
    with rattler_process(retry_env_command()) as rattler:
        rattler.call(write_prefix, plan.path, "hub", plan.lock, specs["hub"], layout)
        checking.begin("hub")
        wanted = [*specs["user"], *plan.team.specs]
        packages = rattler.call(write_prefix, plan.path, "user", plan.lock, wanted, layout)
    if plan.team.pip:
        report(f"pip: installing {', '.join(plan.team.pip)}")
    prefix = plan.path / "user"
    pip = pip_packages.install(prefix, plan.team.pip, plan.pip_before, layout)
    checking.begin("user")
    made = Manifest(
        number=plan.number,
        time=history.now(),
        reason=reason,
        inputs=plan.inputs,
        shipped=state.shipped,
        team=plan.team,
        carried=plan.carried,
        packages=packages,
        pip_packages=pip,
        distributions=tuple(sorted(pip_packages.distributions(prefix))),
    )
    manifest.write(plan.path, made)
    return made
