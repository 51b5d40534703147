"""`dpkg-reconfigure` with changed answers, killed where it starts one program or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.container import BootedServer
from support.dialogue import Dialogue, Words
from support.exec_counter import ExecCounter
from support.installation import Installation, members, wait_for_login_page
from support.killed_work import CONFIGURE, Bench, Reference, Work
from support.settings import setting
from support.trials import Count, Moment

SECTION = "Killed at a counted command"
WHAT = "`dpkg-reconfigure` with changed answers, killed where it starts the n-th command"
ENDS = "the hub serves; the same once more makes what it makes without a kill, file by file"

#: All that is asked, and what is answered; None leaves it as it is.
ANSWERS = {
    "users": "kaylee, wash, zoe",
    "admins": "zoe",
    "create-accounts": None,
    "server-names": None,
    "certificate": None,
    "https-port": None,
    "http-port": None,
    "interface": None,
    "memory-limit": "3G",
    "cpu-limit": None,
    "tasks-limit": None,
    "idle-hours": "12",
    "purge-state": None,
}
#: What the file says before and after.
SETTINGS = {"MEMORY_LIMIT": ("none", "3G"), "IDLE_HOURS": ("0", "12")}


def by_dialogue(words: Words) -> Work:
    """Somebody who gives the answers; AssertionError where it fails and was not killed."""

    def work(server: BootedServer, counter: ExecCounter) -> None:
        with Dialogue(server, "dpkg-reconfigure", "teamhub", words=words) as dialogue:
            counter.follow(dialogue.terminal.pid)
            try:
                for name, answer in ANSWERS.items():
                    if answer is None:
                        dialogue.accept(name)
                    else:
                        dialogue.type(name, answer)
                assert dialogue.end() == 0 or counter.killed, dialogue.terminal.printed
            except (AssertionError, OSError):
                if not counter.killed:
                    raise

    return work


@pytest.fixture(scope="module")
def bench(installed: Installation, work: Path) -> Iterator[Bench]:
    """Installed servers."""
    bench = Bench(installed.target, installed.layers, work / "bench")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def reconfiguring(bench: Bench, english: Words, figure: Callable[[str], None]) -> Reference:
    made = bench.reference(by_dialogue(english))
    figure(f"{bench.target}: dpkg-reconfigure starts {made.programs} programs")
    return made


@pytest.mark.moments(soak=40, part=3)
def test_the_answers_are_in_force_once_they_are_given_again(
    bench: Bench,
    reconfiguring: Reference,
    installed: Installation,
    moment: Moment,
    trial: Count,
) -> None:
    step = moment.step(reconfiguring.programs)
    with trial(WHAT, ENDS), bench.killed(reconfiguring.work, step) as one:
        wait_for_login_page(one.server, installed.ca)
        for key, both in SETTINGS.items():
            assert setting(one.server, key) in both
        assert members(one.server, "jupyterhub") >= {"wash", "zoe"}
        one.server.run(*CONFIGURE)
        with ExecCounter(one.server) as counter:
            reconfiguring.work(one.server, counter)
        wait_for_login_page(one.server, installed.ca)
        bench.expect(one, reconfiguring.clean)
