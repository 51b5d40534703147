"""`apt remove`, the package back again, `apt purge`: what goes, what stays, and why.

The tests of this module are one story and run in the order in which they stand.
"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer, wait_for
from support.dialogue import Dialogue, Words
from support.hub_client import HubClient
from support.installation import APT, Installation, Target, all_paths, wait_for_login_page

LogIn = Callable[[str], HubClient]

RECORDS = "/var/lib/teamhub"
SCREEN = "/run/screen-of-zoe"
#: What logs somebody in without a person there.  wall finds terminals in utmp, which su does not
#: write, and on Debian 13 among systemd's sessions; util-linux's login there reads a password.
LOGIN = {"bookworm": "login -f", "trixie": "su --login"}

#: What a purge leaves on a server, and why.
STAYS = {
    r"/home/(zoe|wash)(/.*)?": "people's homes are theirs",
    r"/var/mail/(zoe|wash)|/var/spool/mail/(zoe|wash)": "so is their mail",
    r"/var/lib/systemd/linger/.*": "people's own choice",
    r"/var/lib/teamhub(/.*)?": "the hub's records, unless one says otherwise when asked",
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?": "accounts and groups stay",
    r"/etc/\.pwd\.lock": "made by whatever changes accounts first",
    r"/var/log(/.*)?": "the server's history",
    r"/var/cache(/.*)?": "caches of apt, debconf and others",
    r"/var/lib/(dpkg|apt|ucf|systemd|pam|python|dbus)(/.*)?": "state of other packages",
    r"/(tmp|run|mnt|var/tmp)(/.*)?": "does not outlive a boot",
    r".*/__pycache__(/.*)?": "bytecode of Debian's own Python packages",
    r"/etc/(ssl|ca-certificates(\.conf)?|alternatives|rc\d\.d)(/.*)?": "state of dependencies",
    r"/etc/(ld\.so\.cache|environment|machine-id|mailcap|sudo_logsrvd\.conf)": "of the system",
    r"/usr/share/info/dir(\.old)?": "an index of the system",
    r"/etc/python3(/.*)?|/usr/local/lib/python3(\.\d+)?(/.*)?": "folders of Debian's Python",
    r"/usr/bin/js|/usr/share/man/man1/js\.1\.gz": "alternatives of Debian's Node.js",
    r"/usr/local/share/ca-certificates": "made by ca-certificates",
}


def remove(server: BootedServer, *how: str) -> None:
    server.run(*APT, *how, "teamhub", DEBIAN_FRONTEND="noninteractive")


def uid(server: BootedServer, user: str) -> str:
    return server.output("id", "--user", user)


def memory_limit(server: BootedServer, user: str) -> str:
    """What systemd lets all processes of somebody take, in bytes, or "infinity"."""
    unit = f"user-{uid(server, user)}.slice"
    return server.output("systemctl", "show", "--property=MemoryMax", "--value", unit)


def exists(server: BootedServer, path: str) -> bool:
    return server.run("test", "-e", path, check=False).returncode == 0


def nothing_of_ours_runs(server: BootedServer) -> None:
    """Raises AssertionError, naming them, when processes go on."""
    found = ""

    def gone() -> bool:
        nonlocal found
        ours = "jupyterhub|singleuser|sudospawner|ipykernel|/usr/lib/teamhub|/opt/teamhub"
        found = server.run("pgrep", "--list-full", "--full", ours, check=False).stdout
        return not found

    try:
        wait_for("end of all processes", gone, 30)
    except TimeoutError as late:
        raise AssertionError(found) from late


@pytest.fixture(scope="module")
def ca_before(server: BootedServer, sign_in: LogIn, target: Target) -> str:
    """The CA before the removal, during which Zoe has a server running and a file saved."""
    zoe = sign_in("zoe")
    zoe.spawn()
    zoe.compute("open('log.txt', 'w').write('hers')")
    server.run("sed", "-i", "s/^MEMORY_LIMIT=.*/MEMORY_LIMIT=1G/", "/etc/teamhub/teamhub.conf")
    server.run("teamhub", "apply")
    # something of zoe's that goes on, as a login by ssh would
    server.run("systemd-run", f"--slice=user-{uid(server, 'zoe')}.slice", "sleep", "infinity")
    assert memory_limit(server, "zoe") == str(2**30)
    ca = server.output("teamhub", "tls", "ca")
    with logged_in(server, "zoe", LOGIN[target.suite]):
        remove(server, "remove")
    return ca


@contextlib.contextmanager
def logged_in(server: BootedServer, user: str, how: str) -> Iterator[None]:
    """Somebody's login at a terminal, on which SCREEN has all that they see."""
    login = ("script", "--quiet", "--flush", "--command", f"{how} {user}", SCREEN)
    with subprocess.Popen(
        server.command(*login, TERM="dumb"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ):
        shell = ("pgrep", "--uid", user, "--exact", "bash")
        try:
            wait_for("shell", lambda: server.run(*shell, check=False).stdout, 20)
            yield
        finally:
            # from inside: without its parent here nobody would bury it, nor the server after it
            server.run("pkill", "--signal", "KILL", "--full", SCREEN)


def test_anyone_who_is_logged_in_is_warned(server: BootedServer, ca_before: str) -> None:
    assert ca_before
    assert "teamhub is being removed from this server" in server.output("cat", SCREEN)


def test_remove_ends_the_services_and_peoples_servers(server: BootedServer, ca_before: str) -> None:
    assert ca_before
    for unit in ("teamhub", "teamhub-proxy"):
        state = server.run("systemctl", "is-active", unit, check=False).stdout.strip()
        assert state in ("inactive", "unknown")
    nothing_of_ours_runs(server)
    for port in (443, 80):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host.address, port), timeout=10).close()


def test_remove_lifts_peoples_limits(server: BootedServer, ca_before: str) -> None:
    assert ca_before
    assert memory_limit(server, "zoe") == "infinity"
    left = server.output("find", "/etc/systemd/system", "-name", "user*.slice.d")
    assert left == ""


@pytest.mark.parametrize(
    "path", ["/opt/teamhub", "/usr/lib/teamhub", "/usr/share/teamhub", "/usr/sbin/teamhub"]
)
def test_remove_takes_the_programs_away(server: BootedServer, path: str) -> None:
    assert not exists(server, path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/teamhub/jupyterhub_config.py",
        "/etc/teamhub/teamhub.conf",
        "/etc/teamhub/tls/ca.key",
        "/etc/teamhub/proxy-token",
        "/var/lib/teamhub/jupyterhub.sqlite",
        "/home/zoe/notebooks/log.txt",
    ],
)
def test_remove_keeps_settings_secrets_and_data(server: BootedServer, path: str) -> None:
    assert exists(server, path)


def test_the_package_comes_back_as_it_was(
    server: BootedServer,
    target: Target,
    installed: Installation,
    ca_before: str,
    sign_in: LogIn,
) -> None:
    server.run(*APT, "install", target.package_on_server, DEBIAN_FRONTEND="noninteractive")
    wait_for_login_page(server, installed.ca)
    assert server.output("teamhub", "tls", "ca") == ca_before
    zoe = sign_in("zoe")
    zoe.spawn()
    assert zoe.compute("print(open('log.txt').read())") == "hers\n"


@pytest.fixture(scope="module")
def purged(server: BootedServer) -> BootedServer:
    """The server after `apt purge`, while Zoe's server was running."""
    remove(server, "purge")
    return server


def test_purge_knows_the_package_no_more(purged: BootedServer) -> None:
    asked = purged.run("dpkg-query", "--status", "teamhub", check=False)
    assert asked.returncode != 0
    questions = purged.run("debconf-show", "teamhub", check=False).stdout
    assert "teamhub/" not in questions
    assert "teamhub" not in purged.output("cat", "/var/lib/ucf/registry", "/var/lib/ucf/hashfile")


def test_purge_ends_everything_that_ran(purged: BootedServer) -> None:
    nothing_of_ours_runs(purged)
    # it exits 1 where no unit matches
    listed = purged.run("systemctl", "list-unit-files", "--no-legend", "teamhub*", check=False)
    assert (listed.stdout, listed.stderr) == ("", "")
    assert purged.output("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""


def test_purge_leaves_nothing_that_has_no_reason(
    purged: BootedServer, installed: Installation
) -> None:
    of_packages = set(purged.output("sh", "-c", "cat /var/lib/dpkg/info/*.list").splitlines())
    new = set(all_paths(purged)) - installed.paths_before - of_packages
    # Debian 12 and 13 have /bin, /lib and so on as links into /usr; dpkg lists either name.
    new -= {f"/usr{path}" for path in of_packages}
    stays = re.compile("|".join(STAYS))
    assert sorted(path for path in new if not stays.fullmatch(path)) == []


def test_purge_leaves_nothing_named_after_the_package(purged: BootedServer) -> None:
    found = purged.run(
        *("find", "/", "-xdev"),
        *("(", "-path", "/home", "-o", "-path", "/proc", "-o", "-path", RECORDS, ")", "-prune"),
        *("-o", "(", "-iname", "*teamhub*", "-o", "-iname", "*jupyterhub*", ")", "-print"),
    ).stdout.splitlines()
    # systemd keeps the last time of every timer, and the directories of accounts made on the fly.
    assert [path for path in found if not path.startswith(("/var/lib/systemd/", "/var/log/"))] == []


def test_purge_leaves_the_hubs_records_where_nobody_can_be_asked(purged: BootedServer) -> None:
    assert exists(purged, f"{RECORDS}/jupyterhub.sqlite")


def test_purge_leaves_people_and_their_files(purged: BootedServer) -> None:
    for person in ("zoe", "wash"):
        assert purged.output("getent", "passwd", person)
    assert purged.output("cat", "/home/zoe/notebooks/log.txt") == "hers"


def test_purge_takes_rhea_her_right_to_read_passwords(purged: BootedServer) -> None:
    assert "rhea" not in purged.output("getent", "group", "shadow")
    assert (
        purged.run("sudo", "--list", "--other-user=rhea", check=False).stdout.count("NOPASSWD") == 0
    )


def test_purge_asks_somebody_who_is_there_about_the_hubs_records(
    purged: BootedServer, target: Target
) -> None:
    purged.run(*APT, "install", target.package_on_server, DEBIAN_FRONTEND="noninteractive")
    purged.run("cp", "/var/lib/dpkg/info/teamhub.postrm", "/root/postrm")
    words = Words(purged.output("cat", "/var/lib/dpkg/info/teamhub.templates"))
    command = ("apt-get", "--yes", "purge", "teamhub")
    with Dialogue(purged, *command, words=words) as dialogue:
        dialogue.switch("purge-state", to=True)
        assert dialogue.end() == 0
    assert not exists(purged, RECORDS)


def test_purge_needs_neither_debconf_nor_ucf(purged: BootedServer) -> None:
    purged.run("mkdir", RECORDS)
    tools = ("/usr/share/debconf", "/usr/bin/ucf", "/usr/bin/ucfr")
    for tool in tools:
        purged.run("mv", tool, f"{tool}.away")
    try:
        purged.run("sh", "/root/postrm", "purge")
    finally:
        for tool in tools:
            purged.run("mv", f"{tool}.away", tool)
    assert exists(purged, RECORDS)
