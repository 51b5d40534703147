"""A generation is given to nobody before its programs have run, as an account that owns nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from teamhub.environment import checks
from teamhub.environment.checks import CHECKS, BrokenGeneration, Program, running_checks
from teamhub.system import sandbox


@pytest.fixture
def generation(reachable: Path) -> Path:
    """A folder that other accounts reach, for a program."""
    folder = reachable / "generation"
    (folder / "user/bin").mkdir(parents=True)
    return folder


def program(generation: Path, script: str, *arguments: str) -> Program:
    """A check that runs a shell script of the generation."""
    file = generation / "user/bin/program"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return Program("user/bin/program", arguments)


class TestProgram:
    """One program of a generation."""

    def test_one_that_succeeds_passes(self, generation: Path) -> None:
        program(generation, 'test "$1 $2" = "a b"', "a", "b").run(generation)

    def test_it_is_run_without_rights_and_reaches_no_network(self, generation: Path) -> None:
        who = sandbox.account().pw_name
        found = f'test "$(id -un) $(id -Gn)" = "{who} {who}" && test "$(ls /sys/class/net)"'
        program(generation, f"{found}; ! grep -q : /proc/net/route").run(generation)

    def test_it_has_a_home_to_write_into_and_that_is_gone_afterwards(
        self, generation: Path
    ) -> None:
        script = 'touch "$HOME/file" && stat --format="%U %a %n" "$HOME" >&2 && exit 1'
        with pytest.raises(BrokenGeneration) as caught:
            program(generation, script).run(generation)
        who, mode, home = caught.value.problem.split()[-3:]
        assert (who, mode) == (sandbox.account().pw_name, "700")
        # among the generations, where the next command would find it
        assert Path(home).parents[2] == generation.parent
        assert list(generation.parent.iterdir()) == [generation]

    def test_it_finds_the_generations_own_programs_first(self, generation: Path) -> None:
        (generation / "user/bin/ls").write_text("#!/bin/sh\nexit 0\n")
        (generation / "user/bin/ls").chmod(0o755)
        program(generation, 'test "$(command -v ls)" = "$(dirname "$0")/ls"').run(generation)

    def test_nothing_of_the_admins_environment_reaches_it(
        self, generation: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", "/srv")
        program(generation, 'test -z "$PYTHONPATH"').run(generation)

    def test_it_waits_for_no_answer(self, generation: Path) -> None:
        program(generation, "read answer; test -z $answer").run(generation)

    def test_one_that_fails_is_reported_with_its_own_last_words(self, generation: Path) -> None:
        broken = program(generation, "echo first >&2; echo the reason >&2; exit 3", "--version")
        with pytest.raises(BrokenGeneration) as caught:
            broken.run(generation)
        assert caught.value.problem == (
            f"the new environment does not work: {generation}/user/bin/program --version:"
            " the reason"
        )
        assert "the one before stays in use" in caught.value.remedy

    def test_a_script_that_was_given_as_text_is_not_told(self, generation: Path) -> None:
        broken = program(generation, "echo why >&2; exit 1", "-c", "import this\nfail()\n")
        with pytest.raises(BrokenGeneration) as caught:
            broken.run(generation)
        assert caught.value.problem.endswith("/program -c: why")

    def test_one_that_is_not_there_is_named(self, generation: Path) -> None:
        with pytest.raises(BrokenGeneration, match="user/bin/absent: No such file"):
            Program("user/bin/absent", ()).run(generation)

    def test_one_that_does_not_end_is_given_up(
        self, generation: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checks, "TIMEOUT_SECONDS", 0.5)
        with pytest.raises(BrokenGeneration, match="did not end within"):
            program(generation, "exec sleep 60").run(generation)


def test_each_programs_environment_is_the_one_that_has_it() -> None:
    assert {check.environment for check in CHECKS} == {"hub", "user"}
    assert Program("hub/bin/node", ()).environment == "hub"


@dataclass
class Step:
    """A check that does what a test says."""

    environment: str
    do: Callable[[], None]
    of_packages_alone = True

    def run(self, _generation: Path) -> None:
        self.do()


class TestRunningChecks:
    """Checks run while a generation is filled."""

    def test_those_of_an_environment_begin_when_it_is_there(self, generation: Path) -> None:
        hub, user = threading.Event(), threading.Event()
        steps = [Step("user", user.set), Step("hub", hub.set)]
        with running_checks(generation, steps) as checking:
            checking.begin("hub")
            assert hub.wait(10)
            assert not user.is_set()
            checking.begin("user")
            checking.end()
        assert user.is_set()

    def test_two_run_at_a_time(self, generation: Path) -> None:
        together = threading.Barrier(2, timeout=10)
        most, now, lock = 0, 0, threading.Lock()

        def count() -> None:
            nonlocal most, now
            with lock:
                now += 1
                most = max(most, now)
            together.wait()
            with lock:
                now -= 1

        with running_checks(generation, [Step("user", count) for _ in range(4)]) as checking:
            checking.begin("user")
            checking.end()
        assert most == 2

    def test_the_error_of_the_first_that_failed_is_raised(self, generation: Path) -> None:
        def fail() -> None:
            raise BrokenGeneration("the reason", "the remedy")

        steps = [Step("user", lambda: None), Step("user", fail)]
        with running_checks(generation, steps) as checking:
            checking.begin("user")
            with pytest.raises(BrokenGeneration, match="the reason"):
                checking.end()

    def test_where_the_filling_fails_the_rest_is_dropped(self, generation: Path) -> None:
        held, ran = threading.Event(), threading.Event()

        def hold() -> None:
            assert held.wait(10)

        steps = [Step("user", hold), Step("user", hold)]

        def fail() -> None:
            with running_checks(generation, [*steps, Step("user", ran.set)]) as checking:
                checking.begin("user")
                threading.Timer(0.2, held.set).start()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert held.is_set()
        assert not ran.is_set()
