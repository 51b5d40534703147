"""An installation that meets trouble says what and what next, and can be finished afterwards.

The tests build on one another: one server goes from fault to fault, and ends with a hub that works.
"""

from __future__ import annotations

import re

import pytest

from support.container import BootedServer
from support.installation import APT, CONFIGURE, PRESEED, Target, configure, wait_for_login_page
from support.settings import complaint

PREFIX = "/opt/teamhub/generations/*/user"
UNTIL = "until ls {} >/dev/null 2>&1; do sleep 0.02; done"
#: When an installation is killed: what a shell waits for.
MOMENTS = {
    "at the start": "sleep 0.5",
    "a second later": "sleep 1.5",
    "packages are linked": UNTIL.format(f"{PREFIX}/bin"),
    "the check has begun": UNTIL.format(f"{PREFIX}/conda-meta/history"),
}


def nothing_serves(server: BootedServer) -> bool:
    states = server.run("systemctl", "is-active", "teamhub", "teamhub-proxy", check=False).stdout
    return set(states.split()) == {"inactive"}


def test_root_on_the_list_is_refused_and_nobody_gets_in(
    plain: BootedServer, target: Target
) -> None:
    plain.run("debconf-set-selections", given=PRESEED.replace("wash\n", "root\n", 1))
    failed = plain.run(
        *APT, "install", target.package_on_server, check=False, DEBIAN_FRONTEND="noninteractive"
    )
    assert "'root' is a system account (uid 0)" in complaint(failed)
    assert plain.output("getent", "group", "jupyterhub").endswith(":")
    assert plain.run("getent", "passwd", "zoe", check=False).returncode != 0
    assert nothing_serves(plain)


@pytest.mark.parametrize("names", ["zoe, rhea", "-zoe"])
def test_other_names_that_cannot_be_people_are_refused_by_name(
    plain: BootedServer, names: str
) -> None:
    plain.run("debconf-set-selections", given=f"teamhub teamhub/users string {names}\n")
    assert repr(names.removeprefix("zoe, ")) in complaint(configure(plain))
    assert plain.run("getent", "passwd", "zoe", check=False).returncode != 0


def test_an_account_rhea_of_a_person_is_refused(plain: BootedServer) -> None:
    plain.run("debconf-set-selections", given=PRESEED)
    uid = plain.output("id", "--user", "rhea")
    plain.run("usermod", "--uid", "1234", "rhea")
    assert "rhea (uid 1234) is not a system account" in complaint(configure(plain))
    plain.run("usermod", "--uid", uid, "rhea")


def test_a_bad_setting_is_refused_by_name_with_its_question(plain: BootedServer) -> None:
    plain.run("debconf-set-selections", given="teamhub teamhub/idle-hours string soon\n")
    words = complaint(configure(plain))
    assert "IDLE_HOURS='soon': the idle time is a whole number of hours" in words
    assert "teamhub/idle-hours in debconf" in words
    plain.run("debconf-set-selections", given="teamhub teamhub/idle-hours string 0\n")


def test_a_tampered_package_is_refused_by_name(plain: BootedServer) -> None:
    package = plain.output("sh", "-c", "ls /usr/share/teamhub/channel/*/tornado-*.conda")
    plain.run("cp", package, "/root/whole")
    plain.run("sh", "-c", f"printf x >> {package}")
    assert package in complaint(configure(plain))
    assert plain.run("test", "-e", "/opt/teamhub/current", check=False).returncode != 0
    plain.run("mv", "/root/whole", package)


def test_a_full_disk_is_named(plain: BootedServer) -> None:
    plain.run("mount", "-t", "tmpfs", "-o", "size=40M", "tmpfs", "/opt/teamhub")
    words = complaint(configure(plain))
    assert re.search(r"/opt/teamhub needs \d+ MB on its disk, 4[12] MB are free", words)
    assert "make room" in words
    plain.run("umount", "/opt/teamhub")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_in_the_middle_it_stays_unfinished(plain: BootedServer, moment: str) -> None:
    script = f"{' '.join(CONFIGURE)} & {MOMENTS[moment]}; kill -s KILL 0"
    alone = ("setsid", "--wait", "sh", "-c", script)
    plain.run(*alone, check=False, DEBIAN_FRONTEND="noninteractive")
    plain.run("pkill", "--signal", "KILL", "--full", "teamhub.postinst|teamhub setup", check=False)
    assert plain.output("dpkg-query", "--show", "--showformat=${Status}", "teamhub").endswith(
        "half-configured"
    )
    assert plain.run("test", "-e", "/opt/teamhub/current", check=False).returncode != 0


def test_after_all_that_it_finishes(plain: BootedServer) -> None:
    done = configure(plain)
    assert done.returncode == 0, done.stderr
    ca = plain.log.parent / "ca.crt"
    ca.write_text(plain.run("teamhub", "tls", "ca").stdout)
    wait_for_login_page(plain, ca)
    assert plain.output("dpkg", "--audit") == ""
    assert "jupyterhub" in plain.output("id", "--name", "--groups", "zoe").split()
