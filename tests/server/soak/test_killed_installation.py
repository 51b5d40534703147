"""`apt install`, killed with all its processes where it starts one program or another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.installation import APT, PRESEED, Target, booted, lay_plain_root
from support.killed_work import Bench, Reference, by_apt, finish
from support.network import Mirror
from support.trials import Count, Moment

SECTION = "Killed at a counted command"
WHAT = "`apt install`, killed with all its processes where it starts the n-th command"
ENDS = "`dpkg --configure -a`, or what apt names, makes what an installation makes, file by file"


@pytest.fixture(scope="module")
def bench(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    work: Path,
) -> Iterator[Bench]:
    """Plain servers with answers, and with the packages of Debian that teamhub depends on.

    Those have 2,000 of the 2,400 commands of an installation.
    """
    overlay = lay_plain_root(target, work / "prepared")
    with booted(overlay, target, work / "prepared.log") as server:
        server.run(*APT, "update")
        server.run("debconf-set-selections", given=PRESEED)
        server.run(*APT, "satisfy", dependencies(target.package), DEBIAN_FRONTEND="noninteractive")
    overlay.unmount()
    bench = Bench(target, (overlay.changes, *overlay.lower), work / "bench")
    yield bench
    bench.close()


def dependencies(package: Path) -> str:
    """What apt installs with a package, as `apt satisfy` takes it."""
    fields = "".join(f"${{{field}}}\n" for field in ("Pre-Depends", "Depends", "Recommends"))
    found = subprocess.run(["dpkg-deb", "--show", f"--showformat={fields}", package],
                           stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    return ", ".join(filter(None, found.stdout.splitlines()))


@pytest.fixture(scope="module")
def installing(bench: Bench, figure: Callable[[str], None]) -> Reference:
    made = bench.reference(by_apt(bench.target))
    figure(f"{bench.target}: apt install starts {made.programs} programs for teamhub alone")
    return made


@pytest.mark.moments(soak=40, part=3)
def test_it_is_finished_as_if_nothing_had_been(
    bench: Bench, installing: Reference, moment: Moment, trial: Count
) -> None:
    step = moment.step(installing.programs)
    with trial(WHAT, ENDS), bench.killed(installing.work, step) as one:
        finish(one.server, bench.target)
        bench.expect(one, installing.clean)
