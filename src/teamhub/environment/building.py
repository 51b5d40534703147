"""Making one generation: filled, checked, synced, marked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from teamhub.environment import pip_packages
from teamhub.environment.checks import CHECKS, Check, Checking, running_checks
from teamhub.environment.conda.packages import requested_specs
from teamhub.environment.conda.prefix import InstallFailed, write_prefix
from teamhub.environment.plan import Plan
from teamhub.environment.store import generations, history, manifest, unsynced
from teamhub.environment.store.layout import Layout
from teamhub.system.remedies import retry_env_command
from teamhub.system.run import run
from teamhub_shared import LOCK_NAME, TeamhubError
from teamhub_shared.conda.process import rattler_process


def build(
    plan: Plan,
    reason: str,
    layout: Layout,
    report: Callable[[str], None],
    *,
    checks: Sequence[Check] = CHECKS,
) -> Path:
    """Make the generation of a plan, complete; what it left is removed where it fails."""
    generation = plan.generation
    try:
        generation.mkdir(parents=True, mode=0o755)
        shutil.copyfile(plan.lock, generation / LOCK_NAME)
        unsynced.begin(layout)
        with running_checks(generation, checks_needed(checks, layout)) as checking:
            fill(plan, reason, layout, report, checking)
            # Here one waits for the disk and the other computes; a check writes nothing.
            sync(layout)
            checking.end()
        (generation / generations.COMPLETE).touch(mode=0o644)
    except BaseException as error:
        generations.remove(generation)
        # What has come stays for the next run, also when that is after a power cut.
        with suppress(TeamhubError, OSError):
            sync(layout)
        if isinstance(error, OSError):
            raise cannot_write(generation, error, layout) from error
        raise
    return generation


def cannot_write(path: Path, error: OSError, layout: Layout) -> InstallFailed:
    """The error for what the disk does not take."""
    return InstallFailed(
        f"cannot write {path}: {error.strerror}",
        f"make room on the disk of {layout.root} if that is the reason, "
        f"then: {retry_env_command()}",
    )


def sync(layout: Layout) -> None:
    """Have all generations on the disk, and all that they were made of."""
    folder = str(layout.generations)
    run(["sync", "--file-system", folder], remedy=f"look at the disk of {layout.root}")
    unsynced.end(layout)


def checks_needed(checks: Sequence[Check], layout: Layout) -> list[Check]:
    """All of them, without the hub's programs where a complete generation has the same hub."""
    shipped = generations.lock_id(layout)
    same_hub = any(made.shipped == shipped for made in generations.complete(layout).values())
    return [
        check
        for check in checks
        if not (same_hub and check.environment == "hub" and check.of_packages_alone)
    ]


def fill(
    plan: Plan,
    reason: str,
    layout: Layout,
    report: Callable[[str], None],
    checking: Checking,
) -> None:
    """Install the packages of both environments, conda's and pip's, and write what they are.

    The checks of each environment begin when it is there, the hub's beside the user's unpacking.
    """
    generation = plan.generation
    report(f"installing the environments into {generation}")
    specs = requested_specs(layout.channel)
    with rattler_process(retry_env_command()) as rattler:
        rattler.call(write_prefix, generation, "hub", plan.lock, specs["hub"], layout)
        checking.begin("hub")
        wanted = [*specs["user"], *plan.team.specs]
        packages = rattler.call(write_prefix, generation, "user", plan.lock, wanted, layout)
    if plan.team.pip:
        report(f"pip: installing {', '.join(plan.team.pip)}")
    prefix = generation / "user"
    pip = pip_packages.install(prefix, plan.team.pip, plan.pip_before, layout)
    checking.begin("user")
    made = manifest.Manifest(
        number=plan.number,
        time=history.now(),
        reason=reason,
        inputs=plan.inputs,
        shipped=generations.lock_id(layout),
        team=plan.team,
        carried=plan.carried,
        packages=packages,
        pip_packages=pip,
        distributions=tuple(sorted(pip_packages.distributions(prefix))),
    )
    manifest.write(generation, made)
