"""Which conffile a power cut has torn, which an admin has edited, and putting one back."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.hub import conffiles

PACKAGED = {
    "etc/sudoers.d/teamhub": "rhea ALL = (root) NOPASSWD: /bin/true\n",
    "etc/pam.d/teamhub": "auth required pam_unix.so\n",
    "etc/pam.d/teamhub-spawn": "auth required pam_deny.so\n",
    "etc/teamhub/jupyterhub_config.py": "c = get_config()\n",
    "etc/teamhub/environment.yml": "dependencies: []\n",
    "etc/teamhub/jupyter/jupyter_server_config.json": "{}\n",
}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Server:
    """A folder with a package's conffiles, and a dpkg that has installed it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.recorded = {name: md5(text) for name, text in PACKAGED.items()}
        for name, text in PACKAGED.items():
            for place in (root / name, root / "usr/share/teamhub/conffiles" / name):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
        sums = [f"{md5(t)}  usr/share/teamhub/conffiles/{n}" for n, t in PACKAGED.items()]
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/info/teamhub.md5sums").write_text("\n".join(sums) + "\n")
        (root / "var/lib/dpkg/info/teamhub.list").write_text("/.\n")
        self.write_status("installed")

    def write_status(self, status: str) -> None:
        conffiles = "".join(f" /{name} {sum_}\n" for name, sum_ in self.recorded.items())
        (self.root / "var/lib/dpkg/status").write_text(
            f"Package: teamhub\nStatus: install ok {status}\nMaintainer: zoe <zoe@example.org>\n"
            f"Architecture: amd64\nVersion: 1\nConffiles:\n{conffiles}Description: a hub\n"
        )

    def damages(self) -> dict[str, str]:
        return {str(d.path)[1:]: d.reason for d in conffiles.damages(self.root)}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_what_ships_is_in_order(server: Server) -> None:
    assert server.damages() == {}
    conffiles.check(server.root)


@pytest.mark.parametrize("name", PACKAGED)
def test_an_empty_file_is_torn_whatever_dpkg_has_recorded(server: Server, name: str) -> None:
    (server.root / name).write_bytes(b"")
    server.recorded[name] = md5("")
    server.write_status("installed")
    assert server.damages() == {name: "is empty"}


@pytest.mark.parametrize("name", PACKAGED)
def test_a_file_of_nul_bytes_is_torn(server: Server, name: str) -> None:
    (server.root / name).write_bytes(bytes(200))
    assert server.damages() == {name: "holds nothing but NUL bytes"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("etc/sudoers.d/teamhub", "rhea ALL = (", "is not for sudo: "),
        ("etc/teamhub/jupyter/jupyter_server_config.json", '{"LabApp": ', "is not JSON: "),
        ("etc/teamhub/jupyterhub_config.py", "x = (\n", "is not Python: '(' was never closed"),
        ("etc/teamhub/jupyterhub_config.py", "x = 1\n" + "\0" * 9, "is not Python: "),
    ],
)
def test_what_does_not_parse_is_torn(server: Server, name: str, text: str, said: str) -> None:
    (server.root / name).write_text(text)
    assert server.damages()[name].startswith(said)


@pytest.mark.parametrize("name", PACKAGED)
def test_what_an_admin_has_edited_is_whole(server: Server, name: str) -> None:
    text = '{"edited": 1}\n' if name.endswith("json") else PACKAGED[name] + "# edited\n"
    (server.root / name).write_text(text)
    assert server.damages() == {}
    assert conffiles.repair(server.root) == []
    assert (server.root / name).read_text() == text


def test_what_dpkg_calls_intact_and_the_package_does_not_have_is_torn(server: Server) -> None:
    name = "etc/teamhub/environment.yml"
    (server.root / name).write_text("depen")
    server.recorded[name] = md5("depen")
    server.write_status("half-configured")
    assert "nobody has edited it" in server.damages()[name]


def test_before_dpkg_has_configured_an_upgrade_the_old_files_are_whole(server: Server) -> None:
    name = "etc/teamhub/environment.yml"
    (server.root / name).write_text("old: 1\n")
    server.recorded[name] = md5("old: 1\n")
    server.write_status("unpacked")
    assert server.damages() == {}


def test_only_what_the_hub_needs_may_not_be_missing(server: Server) -> None:
    for name in PACKAGED:
        (server.root / name).unlink()
    assert set(server.damages()) == {str(path)[1:] for path in conffiles.NECESSARY}


def test_each_is_named_with_the_command_that_puts_it_back(server: Server) -> None:
    for name in ("etc/pam.d/teamhub", "etc/sudoers.d/teamhub"):
        (server.root / name).write_bytes(b"")
    with pytest.raises(conffiles.TornConffile) as raised:
        conffiles.check(server.root)
    assert "/etc/pam.d/teamhub is empty" in raised.value.problem
    assert "/etc/sudoers.d/teamhub is empty" in raised.value.problem
    assert "teamhub repair conffiles" in raised.value.remedy


def test_what_was_there_stays_beside_under_a_name_of_its_own(server: Server) -> None:
    place = server.root / "etc/sudoers.d/teamhub"
    for text in ("first (", "second ("):
        place.write_text(text)
        conffiles.repair(server.root)
    assert place.read_text() == PACKAGED["etc/sudoers.d/teamhub"]
    assert place.stat().st_mode & 0o777 == 0o440
    assert place.with_name("teamhub.damaged").read_text() == "first ("
    assert place.with_name("teamhub.damaged1").read_text() == "second ("


def test_only_what_is_missing_is_put_back_where_nobody_has_asked(server: Server) -> None:
    (server.root / "etc/pam.d/teamhub").unlink()
    (server.root / "etc/sudoers.d/teamhub").write_text("torn (")
    assert conffiles.repair(server.root, missing_alone=True) == [
        "put /etc/pam.d/teamhub back, which is missing"
    ]
    assert (server.root / "etc/sudoers.d/teamhub").read_text() == "torn ("


def test_a_torn_copy_is_not_put_back(server: Server) -> None:
    name = "etc/pam.d/teamhub"
    (server.root / name).unlink()
    (server.root / "usr/share/teamhub/conffiles" / name).write_text("auth")
    with pytest.raises(conffiles.TornCopy, match="is damaged, too"):
        conffiles.repair(server.root)
    assert not (server.root / name).exists()


PROGRAM = Path("src/programs/hub-configuration").resolve()


@pytest.mark.parametrize("content", [None, b"", b"\n# a comment\n  # another\n", bytes(4096)])
def test_the_hub_is_kept_from_a_file_with_nothing_in_it(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "jupyterhub_config.py"
    if content is not None:
        file.write_bytes(content)
    done = subprocess.run([PROGRAM, file], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"teamhub: {file} is missing or empty" in done.stderr
    assert "teamhub repair conffiles" in done.stderr


def test_the_hub_starts_with_what_ships() -> None:
    files = [f"conffiles/etc/{name}" for name in ("teamhub/jupyterhub_config.py", "pam.d/teamhub")]
    assert subprocess.run([PROGRAM, *files], check=False).returncode == 0


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"(" * 100_000, b"-" * 100_000 + b"1", b"# coding: hex\n1", b"x\0", b"\xff"],
)
@pytest.mark.parametrize("path", ["etc/teamhub/jupyterhub_config.py", "etc/teamhub/x.json"])
def test_what_nobody_could_have_meant_is_named(path: str, content: bytes) -> None:
    assert conffiles.fault_of(Path("/", path), content, {}).startswith("is not ")


@given(content=st.binary())
def test_any_bytes_have_a_fault_or_none(content: bytes) -> None:
    for path in ("/etc/teamhub/jupyterhub_config.py", "/etc/teamhub/x.json"):
        assert conffiles.fault_of(Path(path), content, {}).isprintable()
