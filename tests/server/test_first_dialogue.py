"""The questions of a first installation, at a real terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

from support.container import BootedServer
from support.dialogue import Dialogue, Words, shown_members
from support.installation import Target
from support.network import NameServer
from support.occupier import PROGRAM, occupy
from support.settings import setting


def test_a_port_that_is_taken_is_asked_about_with_the_programs_name(
    plain: BootedServer, english: Words, target: Target
) -> None:
    unit = occupy(plain, 443)
    command = ("dpkg-preconfigure", target.package_on_server)
    with Dialogue(plain, *command, words=english) as dialogue:
        dialogue.accept("users")
        dialogue.accept("admins")
        dialogue.accept("server-names")
        dialogue.refusal("port-in-use", PROGRAM)
        dialogue.type("https-port", "8443")
        assert dialogue.end() == 0
    asked = "GET teamhub/https-port\nPURGE\n"
    answer = plain.run("debconf-communicate", "teamhub", given=asked).stdout
    assert answer.splitlines()[0] == "0 8443"
    plain.run("systemctl", "stop", unit)


def test_each_person_gets_a_name_where_dns_is_ready_for_it(
    plain: BootedServer, names: NameServer, target: Target
) -> None:
    names.domains[plain.host.domain_name] = plain.host.address
    plain.run("dpkg-preconfigure", target.package_on_server, DEBIAN_FRONTEND="noninteractive")
    names.domains.clear()
    asked = "GET teamhub/subdomain-host\nPURGE\n"
    answer = plain.run("debconf-communicate", "teamhub", given=asked).stdout
    assert answer.splitlines()[0] == f"0 {plain.host.domain_name}"


def test_a_thousand_people_are_checked_without_delay(
    plain: BootedServer, target: Target, figure: Callable[[str], None]
) -> None:
    for number in (10, 100, 1000):
        names = ", ".join(f"user{each:04}" for each in range(number))
        plain.run("debconf-set-selections", given=f"teamhub teamhub/users string {names}\n")
        start = time.monotonic()
        plain.run("dpkg-preconfigure", target.package_on_server, DEBIAN_FRONTEND="noninteractive")
        figure(f"{target}: config with {number} users {time.monotonic() - start:.1f} s")
    plain.run("debconf-communicate", "teamhub", given="PURGE\n")


def test_an_installation_asks_three_questions(
    plain: BootedServer, english: Words, target: Target
) -> None:
    command = ("apt-get", "--yes", "install", target.package_on_server)
    with Dialogue(plain, *command, words=english) as dialogue:
        dialogue.type("users", "zoe wash, zoe")
        dialogue.type("admins", "root")
        dialogue.refusal("system-account", "root")
        dialogue.type("admins", "wash")
        # what it has found by itself
        assert dialogue.value("server-names").split()[0] == plain.host.domain_name
        dialogue.accept("server-names")
        assert dialogue.end() == 0, dialogue.terminal.screen


def test_its_answers_pass_the_second_run_of_config(plain: BootedServer) -> None:
    assert shown_members(plain, "jupyterhub") == "wash, zoe"
    assert shown_members(plain, "jupyterhub-admin") == "wash"
    # left as they were found, they go on being found
    assert setting(plain, "SERVER_NAMES") == ""
