"""Other kernels than the team's Python: a person's own, in a venv at home, and Debian's R.

The tests build on one another.
"""

from __future__ import annotations

from support.container import BootedServer
from support.environment import TeamChannel, Wheels, current, env
from support.hub_client import HubClient
from support.installation import APT, Target
from support.roots import pip_wheels

#: Her own kernel, made in the way that docs/environment.md shows.
MAKE_VENV = """\
!python3 -m venv ~/mine
!~/mine/bin/pip install ipykernel
!~/mine/bin/python -m ipykernel install --user --name mine"""
PYTHON_CELL = "import sys; print(sys.prefix)"
#: What a package of conda's may do to anyone who sources it.
ACTIVATION = """\
export TEAM_DATA="$CONDA_PREFIX/share/data"
user=somebody
function only_bash_reads_this { set -- other arguments; }
only_bash_reads_this
set -- other arguments
echo "$NOBODY_HAS_SET_THIS"
false
"""
R_CELL = "cat(R.version$language, sum(1:36))"


def test_a_venv_of_her_own_is_a_kernel(zoe: HubClient, wheels: Wheels, target: Target) -> None:
    wheels.copy(pip_wheels(target.suite))
    zoe.compute(MAKE_VENV)
    assert "mine" in zoe.kernel_names()
    assert zoe.compute(PYTHON_CELL, "mine") == "/home/zoe/mine\n"


def test_debians_r_is_a_kernel_for_everybody(server: BootedServer, zoe: HubClient) -> None:
    assert "ir" not in zoe.kernel_names()
    server.run(*APT, "update")
    server.run(*APT, "install", "r-cran-irkernel", DEBIAN_FRONTEND="noninteractive")
    assert "ir" in zoe.kernel_names()
    assert zoe.compute(R_CELL, "ir") == "R 666"


def test_they_are_there_in_the_next_generation(
    server: BootedServer, zoe: HubClient, channel: TeamChannel
) -> None:
    before = current(server)
    env(server, "add", "lazy", "--channel", channel.url)
    assert current(server) != before
    zoe.stop()
    zoe.spawn()
    assert {"mine", "ir", "python3"} <= zoe.kernel_names()
    assert zoe.compute("import lazy.late; print(lazy.late.VERSION)") == "1.0\n"
    assert zoe.compute(PYTHON_CELL, "mine") == "/home/zoe/mine\n"
    assert zoe.compute(R_CELL, "ir") == "R 666"


def test_what_a_package_sets_for_its_users_is_set(
    server: BootedServer, zoe: HubClient, channel: TeamChannel
) -> None:
    channel.add("data", files={"etc/conda/activate.d/data.sh": ACTIVATION})
    env(server, "add", "data", "--channel", channel.url)
    zoe.stop()
    zoe.spawn()
    cell = "import os; print(os.environ['TEAM_DATA'])"
    assert zoe.compute(cell) == f"{current(server)}/user/share/data\n"
