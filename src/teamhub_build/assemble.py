"""The assemble phase: from inputs to checked .deb, without a network but for fetching them.

Runs under the Python of the suite that the package is for, since the channel's bytecode and
debhelper have to be that suite's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from teamhub_build.bill import write_bill
from teamhub_build.channel import write_channel
from teamhub_build.commands import run_logged
from teamhub_build.inputs import EmbeddedInputs, Inputs
from teamhub_build.lint import QUICK, Lintian, refuse_tags
from teamhub_build.lock import write_lock
from teamhub_build.profiles import requested_specs
from teamhub_build.progress import Progress
from teamhub_build.release import Release, read_release
from teamhub_build.source import write_payload, write_python_source, write_source_tree
from teamhub_build.variant import Variant
from teamhub_build.workspace import Workspace
from teamhub_shared import BILL, CHANNEL_DIR

#: The only settings that debhelper sees, so that no machine's own change the package.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


def assemble(
    workspace: Workspace, variant: Variant, fetch: Callable[[], Inputs], *, progress: Progress
) -> list[Path]:
    """Build the package; return the .deb, .changes and .buildinfo.

    `fetch` gets the inputs, while stdeb packs the server's code, which needs none of them.

    Raises TeamhubError: LintError where lintian objects, and what each step raises.
    """
    log = workspace.logs / f"{variant.name}.log"
    log.unlink(missing_ok=True)
    release = read_release(workspace.repository / "debian/changelog", variant.suite)
    os.environ["SOURCE_DATE_EPOCH"] = str(release.epoch)
    # what a builder's umask would take away is missing on every server
    os.umask(0o022)

    stage = workspace.stage(variant)
    with ThreadPoolExecutor() as pool:
        python_source = pool.submit(
            write_python_source, stage / "python", workspace.repository, release, log=log
        )
        inputs = fetch()
        if inputs.embedded:
            write_embedded_channel(workspace, variant, inputs.embedded, progress=progress)
        progress.stage("laying out the Debian source package")
        payload = write_payload(
            stage / "payload", workspace.shipped_channel(variant), inputs.vendored
        )
        write_bill(
            payload / BILL.name,
            channel=workspace.shipped_channel(variant),
            variant=variant,
            release=release,
            repository=workspace.repository,
            vendored=inputs.vendored,
        )
        tree = write_source_tree(
            stage / "source",
            workspace=workspace,
            release=release,
            variant=variant,
            python_source=python_source.result(),
            payload=payload,
        )
        progress.stage(f"building teamhub {release.version} with dpkg-buildpackage")
        with closing(Lintian(*QUICK)) as lintian:
            deb = build_package(tree, release, log=log, progress=progress)
            descriptions = pool.submit(describe_build, tree, deb, release, log=log)
            progress.stage("checking it with lintian")
            refuse_tags(deb, lintian.tags(deb), progress=progress)
        return [deb, *descriptions.result()]


def write_embedded_channel(
    workspace: Workspace, variant: Variant, inputs: EmbeddedInputs, *, progress: Progress
) -> None:
    """Make the channel of the suite, and lay what the lock names of it where it ships."""
    channel = workspace.stage(variant) / "channel"
    specs = requested_specs(variant)
    progress.stage("converting the wheels to a conda channel")
    write_channel(
        channel,
        suite=variant.suite,
        wheels=inputs.wheels,
        npm_prefix=inputs.npm_prefix,
        cache=workspace.conda_cache,
        progress=progress,
        specs=[spec for wanted in specs.values() for spec in wanted],
    )
    progress.stage(f"locking the environments of the {variant.profile} profile")
    write_lock(
        channel,
        workspace.shipped_channel(variant),
        specs=specs,
        suite=variant.suite,
        channel_url=f"file://{CHANNEL_DIR}",
    )


def build_package(tree: Path, release: Release, *, log: Path, progress: Progress) -> Path:
    """Have dpkg-buildpackage run debian/rules in `tree`; the .deb, in the folder above."""
    run_logged(
        ["dpkg-buildpackage", "--no-sign", "--build=binary", "--rules-target=binary"],
        cwd=tree,
        env=environment(release),
        log=log,
        show=lambda line: progress(line.split()[0]) if line.startswith("   dh_") else None,
    )
    return next(tree.parent.glob(f"teamhub_{release.version}_*.deb"))


def describe_build(tree: Path, deb: Path, release: Release, *, log: Path) -> list[Path]:
    """The .buildinfo and the .changes of a build, as dpkg-buildpackage writes them at its end."""
    described = [deb.with_suffix(f".{kind}") for kind in ("buildinfo", "changes")]
    for file in described:
        command = [f"dpkg-gen{file.suffix[1:]}", "--build=binary", f"-O../{file.name}"]
        run_logged(command, cwd=tree, env=environment(release), log=log)
    return described


def environment(release: Release) -> dict[str, str]:
    """What debhelper and dpkg see of the environment."""
    return {**ENVIRONMENT, "SOURCE_DATE_EPOCH": str(release.epoch)}
