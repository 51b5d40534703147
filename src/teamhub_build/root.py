"""Clean roots of a suite, and the build inside one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from teamhub_build.commands import CommandError, as_root, run_logged
from teamhub_build.machine import BUILD_PACKAGES, MachineError
from teamhub_build.progress import Progress
from teamhub_build.suites import Suite
from teamhub_build.workspace import Workspace

#: Where the checkout appears inside a root.
CHECKOUT = Path("/teamhub-checkout")

#: Runs in its own mount namespace: the kernel undoes these mounts when the last process in it ends,
#: however that comes about.  $1 root, $2 checkout, $3 its place inside, $4 UID, $5 GID.  The user
#: gets a name inside since some tools, visudo among them, ask for it.
ENTER = """
mkdir -p "$1$3"
chroot "$1" getent passwd "$4" > /dev/null ||
    echo "builder:x:$4:$5::/tmp:/bin/sh" >> "$1/etc/passwd"
mount --bind "$2" "$1$3"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
root=$1 place=$3 user=$4:$5
shift 5
exec chroot --userspec="$user" "$root" /usr/bin/env --ignore-environment --chdir="$place" \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/tmp "$@"
"""


def clean_root(workspace: Workspace, suite: Suite, *, offline: bool, progress: Progress) -> Path:
    """A root of `suite` with what a build needs, made by mmdebstrap when there is none yet.

    Raises MachineError when it is missing while `offline`, CommandError when mmdebstrap fails.
    """
    key = hashlib.sha256("\n".join(BUILD_PACKAGES).encode()).hexdigest()[:12]
    root = workspace.roots / f"build-{suite.codename}-{key}"
    if root.exists():
        return root
    if offline:
        raise MachineError(
            f"there is no clean root of {suite.codename} yet", "build once without --offline"
        )
    progress.stage(f"making a clean root of {suite.codename} with mmdebstrap")
    partial = root.with_suffix(".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    log = workspace.logs / f"root-{suite.codename}.log"
    run_logged([*as_root(), "rm", "-rf", "--one-file-system", partial], log=log)
    run_logged(
        [
            *(*as_root(), "mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"),
            *(f"--include={','.join(BUILD_PACKAGES)}", suite.codename, partial),
        ],
        log=log,
        show=lambda line: progress(line) if line.startswith("I: ") else None,
    )
    run_logged([*as_root(), "mv", partial, root], log=log)
    return root


def run_in_root(
    root: Path,
    command: Sequence[str | Path],
    *,
    repository: Path,
    log: Path,
    progress: Progress,
) -> str:
    """Run `command` in `root` as the calling user; what it prints.

    It finds the checkout at `CHECKOUT`, and no network.
    Raises MachineError when it fails; `progress` has had its words.
    """
    user = [str(os.getuid()), str(os.getgid())]
    unshare = ["unshare", "--mount", "--propagation=private", "--net", "--ipc"]
    unshare += ["--pid", "--fork", "--kill-child"]
    enter = ["sh", "-ec", ENTER, "sh", str(root), str(repository), str(CHECKOUT), *user]
    try:
        return run_logged(
            [*as_root(), *unshare, *enter, *map(str, command)], log=log, show=progress
        )
    except CommandError as error:
        raise MachineError(
            f"the build inside {root.name} failed, for the reason above",
            f"fix that first; the full output is in {log}",
        ) from error
