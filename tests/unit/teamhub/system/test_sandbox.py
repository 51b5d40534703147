"""What packages bring runs without rights, sees nothing of root's, and ends with its command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.checkout import REPOSITORY
from support.waiting import wait_for
from teamhub.system import sandbox

ATTACHED = REPOSITORY / "src/programs/attached"
PLAIN = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def own(reachable: Path) -> Iterator[Path]:
    """The folder of one program."""
    with sandbox.folder(reachable, ".try-") as folder:
        yield folder


def shell(own: Path, script: str, **options: bool) -> str:
    """What a shell script prints that is run as a package's program."""
    done = sandbox.run(["/bin/sh", "-c", script], own, PLAIN, **options)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestRun:
    """One program."""

    def test_it_is_another_account_without_groups_and_without_any_right(self, own: Path) -> None:
        assert shell(own, "id -un; id -Gn").split() == [sandbox.account().pw_name] * 2
        said = shell(own, "grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status")
        assert {line.split()[1].strip("0") for line in said.splitlines()} == {"", "1"}

    def test_it_writes_to_its_own_folder_and_not_beside_it(self, own: Path) -> None:
        (own / "given").write_text("from root")
        printed = shell(
            own, f'cat {own}/given; touch "$HOME/a" "$TMPDIR/b" {own}/c; ls ~; ls {own}'
        )
        assert printed.split() == ["from", "roota", "c", "given", "home", "temporary"]
        assert "denied" in shell(own, f"touch {own.parent}/d {own.parents[1]}/e 2>&1 || true")

    def test_its_folder_is_closed_to_others(self, own: Path) -> None:
        shell(own, "true")
        assert own.stat().st_mode & 0o777 == 0o700

    def test_nothing_of_the_admins_environment_reaches_it(
        self, own: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET", "of root")
        assert "of root" not in shell(own, "env")

    def test_its_programs_come_before_the_systems_and_never_run_as_root(self, own: Path) -> None:
        for name in ("setpriv", "unshare", "sh", "ip", "env", "ls"):
            (own / name).write_text(f"#!/bin/sh\nid -un >{own}/ran-{name}\n")
            (own / name).chmod(0o755)
        sandbox.run(["/bin/sh", "-c", "ls"], own, {"PATH": f"{own}:/usr/bin:/bin"})
        assert [path.name for path in own.glob("ran-*")] == ["ran-ls"]
        assert (own / "ran-ls").read_text().strip() == sandbox.account().pw_name

    def test_it_reaches_itself_and_no_network(self, own: Path) -> None:
        program = (
            "import socket\n"
            "a = socket.create_server(('127.0.0.1', 0))\n"
            "socket.create_connection(a.getsockname()).close()\n"
            "print([name for _, name in socket.if_nameindex()])\n"
        )
        done = sandbox.run(["/usr/bin/python3", "-c", program], own, PLAIN)
        assert done.stdout == "['lo']\n", done.stderr

    def test_it_has_the_network_where_it_needs_it(self, own: Path) -> None:
        inside = shell(own, "readlink /proc/self/ns/net", network=True)
        assert inside.strip() == str(Path("/proc/self/ns/net").readlink())

    def test_it_sees_no_other_process(self, own: Path) -> None:
        assert f"/proc/{os.getpid()}\n" not in shell(own, "ls -d /proc/[0-9]*")

    def test_it_waits_for_no_answer(self, own: Path) -> None:
        assert shell(own, "read answer || echo none") == "none\n"

    def test_what_it_has_started_ends_with_it(self, own: Path) -> None:
        shell(own, f"(sleep 1; touch {own}/later) >/dev/null 2>&1 & echo started")
        time.sleep(1.3)
        assert not (own / "later").exists()

    def test_one_that_does_not_end_is_ended_with_all_of_its_processes(self, own: Path) -> None:
        script = f"echo $$ >{own}/begun; sleep 60; touch {own}/later"
        with pytest.raises(subprocess.TimeoutExpired):
            sandbox.run(["/bin/sh", "-c", script], own, PLAIN, seconds=0.7)
        assert (own / "begun").exists()
        wait_for("their end", lambda: not programs_in(own), 5)

    def test_one_that_is_not_there_is_an_error_of_the_systems(self, own: Path) -> None:
        with pytest.raises(FileNotFoundError):
            sandbox.run(["/absent"], own, PLAIN)


def programs_in(own: Path) -> list[str]:
    """The processes that have the path of a folder in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = process.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if str(own) in text:
            found.append(text)
    return found


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_command_that_has_started_it(
    reachable: Path, signal_number: signal.Signals
) -> None:
    program = (
        "import sys; from pathlib import Path; from teamhub.system import sandbox\n"
        f"sandbox.PACKAGES_ACCOUNT = {sandbox.account().pw_name!r}\n"
        "with sandbox.folder(Path(sys.argv[1]), '.try-') as own:\n"
        "    script = f'touch {own}/begun; sleep 60; echo {own}'\n"
        "    sandbox.run(['/bin/sh', '-c', script], own, {})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = subprocess.Popen(
        [sys.executable, "-c", program, reachable], env=environment, stderr=subprocess.DEVNULL
    )
    wait_for("the program", lambda: list(reachable.glob("*/own/begun")), 10)
    command.send_signal(signal_number)
    command.wait(10)
    wait_for("its end", lambda: not programs_in(reachable), 5)


class TestFolder:
    """Where a program has its files."""

    def test_it_is_gone_afterwards_however_deep_it_has_become(self, reachable: Path) -> None:
        deep = "for n in $(seq 1500); do mkdir d; cd d; done"
        with sandbox.folder(reachable, ".try-") as own:
            shell(own, f"cd {own}; {deep}")
        assert list(reachable.iterdir()) == []

    def test_it_is_gone_after_an_error(self, reachable: Path) -> None:
        with pytest.raises(KeyboardInterrupt), sandbox.folder(reachable, ".try-"):
            raise KeyboardInterrupt
        assert list(reachable.iterdir()) == []


class TestAccount:
    """Who runs the programs."""

    def test_a_missing_one_is_named_with_what_makes_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sandbox, "PACKAGES_ACCOUNT", "no-such-account")
        with pytest.raises(sandbox.NoAccount, match="no-such-account") as caught:
            sandbox.account()
        assert caught.value.remedy == "make it again: teamhub apply"

    @pytest.mark.parametrize("name", ["root", "nobody"])
    def test_root_and_an_account_that_others_may_use_are_refused(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(sandbox, "PACKAGES_ACCOUNT", name)
        with pytest.raises(sandbox.NoAccount, match="is not a system account"):
            sandbox.account()


class TestUnit:
    """The same as a unit of systemd's, which tests/server/test_package_code.py runs."""

    def test_systemd_puts_no_variable_into_an_argument(self) -> None:
        command = sandbox.unit_command("x.service", ["/bin/echo", "${HOME}", "$1"], ())
        assert command[-3:] == ["/bin/echo", "$${HOME}", "$$1"]

    def test_its_variables_are_read_from_a_file_as_they_are(self) -> None:
        value = 'a "b" $c `d` \\e'
        text = sandbox.assignments({"INDEX": value, "B": "2"})
        # systemd takes the same escapes in double quotes
        printed = subprocess.check_output(["sh", "-c", f'{text}printf "%s|%s" "$INDEX" "$B"'])
        assert printed.decode() == f"{value}|2"


def attached(*command: str) -> subprocess.Popen[bytes]:
    """A program that ends with its standard input."""
    return subprocess.Popen([ATTACHED, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class TestAttached:
    """The program that a unit begins with."""

    def test_it_is_the_program_with_its_arguments_and_an_empty_input(self) -> None:
        with attached("/bin/sh", "-c", 'cat; echo "$1"; exit 3', "sh", "a  b") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"a  b\n"
            assert process.wait(5) == 3

    def test_it_is_killed_when_the_input_ends(self) -> None:
        with attached(
            "/bin/sh", "-c", "trap '' TERM INT HUP; while :; do sleep 0.1; done"
        ) as process:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(5) == -signal.SIGKILL


def test_a_container_that_allows_no_namespaces_takes_the_rights_all_the_same(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_namespaces: Sequence[str]) -> bool:
        return False

    monkeypatch.setattr(sandbox, "kernel_allows", refuses)
    assert shell(own, "id -un; id -Gn").split() == [sandbox.account().pw_name] * 2
    assert "NoNewPrivs:\t1" in shell(own, "cat /proc/self/status")
