"""Making one generation: filled, checked, synced, marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from teamhub.environment import pip_packages
from teamhub.environment.by_hand.carry_over import some
from teamhub.environment.checks import CHECKS, Check, Checking, running_checks
from teamhub.environment.conda.cache import bytes_needed, drop_damaged
from teamhub.environment.conda.packages import requested_specs
from teamhub.environment.conda.prefix import write_prefix
from teamhub.environment.plan import Plan
from teamhub.environment.store import generations, history, manifest
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import Manifest
from teamhub.environment.store.state import State
from teamhub.system import room
from teamhub.system.remedies import retry_env_command
from teamhub.system.run import run
from teamhub_shared import TeamhubError
from teamhub_shared.conda.process import RattlerProcess, rattler_process


def build(
    plan: Plan,
    reason: str,
    state: State,
    report: Callable[[str], None],
    *,
    checks: Sequence[Check] = CHECKS,
) -> Generation:
    """Build the complete generation of a plan; if that fails, its files are removed."""
    layout = state.layout
    try:
        with generations.unfinished(plan.path, layout):
            with running_checks(plan.path, checks_needed(checks, state)) as checking:
                made = fill(plan, reason, state, report, checking)
                # The sync waits for the disk while the checks compute; a check writes nothing.
                sync(layout)
                checking.end()
            (plan.path / generations.COMPLETE).touch(mode=0o644)
    except BaseException:
        # Downloads are kept for the next run, also if a power cut comes before it.
        with suppress(TeamhubError, OSError):
            sync(layout)
        raise
    return Generation(plan.path, made)


def compare_cache(
    rattler: RattlerProcess, lock: Path, layout: Layout, report: Callable[[str], None]
) -> None:
    """Have the packages of a lock unpacked again that have changed in the cache."""
    for name, files in rattler.call(drop_damaged, lock, layout).items():
        report(f"{layout.cache}/{name} has changed, and is unpacked again: {some(files)}")


def sync(layout: Layout) -> None:
    """Write all generations to the disk, and all that they were made of."""
    folder = str(layout.generations)
    run(["sync", "--file-system", folder], remedy=f"look at the disk of {layout.root}")


def checks_needed(checks: Sequence[Check], state: State) -> list[Check]:
    """All of them, or all but the hub's programs if a complete generation has the same hub."""
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

    The checks of an environment begin when it is installed: the hub's while the user's is unpacked.
    """
    layout = state.layout
    report(f"installing the environments into {plan.path}")
    specs = requested_specs(layout.channel)
    with rattler_process(retry_env_command()) as rattler:
        compare_cache(rattler, plan.lock, layout, report)
        needed = rattler.call(bytes_needed, plan.lock, layout)
        room.require(layout.root, needed, retry_env_command())
        rattler.call(write_prefix, plan.path, "hub", plan.lock, specs["hub"], layout)
        checking.begin("hub")
        wanted = [*specs["user"], *plan.team.specs]
        packages = rattler.call(write_prefix, plan.path, "user", plan.lock, wanted, layout)
    if plan.team.pip:
        report(f"pip: installing {', '.join(plan.team.pip)}")
    prefix = plan.path / "user"
    pip = pip_packages.install(prefix, plan.team.pip, plan.pip_before, layout, report)
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
