"""What people compute with changes under nobody, and can be taken back.

The tests build on one another: one server gets a package, and goes back and forth between its
generations.
"""

from __future__ import annotations

import json
import re

import pytest

from support.container import BootedServer
from support.environment import TeamChannel, current, env, history, imports, team_file
from support.hub_client import HubClient
from support.settings import complaint, main_process


@pytest.fixture(scope="module")
def first(server: BootedServer) -> str:
    """The generation that the installation made."""
    return current(server)


def test_there_is_nothing_to_do_after_the_installation(server: BootedServer, first: str) -> None:
    assert "nothing to do" in env(server, "apply")
    assert current(server) == first


def test_a_package_is_added_from_the_teams_channel(
    server: BootedServer, channel: TeamChannel, first: str
) -> None:
    env(server, "add", "lazy", "--channel", channel.url)
    assert current(server) != first
    assert imports(server, "lazy")
    row = next(row for row in json.loads(env(server, "list", "--json")) if row["name"] == "lazy")
    assert row == {"name": "lazy", "version": "1.0", "channel": channel.url, "asked_by": "team"}
    assert re.search(r"^  - lazy$", team_file(server), re.MULTILINE)


def advisory(name: str, ecosystem: str, fixed: str) -> dict[str, object]:
    """An advisory in OSV's form, about every version before this one."""
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": f"MADE-UP-{name}", "affected": [affected], "summary": "It does\x1b[2J harm."}


ADVISORIES = "/srv/advisories.json"


@pytest.mark.usefixtures("channel")
def test_an_advisory_about_the_teams_package_is_found(server: BootedServer) -> None:
    server.run("tee", ADVISORIES, given=json.dumps([advisory("Lazy", "PyPI", "1.5")]))
    done = server.run("teamhub", "env", "audit", ADVISORIES, check=False)
    assert done.returncode == 1
    assert re.search(
        r"^lazy +1\.0 +user +MADE-UP-Lazy +1\.5 +It does\?\[2J harm\.$", done.stdout, re.MULTILINE
    )
    assert "for lazy: teamhub env apply --update" in complaint(done)


def test_advisories_about_what_ships_are_found(server: BootedServer) -> None:
    every = [
        advisory("jupyterhub", "PyPI", "999"),
        advisory("py-rattler", "PyPI", "999"),
        advisory("http-proxy-3", "npm", "999.0.0"),
        advisory("nodejs", "Debian", "999"),
        advisory("nodejs", "Debian:1", "999"),
        advisory("absent", "PyPI", "999"),
    ]
    lines = "".join(json.dumps(each) + "\n" for each in every)
    server.run("tee", "/srv/lines.jsonl", given=lines)
    done = server.run("teamhub", "env", "audit", "--json", "/srv/lines.jsonl", check=False)
    assert done.returncode == 1
    rows = {row["package"]: row for row in json.loads(done.stdout)}
    assert {name: row["environment"] for name, row in rows.items()} == {
        "jupyterhub": "hub, user",
        "py-rattler": "teamhub",
        "http-proxy-3": "hub",
        "nodejs": "hub",
    }
    assert rows["jupyterhub"]["remedy"] == "apt install --only-upgrade teamhub"
    version = server.output("dpkg-query", "--show", "--showformat=${source:Version}", "nodejs")
    assert (rows["nodejs"]["version"], rows["nodejs"]["remedy"]) == (version, "apt upgrade")


@pytest.mark.fault(
    "`env audit` of a file that is no advisory",
    person="nothing: people work on",
    admin="one line: which file, which line, and what to do",
    remedy="the file in OSV's form",
)
def test_a_file_that_is_no_advisory_is_named(server: BootedServer) -> None:
    server.run("tee", "/srv/bad.json", given='{"id":\n nonsense}')
    failed = server.run("teamhub", "env", "audit", "/srv/bad.json", check=False)
    assert "/srv/bad.json, line 2: no JSON" in complaint(failed)
    assert "Traceback" not in failed.stderr
    server.run("tee", "/srv/bad.json", given="[]")
    assert "none of them is affected" in env(server, "audit", "/srv/bad.json")


def test_the_hub_did_not_notice(server: BootedServer, first: str) -> None:
    main = main_process(server, "teamhub")
    assert f"{first}/hub/" in server.output("cat", f"/proc/{main}/cmdline").replace("\0", " ")
    listed = server.run("test", "-e", f"{current(server)}/hub/bin/lazy", check=False)
    assert listed.returncode != 0


def test_what_cannot_be_had_changes_nothing(server: BootedServer) -> None:
    before = current(server), team_file(server)
    assert "absent" in env(server, "add", "absent", check=False)
    assert (current(server), team_file(server)) == before


def test_a_kernel_keeps_its_generation_while_the_current_one_moves(
    server: BootedServer, channel: TeamChannel, zoe: HubClient
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "import lazy")
    channel.add_python("lazy", "2.0")
    env(server, "apply", "--update")
    assert zoe.run_cell(kernel, "import lazy.late; print(lazy.late.VERSION)") == "1.0\n"
    status = server.output("teamhub", "status")
    assert re.search(r"^zoe +2 ", status, re.MULTILINE), status
    assert "zoe" in next(row for row in history(server) if row["generation"] == 2)["used_by"]


def test_a_newer_version_is_not_affected(server: BootedServer) -> None:
    assert "none of them is affected" in env(server, "audit", ADVISORIES)


def test_rollback_and_forward(server: BootedServer) -> None:
    newest = current(server)
    env(server, "rollback", "1")
    assert not imports(server, "lazy")
    assert "lazy" in env(server, "diff", "1", "3")
    env(server, "apply")
    assert current(server) == newest


@pytest.mark.usefixtures("zoe")
def test_only_what_is_needed_stays(server: BootedServer) -> None:
    for _ in range(3):
        env(server, "apply", "--update")
    env(server, "prune")
    rows = history(server)
    kept = {row["generation"] for row in rows if row["state"] != "removed"}
    newest = sorted({row["generation"] for row in rows})[-3:]
    used = {row["generation"] for row in rows if row["used_by"]}
    assert kept == {*newest, *used}
    assert {row["generation"] for row in rows} > kept


def test_the_channel_can_be_taken_elsewhere(server: BootedServer) -> None:
    server.run("teamhub", "channel", "export", "/srv/export")
    shipped = server.output("sh", "-c", "ls /srv/export/*/*.conda | wc -l")
    assert int(shipped) > 100
    assert server.output("sh", "-c", "ls /srv/export/noarch/lazy-*.conda").endswith(
        "lazy-2.0-0.conda"
    )


@pytest.mark.fault(
    "`channel export` of a wrong path",
    person="nothing: people work on",
    admin="one line: it is not a folder, and what to do",
    remedy="another folder",
)
def test_a_channel_goes_into_no_file(server: BootedServer) -> None:
    failed = server.run("teamhub", "channel", "export", "/etc/passwd", check=False)
    assert "/etc/passwd is not a folder" in complaint(failed)
    assert "Traceback" not in failed.stderr
    server.run("teamhub", "channel", "export", "/srv/export")
