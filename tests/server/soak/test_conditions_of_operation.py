"""An installed server under conditions that admins have: it works, or a line names the remedy."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.clock import fake_clock
from support.conditions import WORKS, mount_again, silence_name_server
from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import APT, Installation, wait_for_login_page
from support.occupier import PROGRAM, occupy
from support.people import PASSWORD
from support.recovery import computes, someone_computes
from support.settings import APPLY, complaint, write_settings
from support.trials import Count, Moment

SECTION = "Conditions"


@dataclass(frozen=True)
class Place:
    """The installed server."""

    server: BootedServer
    #: Where a copy of what the team imports is kept.
    ca: Path

    def zoe_computes(self) -> None:
        someone_computes(self.server, self.ca)

    def person_computes(self, name: str) -> None:
        """Raise AssertionError unless somebody on the list computes, with a password given now."""
        self.server.run("chpasswd", given=f"{name}:{PASSWORD}\n")
        wait_for_login_page(self.server, self.ca)
        computes(HubClient(self.server.host.url, self.ca, name), PASSWORD)


Condition = Callable[[Place], None]


def wrong_clock(place: Place, offset: str) -> None:
    """Make all certificates under a wrong clock; the daily unit makes them again."""
    library = fake_clock(place.server)
    place.server.run("sh", "-c", "rm /etc/teamhub/tls/*")
    place.server.run("teamhub", "setup", "certificates",
                     LD_PRELOAD=library, FAKETIME=offset)  # fmt: skip
    place.server.run("systemctl", "start", "teamhub-certificates")
    place.ca.write_text(place.server.run("teamhub", "tls", "ca").stdout)
    wait_for_certificate(place)
    place.zoe_computes()


def wait_for_certificate(place: Place) -> None:
    """Return when the proxy, which is not restarted, shows a certificate of the authority's."""
    look = "openssl s_client -connect 127.0.0.1:443 -verify_return_error -CAfile"
    command = (*look.split(), "/etc/teamhub/tls/ca.crt")
    wait_for("certificate", lambda: not place.server.run(*command, check=False).returncode, 30)


def clock_ahead(place: Place) -> None:
    wrong_clock(place, "+5y")


def clock_behind(place: Place) -> None:
    wrong_clock(place, "-30y")


def no_name_server(place: Place) -> None:
    silence_name_server(place.server)
    place.server.run("systemctl", "restart", "teamhub-proxy")
    place.server.run(*APPLY, seconds=60)
    place.zoe_computes()


def homes_elsewhere(place: Place) -> None:
    """One home is where adduser.conf says, one is a link to another disk."""
    place.server.run("mkdir", "-p", "/srv/people")
    place.server.run("sh", "-c", "echo DHOME=/srv/people >> /etc/adduser.conf")
    place.server.run("teamhub", "user", "add", "--generate", "kaylee")
    assert place.server.output("sh", "-c", "echo ~kaylee") == "/srv/people/kaylee"
    place.person_computes("kaylee")
    place.server.run("sh", "-c", "mv /home/wash /srv/people/ && ln -s /srv/people/wash /home/wash")
    place.person_computes("wash")


def extrausers(place: Place) -> None:
    """A person whom /etc/passwd does not have."""
    server = place.server
    server.run(*APT, "install", "libnss-extrausers", DEBIAN_FRONTEND="noninteractive")
    server.run("sed", "-i", "-E", "s/^(passwd|group|shadow):.*/& extrausers/", "/etc/nsswitch.conf")
    crypted = server.output("openssl", "passwd", "-6", PASSWORD)
    folder = "/var/lib/extrausers"
    for file, mode, line in (
        ("passwd", "644", "river:x:5001:5001::/home/river:/bin/bash"),
        ("group", "644", "river:x:5001:"),
        ("shadow", "640", f"river:{crypted}:20000:0:99999:7:::"),
    ):
        server.run("tee", f"{folder}/{file}", given=f"{line}\n")
        server.run("chmod", mode, f"{folder}/{file}")
    server.run("chgrp", "shadow", f"{folder}/shadow")
    server.run("install", "-d", "-o", "5001", "-g", "5001", "-m", "700", "/home/river")
    server.run("teamhub", "user", "add", "river")
    assert "river" not in server.output("cat", "/etc/passwd")
    wait_for_login_page(server, place.ca)
    computes(HubClient(server.host.url, place.ca, "river"), PASSWORD)


def name_with_a_dot(place: Place) -> None:
    """The refusal names the command that renames the account."""
    add = ("useradd", "--badname", "--create-home", "--shell=/bin/bash", "amy.lin")
    place.server.run(*add)
    said = complaint(place.server.run("teamhub", "user", "add", "amy.lin", check=False))
    named = re.search(r"usermod --login amy-lin amy\.lin", said)
    assert named, said
    place.server.run(*named[0].split())
    place.server.run("teamhub", "user", "add", "--generate", "amy-lin")
    place.person_computes("amy-lin")


def debians_jupyterhub(place: Place) -> None:
    """Both run side by side."""
    server = place.server
    server.run(*APT, "install", "jupyterhub", DEBIAN_FRONTEND="noninteractive", seconds=500)
    server.run(*APPLY)
    place.zoe_computes()
    assert server.output("systemctl", "is-active", "teamhub") == "active"
    server.run("systemctl", "disable", "--now", "jupyterhub", check=False)


def port_taken(place: Place) -> None:
    """The program is named; on another port it works."""
    server = place.server
    server.run("systemctl", "stop", "teamhub-proxy")
    unit = occupy(server, 443)
    said = complaint(server.run(*APPLY, check=False))
    assert f"port 443 is in use by {PROGRAM}" in said
    assert "HTTPS_PORT" in said
    write_settings(server, HTTPS_PORT="8443")
    server.run(*APPLY)
    server.run("chpasswd", given=f"wash:{PASSWORD}\n")
    computes(HubClient(f"{server.host.url}:8443", place.ca, "wash"), PASSWORD)
    server.run("systemctl", "stop", unit)
    write_settings(server, HTTPS_PORT="443")
    server.run(*APPLY)


@contextlib.contextmanager
def mounted_again(server: BootedServer, options: str, *folders: str) -> Iterator[None]:
    """Folders under other options of mount(8)."""
    mount_again(server, options, *folders)
    try:
        yield
    finally:
        for folder in folders:
            server.run("umount", "--lazy", folder)


def noexec_tmp(place: Place) -> None:
    with mounted_again(place.server, "noexec", "/tmp", "/var/tmp"):
        place.server.run("systemctl", "restart", "teamhub-proxy")
        place.server.run(*APPLY)
        place.server.run("teamhub", "env", "repair")
        place.zoe_computes()


def read_only_etc(place: Place) -> None:
    """The hub goes on, and what cannot be written is named."""
    server = place.server
    server.run("rm", "/etc/teamhub/tls/server.crt")
    with mounted_again(server, "ro", "/etc"):
        said = complaint(server.run(*APPLY, check=False))
        assert "/etc/teamhub" in said
        assert "read-only" in said.lower()
        assert "remount,rw" in said
        place.zoe_computes()
    server.run(*APPLY)
    place.zoe_computes()


def tight_umask(place: Place) -> None:
    """What root makes under umask 077, people can read."""
    place.server.run("sh", "-c", "umask 077; teamhub user add --generate simon; teamhub apply; "
                     "teamhub env repair; systemctl restart teamhub-proxy")  # fmt: skip
    place.person_computes("simon")


def taiwan(place: Place) -> None:
    """The admin's locale is zh_TW or C, people's names and files are Chinese."""
    for language in ("zh_TW.UTF-8", "C"):
        name = f"jayne-{language[0].lower()}"
        place.server.run("adduser", "--quiet", "--disabled-password", "--gecos", "林美", name)
        place.server.run("su", name, "-c", "touch ~/資料.csv")
        place.server.run("teamhub", "user", "add", "--generate", name, LANG=language)
        place.server.run(*APPLY, LANG=language)
        place.server.run("teamhub", "user", "list", LANG=language)
        place.person_computes(name)


#: In the order of their weight: a part has the first ones.
CONDITIONS: tuple[tuple[str, str, Condition], ...] = (
    ("certificates were made while the clock was five years ahead",
     f"they are made again within a day; {WORKS}", clock_ahead),
    ("a name with a dot is put on the list", "the refusal names the command that renames the "
     "account; then " + WORKS, name_with_a_dot),
    ("/etc is read-only", "the hub serves; `teamhub apply` says what to do", read_only_etc),
    ("certificates were made while the clock was thirty years behind",
     f"they are made again within a day; {WORKS}", clock_behind),
    ("the name server does not answer", WORKS, no_name_server),
    ("homes are in /srv, one of them by a link", WORKS, homes_elsewhere),
    ("an account is in libnss-extrausers alone", WORKS, extrausers),
    ("Debian's own package jupyterhub is installed beside", WORKS, debians_jupyterhub),
    ("another program has port 443", "`teamhub apply` names it and the setting; on another port "
     + WORKS, port_taken),
    ("/tmp and /var/tmp are mounted noexec", WORKS, noexec_tmp),
    ("root's umask is 077", WORKS, tight_umask),
    ("the admin's language is zh_TW, then C; names and files are Chinese", WORKS, taiwan),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(server: BootedServer, installed: Installation, work: Path) -> Place:
    server.run(*APT, "update")
    ca = work / "imported.crt"
    ca.write_text(installed.ca.read_text())
    return Place(server, ca)


@pytest.mark.moments(soak=len(CONDITIONS), part=3)
def test_it_works_or_the_remedy_is_named(place: Place, moment: Moment, trial: Count) -> None:
    what, ends, under = CONDITIONS[moment.number - 1]
    with trial(what, ends):
        under(place)
