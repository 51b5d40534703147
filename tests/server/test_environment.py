"""What people compute with changes under nobody, can be taken back, and survives every accident.

The tests build on one another: one server gets packages, loses power in the middle of it, and goes
back and forth between its generations.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import threading
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.conda_channel import Channel
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Target
from support.network import SERVICES
from teamhub_build.suites import SUITES

CHANNEL_PORT = 8090
WHEELS = "/srv/wheels"
PIP_CONF = f"[global]\nno-index = true\nfind-links = {WHEELS}\n"


class Handler(SimpleHTTPRequestHandler):
    """Serves the team's channel."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a request is no news."""


@pytest.fixture(scope="module")
def channel(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    """A channel of the team's own, over HTTP, with a Python package."""
    made = Channel(tmp_path_factory.mktemp(f"channel-{target}") / "channel")
    add_lazy(made, target, "1.0")
    serve = functools.partial(Handler, directory=str(made.folder))
    server = ThreadingHTTPServer((SERVICES, CHANNEL_PORT), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def add_lazy(channel: Channel, target: Target, version: str) -> None:
    """Add a Python package, of which one module is imported late."""
    folder = f"lib/python{SUITES[target.suite].python}/site-packages/lazy"
    files = {f"{folder}/__init__.py": "", f"{folder}/late.py": f"VERSION = {version!r}\n"}
    channel.add("lazy", version, files=files)


def add_wheel(server: BootedServer, name: str, version: str) -> None:
    """Put a wheel where the server's pip looks."""
    info = f"{name}-{version}.dist-info"
    content = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        path: urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in content.items()
    }
    record = "".join(f"{path},sha256={digest},\n" for path, digest in digests.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder = server.root / WHEELS.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in content.items():
            wheel.writestr(path, text)


def env(server: BootedServer, *arguments: str, check: bool = True) -> str:
    """What `teamhub env` prints, to stdout and to stderr."""
    done = server.run("teamhub", "env", *arguments, check=check)
    return done.stdout + done.stderr


def current(server: BootedServer) -> str:
    """The folder of the current generation."""
    return server.output("readlink", "--canonicalize", "/opt/teamhub/current")


def imports(server: BootedServer, module: str) -> bool:
    """Whether a new process finds a module in the current environment."""
    python = "/opt/teamhub/current/user/bin/python3"
    return server.as_user("wash", python, "-s", "-c", f"import {module}").returncode == 0


@pytest.fixture(scope="module")
def first(server: BootedServer) -> str:
    """The generation that the installation made."""
    return current(server)


def test_there_is_nothing_to_do_after_the_installation(server: BootedServer, first: str) -> None:
    assert "nothing to do" in env(server, "apply")
    assert current(server) == first


@pytest.mark.usefixtures("channel")
def test_a_package_is_added_from_the_teams_channel(server: BootedServer, first: str) -> None:
    url = f"http://{SERVICES}:{CHANNEL_PORT}"
    print(env(server, "add", "lazy", "--channel", url))
    assert current(server) != first
    assert imports(server, "lazy")
    row = next(row for row in json.loads(env(server, "list", "--json")) if row["name"] == "lazy")
    assert row == {"name": "lazy", "version": "1.0", "channel": url, "asked_by": "team"}
    assert re.search(r"^  - lazy$", server.output("cat", "/etc/teamhub/environment.yml"), re.M)


def test_the_hub_did_not_notice(server: BootedServer, first: str) -> None:
    main = server.output("systemctl", "show", "--value", "--property=MainPID", "teamhub")
    assert f"{first}/hub/" in server.output("cat", f"/proc/{main}/cmdline").replace("\0", " ")
    listed = server.run("test", "-e", f"{current(server)}/hub/bin/lazy", check=False)
    assert listed.returncode != 0


def test_what_cannot_be_had_changes_nothing(server: BootedServer) -> None:
    before = current(server), server.output("cat", "/etc/teamhub/environment.yml")
    assert "absent" in env(server, "add", "absent", check=False)
    assert (current(server), server.output("cat", "/etc/teamhub/environment.yml")) == before


def test_a_kernel_keeps_its_generation_while_the_current_one_moves(
    server: BootedServer, channel: Channel, target: Target, zoe: HubClient
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "import lazy")
    add_lazy(channel, target, "2.0")
    env(server, "apply", "--update")
    assert zoe.run_cell(kernel, "import lazy.late; print(lazy.late.VERSION)") == "1.0\n"
    status = server.output("teamhub", "status")
    assert re.search(r"^zoe +2 ", status, re.MULTILINE), status
    history = json.loads(env(server, "history", "--json"))
    assert "zoe" in next(row for row in history if row["generation"] == 2)["used_by"]


def test_rollback_and_forward(server: BootedServer) -> None:
    newest = current(server)
    env(server, "rollback", "1")
    assert not imports(server, "lazy")
    assert "lazy" in env(server, "diff", "1", "3")
    env(server, "apply")
    assert current(server) == newest


def test_what_a_person_installs_with_pip_lands_in_her_home(
    server: BootedServer, zoe: HubClient
) -> None:
    server.run("tee", "/etc/pip.conf", given=PIP_CONF)
    add_wheel(server, "hers", "1.0")
    add_wheel(server, "cowsay", "1.0")
    printed = zoe.compute("%pip install hers")
    assert "Successfully installed hers-1.0" in printed
    found = zoe.compute("import hers; print(hers.__file__)")
    assert found.startswith("/home/zoe/.local/lib/python3")
    assert "Successfully installed cowsay" in zoe.compute("%pip install --user cowsay")
    assert "is as it was made" in env(server, "verify")
    assert not imports(server, "hers")


def install_over(person: HubClient, package: str) -> None:
    """Have somebody install what everybody has in another version already.

    pip, which takes the prefix for a venv, does that only when it is told so.
    """
    printed = person.compute(f"%pip install --ignore-installed {package}")
    assert "Successfully installed" in printed, printed


def test_what_she_installs_comes_before_what_everybody_has(
    server: BootedServer, zoe: HubClient
) -> None:
    add_wheel(server, "idna", "99.0")
    install_over(zoe, "idna")
    assert zoe.compute("import idna; print(idna.VERSION)") == "99.0\n"
    assert server.as_user("zoe", "rm", "-r", "/home/zoe/.local/lib").returncode == 0


def test_she_cannot_change_what_everybody_has(server: BootedServer, zoe: HubClient) -> None:
    printed = zoe.compute("%pip uninstall --yes idna")
    assert "Successfully uninstalled" not in printed
    assert imports(server, "idna")


def test_what_breaks_a_server_cannot_lock_her_out(server: BootedServer, zoe: HubClient) -> None:
    add_wheel(server, "tornado", "99.0")
    install_over(zoe, "tornado")
    zoe.stop()
    zoe.spawn()
    assert server.as_user("zoe", "rm", "-r", "/home/zoe/.local/lib").returncode == 0


@pytest.mark.parametrize(
    "folder", ["/home/zoe/.local/share/jupyter/kernels", "/usr/share/jupyter/kernels"]
)
def test_kernels_of_her_own_and_of_debians_are_found(
    server: BootedServer, zoe: HubClient, folder: str
) -> None:
    name = f"found{len(folder)}"
    spec = {"argv": ["/bin/true"], "display_name": name, "language": "python"}
    make = f"mkdir -p {folder}/{name} && echo '{json.dumps(spec)}' > {folder}/{name}/kernel.json"
    if folder.startswith("/home"):
        server.as_user("zoe", "sh", "-c", make, check=True)
    else:
        server.run("sh", "-c", make)
    assert name in zoe.server_api("GET", "kernelspecs").json()["kernelspecs"]


def test_a_venv_of_her_own_works(zoe: HubClient) -> None:
    zoe.compute("!python3 -m venv ~/own && ~/own/bin/pip --version > ~/said")
    assert "/home/zoe/own/" in zoe.compute("print(open('/home/zoe/said').read())")


def test_what_was_done_by_hand_is_told_and_carried_over(server: BootedServer) -> None:
    add_wheel(server, "byhand", "1.0")
    server.run("/opt/teamhub/current/user/bin/pip", "install", "byhand")
    told = env(server, "verify", check=False)
    assert "installed with pip: byhand 1.0" in told
    env(server, "apply")
    assert imports(server, "byhand")
    assert "- byhand==1.0" in server.output("cat", "/etc/teamhub/environment.yml")
    assert "is as it was made" in env(server, "verify")


def test_an_edited_file_is_told_before_anything_changes(server: BootedServer) -> None:
    before = current(server)
    server.run("sed", "-i", "$ a # by hand", f"{before}/user/bin/jupyter-lab")
    assert "bin/jupyter-lab" in env(server, "remove", "byhand", check=False)
    assert current(server) == before
    env(server, "apply", "--discard")
    assert "is as it was made" in env(server, "verify")


def test_two_at_once_wait_for_one_another(server: BootedServer) -> None:
    env(server, "remove", "byhand")
    script = "teamhub env apply --update & teamhub env apply --update; wait"
    done = server.run("sh", "-c", script)
    assert "waiting for it to end" in done.stderr
    assert "is as it was made" in env(server, "verify")


@pytest.mark.parametrize("tenths", [2, 5, 8, 12, 17, 23, 30, 40, 55, 75])
def test_killed_in_the_middle_it_leaves_what_was(server: BootedServer, tenths: int) -> None:
    command = ["timeout", "--signal=KILL", str(tenths / 10), "teamhub", "env", "apply", "--update"]
    server.run(*command, check=False)
    server.run("pkill", "--signal", "KILL", "--full", "teamhub env apply", check=False)
    assert imports(server, "lazy")


def test_after_that_it_finishes_and_nothing_is_left(server: BootedServer) -> None:
    env(server, "apply", "--update")
    assert "is as it was made" in env(server, "verify")
    folders = server.output("ls", "/opt/teamhub/generations").split()
    complete = server.output("sh", "-c", "ls /opt/teamhub/generations/*/.complete").split()
    assert len(folders) == len(complete)


@pytest.mark.usefixtures("zoe")
def test_only_what_is_needed_stays(server: BootedServer) -> None:
    env(server, "prune")
    rows = json.loads(env(server, "history", "--json"))
    kept = {row["generation"] for row in rows if row["state"] != "removed"}
    newest = sorted({row["generation"] for row in rows})[-3:]
    used = {row["generation"] for row in rows if row["used_by"]}
    assert kept == {*newest, *used}


def test_the_channel_can_be_taken_elsewhere(server: BootedServer) -> None:
    server.run("teamhub", "channel", "export", "/srv/export")
    shipped = server.output("sh", "-c", "ls /srv/export/*/*.conda | wc -l")
    assert int(shipped) > 100
    assert server.output("sh", "-c", "ls /srv/export/noarch/lazy-*.conda").endswith(
        "lazy-2.0-0.conda"
    )


def test_a_full_disk_is_named_and_leaves_what_was(server: BootedServer, channel: Channel) -> None:
    server.run("mount", "-t", "tmpfs", "tmpfs", "/opt/teamhub")
    server.run("teamhub", "setup", "environment")
    used = server.output("df", "--output=used", "--block-size=1M", "/opt/teamhub").split()[-1]
    server.run("mount", "-o", f"remount,size={int(used) + 60}M", "/opt/teamhub")
    before = current(server), server.output("ls", "/opt/teamhub/generations")
    big = {f"share/big/{n}": hashlib.sha256(b"%d" % n).hexdigest() * 20_000 for n in range(100)}
    channel.add("big", files=big)
    words = env(server, "add", "big", check=False)
    assert "No space left on device" in words
    assert (current(server), server.output("ls", "/opt/teamhub/generations")) == before
    assert imports(server, "lazy")
    server.run("mount", "-o", "remount,size=8G", "/opt/teamhub")
    env(server, "add", "big")
    assert "is as it was made" in env(server, "verify")
