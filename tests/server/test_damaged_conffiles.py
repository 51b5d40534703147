"""A conffile that is empty, torn or gone is named, and one command puts it back.

One server goes from fault to fault, and serves its login page after each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.container import BootedServer, wait_for
from support.settings import APPLY, apply, complaint, processes, text_of

CHECK = ("teamhub", "check-config")
REPAIR = ("teamhub", "repair", "conffiles")
SETUP_CHECK = ("teamhub", "setup", "check", "--users=zoe wash", "--admins=wash")
CONFIG = "/etc/teamhub/jupyterhub_config.py"
SUDOERS = "/etc/sudoers.d/teamhub"
JSON = "/etc/teamhub/jupyter/jupyter_server_config.json"
PAM = "/etc/pam.d/teamhub"

EMPTY = "is empty"
NULS = "holds nothing but NUL bytes"
#: What is done to a file (sh; $1 is its name), and what is said of it.
DAMAGE = {
    CONFIG: (': >"$1"', EMPTY),
    PAM: ('dd if=/dev/zero of="$1" bs=300 count=1 status=none', NULS),
    SUDOERS: ('echo "rhea ALL = (" >"$1"', "is not for sudo: "),
    JSON: ('truncate --size=40 "$1"', "is not JSON: "),
    "/etc/teamhub/environment.yml": (': >"$1"', EMPTY),
}


def remove_what_was_set_aside(server: BootedServer) -> None:
    server.run("find", "/etc", "-name", "*.damaged*", "-delete")


@pytest.fixture
def torn(server: BootedServer) -> Iterator[dict[str, str]]:
    """The texts of the conffiles that are damaged now."""
    before = {path: text_of(server, path) for path in DAMAGE}
    for path, (how, _) in DAMAGE.items():
        server.run("sh", "-c", how, "sh", path)
    yield before
    remove_what_was_set_aside(server)


@pytest.mark.fault(
    "conffiles empty, torn, of NUL bytes or no JSON",
    person="nothing: people work on",
    admin="`check-config` and `apply` name each, with what is wrong",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_torn_conffiles_are_each_named_and_put_back(
    server: BootedServer, torn: dict[str, str]
) -> None:
    before = processes(server)
    for command in (CHECK, APPLY, SETUP_CHECK):
        words = complaint(server.run(*command, check=False))
        for path, (_, said) in DAMAGE.items():
            assert f"{path} {said}" in words
        assert "teamhub repair conffiles" in words
    assert processes(server) == before
    server.run(*REPAIR)
    assert {path: text_of(server, path) for path in DAMAGE} == torn
    assert server.output("stat", "--format=%a %U:%G", SUDOERS) == "440 root:root"
    assert server.output("cat", f"{SUDOERS}.damaged") == "rhea ALL = ("
    assert "in order" in server.output(*REPAIR)
    apply(server)


@pytest.mark.fault(
    "every conffile empty, as a power cut leaves them",
    person="nothing: people work on; a hub that starts then does not serve",
    admin="`check-config` names each: it is empty",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
def test_every_conffile_that_is_empty_is_named_and_put_back(server: BootedServer) -> None:
    fields = server.run("dpkg-query", "--show", "--showformat=${Conffiles}", "teamhub").stdout
    paths = [line.split()[0] for line in fields.splitlines() if line and "obsolete" not in line]
    assert {CONFIG, PAM, SUDOERS, JSON} <= set(paths)
    before = {path: text_of(server, path) for path in paths}
    server.run("truncate", "--size=0", *paths)
    words = complaint(server.run(*CHECK, check=False))
    assert [path for path in paths if before[path] and f"{path} {EMPTY}" not in words] == []
    server.run(*REPAIR)
    assert {path: text_of(server, path) for path in paths} == before
    remove_what_was_set_aside(server)
    apply(server)


def test_what_an_admin_has_edited_is_not_touched(server: BootedServer) -> None:
    before = text_of(server, JSON)
    server.run("tee", JSON, given='{"ServerApp": {"port_retries": 0}}\n')
    server.run(*CHECK)
    assert "in order" in server.output(*REPAIR)
    assert "port_retries" in text_of(server, JSON)
    server.run("tee", JSON, given=before)


@pytest.mark.fault(
    "a conffile empty, and dpkg takes it for the package's",
    person="nothing: people work on",
    admin="`check-config` names it",
    remedy="teamhub repair conffiles",
)
def test_an_empty_file_that_dpkg_takes_for_the_package_s_is_found(server: BootedServer) -> None:
    # as after a power cut between unpacking and the first configuration
    status = "/var/lib/dpkg/status"
    server.run("cp", "-p", status, "/root/status")
    server.run("sed", "-Ei", rf"s|^( {PAM}) [0-9a-f]{{32}}|\1 d41d8cd98f00b204e9800998ecf8427e|",
               status)  # fmt: skip
    before = text_of(server, PAM)
    server.run("truncate", "--size=0", PAM)
    assert "Conffiles" in server.output("dpkg-query", "--status", "teamhub")
    assert f"{PAM} {EMPTY}" in complaint(server.run(*CHECK, check=False))
    server.run(*REPAIR)
    assert text_of(server, PAM) == before
    server.run("mv", "/root/status", status)
    server.run("rm", f"{PAM}.damaged")


@pytest.mark.fault(
    "jupyterhub_config.py empty at a start of the hub",
    person="no page until it is healed",
    admin="the journal: it is missing or empty; nothing listens",
    remedy="teamhub repair conffiles",
)
@pytest.mark.usefixtures("serves_afterwards")
@pytest.mark.every_suite
def test_no_hub_starts_without_its_configuration(server: BootedServer) -> None:
    text = text_of(server, CONFIG)
    server.run("truncate", "--size=0", CONFIG)
    server.run("systemctl", "restart", "teamhub", check=False)
    wait_for(
        "the reason in the journal",
        lambda: f"teamhub: {CONFIG} is missing or empty" in server.journal("teamhub"),
        20,
    )
    assert server.output("ss", "-Hltn", "sport = :8000") == ""
    assert "hub.sock" not in server.output("ss", "-Hlx")
    server.run(*REPAIR)
    assert text_of(server, CONFIG) == text
    server.run("rm", f"{CONFIG}.damaged")
