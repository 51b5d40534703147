"""`apt install` of a newer version, killed with all its processes at one program or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import PASSWORDS, Installation, Target, wait_for_login_page
from support.killed_work import Bench, Reference, by_apt, finish
from support.network import Mirror
from support.next_version import LATER, Change, write_version
from support.trials import Count, Moment

SECTION = "Killed at a counted command"
WHAT = "an upgrade, killed with all its processes where it starts the n-th command"
ENDS = (
    "the hub serves meanwhile; `dpkg --configure -a`, or what apt names, makes what an upgrade "
    "makes, file by file"
)
PEOPLE = "an upgrade, killed in the same way while a person has a kernel"
STAY = "the kernel goes on with what it had"

CHANGE = Change(f"{LATER}.2", config="\nc.JupyterHub.template_vars = {'announcement': 'second'}\n",
                package="serenity")  # fmt: skip


@pytest.fixture(scope="module")
def bench(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    installed: Installation,
    work: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    """Installed servers, which see the next version."""
    package = write_version(target.package, target.suite, CHANGE, tmp_path_factory.mktemp("next"))
    bench = Bench(replace(target, package=package), installed.layers, work / "bench")
    yield bench
    bench.close()
    package.unlink()


@pytest.fixture(scope="module")
def upgrading(bench: Bench, figure: Callable[[str], None]) -> Reference:
    made = bench.reference(by_apt(bench.target))
    figure(f"{bench.target}: an upgrade starts {made.programs} programs")
    return made


@pytest.mark.moments(soak=40, part=3)
def test_it_is_finished_as_if_nothing_had_been(
    bench: Bench, upgrading: Reference, installed: Installation, moment: Moment, trial: Count
) -> None:
    step = moment.step(upgrading.programs)
    with trial(WHAT, ENDS), bench.killed(upgrading.work, step) as one:
        wait_for_login_page(one.server, installed.ca)
        finish(one.server, bench.target)
        wait_for_login_page(one.server, installed.ca)
        bench.expect(one, upgrading.clean)


@pytest.mark.moments(soak=5, part=1)
def test_a_person_computes_on(
    bench: Bench, upgrading: Reference, installed: Installation, moment: Moment, trial: Count
) -> None:
    zoe = HubClient(bench.target.host.url, installed.ca, "zoe")
    kernels = []

    def compute(server: BootedServer) -> None:
        wait_for_login_page(server, installed.ca)
        assert zoe.log_in(PASSWORDS["zoe"]).status_code == 302
        zoe.spawn()
        kernels.append(zoe.new_kernel())
        zoe.run_cell(kernels[-1], "value = 41")

    step = upgrading.programs * moment.number // (moment.of + 1)
    with trial(PEOPLE, STAY), bench.killed(upgrading.work, step, compute) as one:
        assert zoe.run_cell(kernels[-1], "print(value)") == "41\n"
        finish(one.server, bench.target)
        assert zoe.run_cell(kernels[-1], "print(value + 1)") == "42\n"
        zoe.stop()
