"""Installations that nobody watches: answers given before, wrong ones, and what holds afterwards.

The tests build on one another: one server goes from refusal to refusal, and ends with a hub.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from support.container import BootedServer
from support.installation import APT, Target, configure, members
from support.occupier import PROGRAM, occupy
from support.settings import CONF

#: Each question, with an answer that differs from what the package would do by itself.
ANSWERS = {
    "users": ("string", "zoe,wash  zoe kaylee"),
    "admins": ("string", "wash"),
    "create-accounts": ("boolean", "true"),
    "server-names": ("string", "hub.example.org 192.0.2.7"),
    "certificate": ("select", "own"),
    "https-port": ("string", "8443"),
    "http-port": ("string", "8080"),
    "interface": ("select", "notebook"),
    "memory-limit": ("string", "1.5G"),
    "cpu-limit": ("string", "1.5"),
    "tasks-limit": ("string", "512"),
    "idle-hours": ("string", "12"),
    "purge-state": ("boolean", "true"),
}

#: What nobody may be let in or set up with: the question, the answer, and what has to be named.
REFUSED = [
    ("users", "zoe root", "root"),
    ("users", r"zoe\nroot", "root"),
    ("users", "$(touch /x) * 'a\"", "$(touch"),
    ("users", " ".join(f"user{number}" for number in range(300)) + " backup", "backup"),
    ("admins", "nobody", "nobody"),
    ("server-names", "https://hub", "https://hub"),
    ("certificate", "files", "CERTIFICATE_FILE"),
    ("certificate", "bought", "bought"),
    ("https-port", "0", "HTTPS_PORT"),
    ("http-port", "8443", "8443"),
    ("interface", "emacs", "emacs"),
    ("memory-limit", "2GB", "2GB"),
    ("cpu-limit", "0", "CPU_LIMIT"),
    ("tasks-limit", "12", "TASKS_LIMIT"),
    ("idle-hours", r"1\nALL", "IDLE_HOURS"),
]


@pytest.fixture(scope="module")
def plain(plain: BootedServer) -> BootedServer:
    """The plain server; its debconf has all answers, root among the users."""
    plain.run("debconf-set-selections", given=selections(users="zoe root"))
    return plain


def selections(**changed: str) -> str:
    """All answers for debconf-set-selections, but for those that are changed."""
    lines = []
    for question, (kind, answer) in ANSWERS.items():
        value = changed.get(question.replace("-", "_"), answer)
        lines.append(f"teamhub teamhub/{question} {kind} {value}\n")
    return "".join(lines)


def complaint(failed: subprocess.CompletedProcess[str]) -> str:
    """The package's own line on what failed, which is followed by what to do."""
    assert failed.returncode != 0
    found = re.findall(r"^teamhub: (.*)\n  What to do: .+$", failed.stderr, re.MULTILINE)
    assert len(found) == 1, failed.stderr
    return str(found[0])


def nothing_changed(server: BootedServer) -> bool:
    """Nobody let in, nothing written, nothing made, nothing started."""
    files = server.run("ls", CONF, "/opt/teamhub/current", "/x", check=False).stdout
    groups = server.output("getent", "group", "jupyterhub", "jupyterhub-admin")
    people = server.output("awk", "-F:", "$3 >= 1000 && $3 < 60000", "/etc/passwd")
    running = server.run("systemctl", "is-active", "teamhub", check=False).stdout.strip()
    return (
        not files
        and all(line.endswith(":") for line in groups.splitlines())
        and not people
        and running != "active"
    )


def test_a_wrong_answer_stops_the_installation(plain: BootedServer, target: Target) -> None:
    failed = plain.run(
        *APT, "install", target.package_on_server, check=False, DEBIAN_FRONTEND="noninteractive"
    )
    assert "'root'" in complaint(failed)
    assert nothing_changed(plain)


@pytest.mark.parametrize(("question", "answer", "named"), REFUSED)
def test_it_is_named_on_one_line_and_nothing_changes(
    plain: BootedServer, question: str, answer: str, named: str
) -> None:
    plain.run("debconf-set-selections", given=selections())
    # unlike debconf-set-selections, this takes \n for a line break
    given = f"CAPB escape\nSET teamhub/{question} {answer}\n"
    plain.run("debconf-communicate", "teamhub", given=given)
    assert named in complaint(configure(plain))
    assert nothing_changed(plain)


def test_a_person_without_an_account_is_named_where_none_are_created(plain: BootedServer) -> None:
    plain.run("debconf-set-selections", given=selections(create_accounts="false"))
    assert re.search(
        "kaylee|wash|zoe",
        complaint(configure(plain)),
    )
    assert nothing_changed(plain)


def test_a_port_in_use_is_named_with_its_program(plain: BootedServer) -> None:
    plain.run("debconf-set-selections", given=selections())
    unit = occupy(plain, 8443)
    words = complaint(configure(plain))
    assert re.search(rf"port 8443 is in use by {PROGRAM} \(pid \d+\)", words)
    assert nothing_changed(plain)
    assert plain.output("systemctl", "is-active", unit) == "active"
    plain.run("systemctl", "stop", unit)


def test_every_answer_is_taken(plain: BootedServer) -> None:
    plain.run("debconf-set-selections", given=selections())
    done = configure(plain)
    assert done.returncode == 0, done.stderr
    assert settings(plain) == {
        "SERVER_NAMES": "hub.example.org 192.0.2.7",
        "HTTPS_PORT": "8443",
        "HTTP_PORT": "8080",
        "LISTEN_ADDRESS": "",
        "CERTIFICATE": "own",
        "CERTIFICATE_FILE": "",
        "KEY_FILE": "",
        "ACME_DIRECTORY": "https://acme-v02.api.letsencrypt.org/directory",
        "ACME_EMAIL": "",
        "SUBDOMAIN_HOST": "",
        "INTERFACE": "notebook",
        "MEMORY_LIMIT": "1.5G",
        "CPU_LIMIT": "1.5",
        "TASKS_LIMIT": "512",
        "IDLE_HOURS": "12",
        "CREATE_ACCOUNTS": "yes",
    }
    assert members(plain, "jupyterhub") == {"kaylee", "wash", "zoe"}
    assert members(plain, "jupyterhub-admin") == {"wash"}


def test_an_edited_file_is_kept_by_a_silent_reconfigure(plain: BootedServer) -> None:
    plain.run("sed", "-i", "s/^IDLE_HOURS=.*/# a night\\nIDLE_HOURS=8/", CONF)
    plain.run("deluser", "kaylee", "jupyterhub")
    plain.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
    assert settings(plain)["IDLE_HOURS"] == "8"
    assert "# a night\n" in plain.output("cat", CONF)
    assert members(plain, "jupyterhub") == {"wash", "zoe"}


def test_answers_given_after_the_installation_change_nothing(plain: BootedServer) -> None:
    before = settings(plain)
    given = selections(users="river", admins="river", https_port="9443", idle_hours="1")
    plain.run("debconf-set-selections", given=given)
    plain.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")
    assert settings(plain) == before
    assert members(plain, "jupyterhub") == {"wash", "zoe"}
    assert plain.run("getent", "passwd", "river", check=False).returncode != 0


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("MEMORY_LIMIT=2GB", "2GB"),
        ("HTTPS_PORT = 443", "HTTPS_PORT = 443"),
        ('SERVER_NAMES="$(touch /x)"', "$(touch /x)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_hub_goes_on(
    plain: BootedServer, line: str, named: str
) -> None:
    before = plain.output("cat", CONF)
    pid = plain.output("systemctl", "show", "--property=MainPID", "teamhub")
    key = line.split("=")[0].strip()
    plain.run("tee", CONF, given=re.sub(rf"(?m)^{key}=.*$", lambda _: line, before) + "\n")
    edited = plain.output("cat", CONF)
    failed = plain.run("dpkg-reconfigure", "--frontend=noninteractive", "teamhub", check=False)
    assert named in complaint(failed)
    assert plain.output("cat", CONF) == edited
    assert plain.output("systemctl", "show", "--property=MainPID", "teamhub") == pid
    assert plain.run("test", "-e", "/x", check=False).returncode == 1
    plain.run("tee", CONF, given=before + "\n")


def settings(server: BootedServer) -> dict[str, str]:
    return dict(re.findall(r'^([A-Z_]+)="?(.*?)"?$', server.output("cat", CONF), re.MULTILINE))
