"""The hub's database when its schema is not the hub's own: brought up, put back, or refused.

The tests of this module are one story and run in the order in which they stand.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import (
    APT,
    Installation,
    Target,
    installed_version,
    wait_for_login_page,
)
from support.next_version import Change, write_version
from support.poller import main_pid, server_processes

LogIn = Callable[[str], HubClient]

FOLDERS = "/usr/lib/teamhub /usr/share/teamhub /etc/teamhub"
NO_BYTECODE = "-not -name '*.pyc'"
DATABASE = "/var/lib/teamhub/jupyterhub.sqlite"
BACKUPS = "/var/lib/teamhub/backups"
PYTHON = "/opt/teamhub/current/hub/bin/python3"
#: JupyterHub's own migration, backwards: what an older version has left.
DOWNGRADE = f"""\
import subprocess
from jupyterhub import dbutil
with dbutil._temp_alembic_ini("sqlite:///{DATABASE}") as ini:
    subprocess.run(["alembic", "-c", ini, "downgrade", "-1"], check=True)
"""
#: No JupyterHub has this schema.
NEWER = "ffffffffffff"
READ = """\
import sqlite3
print(*sqlite3.connect({0!r}).execute("SELECT version_num FROM alembic_version").fetchone())
"""
WRITE = """\
import sqlite3
connection = sqlite3.connect({0!r})
connection.execute("UPDATE alembic_version SET version_num = ?", ({1!r},))
connection.commit()
"""


def as_rhea(server: BootedServer, code: str) -> str:
    path = "PATH=/opt/teamhub/current/hub/bin:/usr/bin:/bin"
    return server.as_user("rhea", "env", path, PYTHON, "-c", code, check=True).stdout.strip()


def revision(server: BootedServer, path: str = DATABASE) -> str:
    return as_rhea(server, READ.format(path))


def backups(server: BootedServer) -> list[str]:
    return server.run("ls", BACKUPS, check=False).stdout.split()


@pytest.fixture(scope="module")
def head(server: BootedServer) -> str:
    """The hub's own schema."""
    assert backups(server) == []
    return revision(server)


@pytest.fixture(scope="module")
def upgraded(server: BootedServer, installed: Installation, head: str, sign_in: LogIn) -> str:
    """The schema before, from which the hub has started; somebody's token is in there."""
    zoe = sign_in("zoe")
    token = zoe.new_token()
    server.run("systemctl", "stop", "teamhub")
    as_rhea(server, DOWNGRADE)
    older = revision(server)
    assert older != head
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert zoe.status_with_token(token) == 200
    return older


def test_an_older_schema_is_brought_up(server: BootedServer, head: str, upgraded: str) -> None:
    assert upgraded
    assert revision(server) == head


def test_what_it_was_is_kept_for_rhea_alone(server: BootedServer, upgraded: str) -> None:
    (backup,) = backups(server)
    assert revision(server, f"{BACKUPS}/{backup}") == upgraded
    owner = server.output("stat", "--format=%U %a", BACKUPS, f"{BACKUPS}/{backup}")
    assert owner.splitlines() == ["rhea 700", "rhea 600"]


@pytest.mark.fault(
    "a newer version's database, with a copy",
    person="no page for some seconds",
    admin="the journal: the copy was put back, and what the hub does not know",
    remedy="none: the hub does it",
)
def test_what_a_newer_version_wrote_gives_way_to_the_copy(
    server: BootedServer, installed: Installation, head: str, upgraded: str
) -> None:
    server.run("systemctl", "stop", "teamhub")
    as_rhea(server, WRITE.format(DATABASE, NEWER))
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert revision(server) == head
    assert sorted(name.partition("-")[2] for name in backups(server)) == sorted(
        f"{each}.sqlite" for each in (upgraded, NEWER)
    )
    assert "the hub does not know what happened since then" in server.journal("teamhub")


@pytest.fixture(scope="module")
def unreadable(server: BootedServer, upgraded: str) -> str:
    """What an installation says of a newer version's database without a copy, the hub running."""
    assert upgraded
    server.run("sh", "-c", f"rm {BACKUPS}/*")
    as_rhea(server, WRITE.format(DATABASE, NEWER))
    done = server.run("teamhub", "setup", "environment", check=False)
    assert done.returncode == 1
    return done.stderr


def test_without_a_copy_it_is_refused_with_what_to_do(unreadable: str) -> None:
    assert f"its schema is {NEWER}" in unreadable
    assert "What to do: install the newer version of teamhub again" in unreadable


def test_the_running_hub_goes_on(server: BootedServer, unreadable: str, client: LogIn) -> None:
    assert unreadable
    assert client("nobody").get("/hub/login").status_code == 200
    assert revision(server) == NEWER


@dataclass(frozen=True)
class Refused:
    """What apt said to an older version, and what of the server differs afterwards."""

    output: str
    before: list[str]
    after: list[str]


@pytest.fixture(scope="module")
def downgrade(
    server: BootedServer,
    target: Target,
    unreadable: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Refused:
    """An older version, on a database that it cannot read."""
    assert unreadable
    folder = tmp_path_factory.mktemp("older")
    older = write_version(target.package, target.suite, Change("0.0.9"), folder)
    shutil.copy(older, server.root / "root")

    def state() -> list[str]:
        return [
            installed_version(server),
            main_pid(server, "teamhub"),
            main_pid(server, "teamhub-proxy"),
            server.output("readlink", "/opt/teamhub/current"),
            server.output("sh", "-c", f"find {FOLDERS} -type f {NO_BYTECODE} -ls | sha256sum"),
        ]

    before = state()
    done = server.run(*APT, "--allow-downgrades", "install", f"/root/{older.name}", check=False,
                      DEBIAN_FRONTEND="noninteractive")  # fmt: skip
    assert done.returncode != 0
    return Refused(done.stdout + done.stderr, before, state())


def test_an_older_version_is_refused_with_what_to_do(downgrade: Refused, target: Target) -> None:
    _, version, _ = target.package.name.split("_")
    assert f"its schema is {NEWER}), which teamhub {version}" in downgrade.output
    assert "What to do: keep the newer version" in downgrade.output


def test_it_is_refused_before_anything_changes(server: BootedServer, downgrade: Refused) -> None:
    assert downgrade.before[0].endswith("install ok installed")
    assert downgrade.after == downgrade.before
    assert server.output("dpkg", "--audit") == ""


@pytest.mark.fault(
    "a newer version's database, without a copy",
    person="no page until it is healed",
    admin="the journal names its schema and what to do",
    remedy="the newer version, or a copy",
)
def test_a_hub_that_cannot_read_it_does_not_start(
    server: BootedServer, installed: Installation, unreadable: str, head: str
) -> None:
    assert unreadable
    server.run("systemctl", "restart", "teamhub", check=False)
    wait_for("refusal", lambda: f"its schema is {NEWER}" in server.journal("teamhub"), 20)
    assert revision(server) == NEWER
    as_rhea(server, WRITE.format(DATABASE, head))
    wait_for_login_page(server, installed.ca)


@pytest.mark.fault(
    "a damaged database",
    person="no page for some seconds",
    admin="the journal: which copy was put back",
    remedy="none: the hub does it",
)
@pytest.mark.parametrize("page", [0, 1], ids=["its header", "a page"])
def test_a_damaged_database_gives_way_to_a_copy_and_people_log_in(
    server: BootedServer, installed: Installation, head: str, sign_in: LogIn, page: int
) -> None:
    server.run("systemctl", "stop", "teamhub")
    server.run("install", "-d", "-m", "700", "-o", "rhea", BACKUPS)
    server.run("cp", "-p", DATABASE, f"{BACKUPS}/99990101T000000Z-{head}.sqlite")
    server.run("dd", "if=/dev/urandom", f"of={DATABASE}", "bs=4096", "count=1", f"seek={page}",
               "conv=notrunc")  # fmt: skip
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert sign_in("wash").is_signed_in()
    assert revision(server) == head
    assert f"{BACKUPS}/99990101T000000Z-{head}.sqlite was put back" in server.journal("teamhub")


@pytest.mark.fault(
    "the database deleted",
    person="no page for some seconds",
    admin="the journal: which copy was put back",
    remedy="none: the hub does it",
)
def test_the_nightly_copy_is_made_while_the_hub_goes_on_and_replaces_a_lost_database(
    server: BootedServer, installed: Installation, sign_in: LogIn
) -> None:
    server.run("sh", "-c", f"rm -f {BACKUPS}/*")
    assert "teamhub-database.timer" in server.output("systemctl", "list-timers", "--no-pager")
    before = main_pid(server, "teamhub")
    server.run("systemctl", "start", "teamhub-database.service")
    assert main_pid(server, "teamhub") == before
    copy = server.output("sh", "-c", "ls -1 /var/lib/teamhub/nightly/*.sqlite")
    server.run("systemctl", "stop", "teamhub")
    server.run("rm", DATABASE)
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert f"{copy} was put back" in server.journal("teamhub")
    assert sign_in("zoe").is_signed_in()


@pytest.mark.fault(
    "the database and its copies deleted while a server runs",
    person="their server has ended; the next one starts",
    admin="the journal: whose server was ended",
    remedy="none: the hub does it",
)
def test_a_server_that_a_lost_database_had_is_ended_and_the_next_one_is_alone(
    server: BootedServer, installed: Installation, sign_in: LogIn
) -> None:
    zoe = sign_in("zoe")
    zoe.spawn()
    (before,) = server_processes(server, "zoe")
    server.run("systemctl", "stop", "teamhub")
    server.run("sh", "-c", f"rm -rf {DATABASE} {BACKUPS} /var/lib/teamhub/nightly")
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert f"the server of zoe (process {before}) was ended" in server.journal("teamhub")
    again = sign_in("zoe")
    again.spawn()
    (after,) = server_processes(server, "zoe")
    assert after != before
    again.stop()


@pytest.mark.fault(
    "the database deleted, and a copy knows the server that runs",
    person="the server works on",
    admin="the journal: which copy was put back",
    remedy="none: the hub does it",
)
def test_one_that_the_copy_knows_goes_on(
    server: BootedServer, installed: Installation, sign_in: LogIn
) -> None:
    zoe = sign_in("zoe")
    zoe.spawn()
    before = server_processes(server, "zoe")
    server.run("systemctl", "start", "teamhub-database.service")
    server.run("systemctl", "stop", "teamhub")
    server.run("rm", DATABASE)
    server.run("systemctl", "start", "teamhub")
    wait_for_login_page(server, installed.ca)
    assert server_processes(server, "zoe") == before
    again = sign_in("zoe")
    again.get("/user/zoe/lab").raise_for_status()
    assert again.compute("print(6 * 7)") == "42\n"
    again.stop()


@pytest.mark.fault(
    "a database of another owner",
    person="no page until it is healed",
    admin="the journal: whose it is, and the command",
    remedy="chown rhea: /var/lib/teamhub/jupyterhub.sqlite",
)
def test_a_database_of_another_owner_is_named_with_what_to_type(
    server: BootedServer, installed: Installation, sign_in: LogIn
) -> None:
    zoe = sign_in("zoe")
    server.run("systemctl", "stop", "teamhub")
    server.run("chown", "root:", DATABASE)
    server.run("systemctl", "start", "teamhub", check=False)
    said = f"it belongs to uid 0, not to rhea: chown rhea: {DATABASE}"
    wait_for("the reason in the journal", lambda: said in server.journal("teamhub"), 30)
    server.run("chown", "rhea:", DATABASE)
    wait_for_login_page(server, installed.ca)
    assert zoe.is_signed_in()
