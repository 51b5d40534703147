"""Whose server ends and whose long work goes on, out of files as the kernel has them."""

from __future__ import annotations

import asyncio
import os
import pwd
from datetime import timedelta
from pathlib import Path

import pytest
from jupyterhub_idle_culler import IdleCuller
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import Application, RequestHandler
from traitlets.config import Config

from teamhub_hub import culler
from teamhub_hub.culler import WORKING_SHARE, Arbiter, Look, Looks, next_look, processor_seconds
from teamhub_shared import sockets

LIMIT = 3600.0
EVERY = 600.0
#: An account that every machine has.
PERSON = pwd.getpwuid(os.getuid()).pw_name
BOOT = "this boot"


class Answers(RequestHandler):
    """The hub, to one question."""

    def get(self) -> None:
        self.write("the hub")


class Machine:
    """One person's slice, and the clock."""

    def __init__(self, folder: Path) -> None:
        self.looks_file = folder / "processor-use.json"
        self.used: float | None = 0.0
        self.now = 1000.0
        self.start_culler()

    def start_culler(self, boot: str = BOOT) -> None:
        looks = Looks(self.looks_file, boot)
        self.arbiter = Arbiter(looks, used=lambda _: self.used, clock=lambda: self.now)

    def passes(self, seconds: float, share: float) -> None:
        """Time in which the person takes this share of a processor."""
        self.now += seconds
        assert self.used is not None
        self.used += seconds * share

    def ends(self, inactive: float | None, person: str = PERSON) -> bool:
        """Whether the culler ends the server of a person who has been inactive for so long."""
        return self.arbiter(
            inactive=None if inactive is None else timedelta(seconds=inactive),
            inactive_limit=LIMIT,
            server={"full_name": f"{person}/", "name": ""},
        )

    def ends_after(self, hours: int, share: float) -> list[bool]:
        """What each look says, the person having been inactive for a day before."""
        said = [self.ends(24 * 3600)]
        for _ in range(int(hours * 3600 / EVERY)):
            self.passes(EVERY, share)
            said.append(self.ends(24 * 3600))
        return said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestEnds:
    """A server ends when neither its person nor its processes have done anything for so long."""

    def test_one_that_only_waits_ends_at_the_limit(self, machine: Machine) -> None:
        assert machine.ends_after(1, share=WORKING_SHARE / 5) == [*[False] * 6, True]

    def test_one_that_computes_stays_as_long_as_it_does(self, machine: Machine) -> None:
        assert not any(machine.ends_after(48, share=0.9))

    def test_it_ends_a_limit_after_its_last_work(self, machine: Machine) -> None:
        machine.ends_after(5, share=0.9)
        assert machine.ends_after(1, share=0) == [*[False] * 6, True]

    def test_one_that_is_used_stays_whatever_it_computes(self, machine: Machine) -> None:
        machine.ends_after(2, share=0)
        assert not machine.ends(LIMIT - 1)

    def test_one_without_a_slice_is_judged_by_its_activity_alone(self, machine: Machine) -> None:
        machine.used = None
        assert (machine.ends(LIMIT - 1), machine.ends(LIMIT)) == (False, True)

    def test_so_is_one_whose_account_is_gone(self, machine: Machine) -> None:
        assert machine.ends(LIMIT, person="nobody-of-this-name")

    def test_one_of_whose_activity_nothing_is_known_stays(self, machine: Machine) -> None:
        machine.ends_after(2, share=0)
        assert not machine.ends(None)

    def test_that_it_stays_is_said_once(
        self, machine: Machine, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO", "teamhub.culler"):
            machine.ends_after(3, share=0.9)
        assert caplog.messages == [
            f"The server of {PERSON} is not used, but stays: their processes compute"
        ]


class TestRestart:
    """What a restart of the hub, which takes the culler with it, remembers."""

    def test_idle_time_goes_on(self, machine: Machine) -> None:
        machine.ends_after(1, share=0)
        machine.start_culler()
        assert machine.ends(24 * 3600)

    def test_so_does_work_that_was_done_meanwhile(self, machine: Machine) -> None:
        machine.ends_after(1, share=0)
        machine.passes(EVERY, share=0.9)
        machine.start_culler()
        assert not machine.ends(24 * 3600)

    def test_after_a_boot_the_kernel_counts_anew(self, machine: Machine) -> None:
        machine.ends_after(1, share=0)
        machine.start_culler("the next boot")
        assert not machine.ends(24 * 3600)

    @pytest.mark.parametrize("content", ["", "\0\0\0", "[]", '{"boot": "this boot", "looks": [1]}'])
    def test_a_damaged_file_counts_as_none(self, machine: Machine, content: str) -> None:
        machine.ends_after(1, share=0)
        machine.looks_file.write_text(content)
        machine.start_culler()
        assert not machine.ends(24 * 3600)

    def test_a_file_that_cannot_be_written_ends_nothing(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path / "missing")
        assert machine.ends_after(1, share=0)[-1]


class TestLook:
    """One look by what the one before has seen."""

    def test_a_count_that_has_begun_anew_is_work(self) -> None:
        assert next_look(Look(500.0, 10.0, worked_at=10.0), used=3.0, now=5000.0).worked_at == 5000

    def test_a_little_is_no_work(self) -> None:
        before = Look(500.0, 10.0, worked_at=10.0)
        assert next_look(before, used=501.0, now=610.0).worked_at == 10


class TestSlice:
    """The processor time of a person's slice."""

    STAT = "usage_usec 12500000\nuser_usec 12000000\nsystem_usec 500000\n"

    @pytest.fixture(params=["unified", "hybrid"])
    def root(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Path:
        """Where version 2 of control groups is, on each kind of system."""
        monkeypatch.setattr(culler, "CGROUPS", (tmp_path, tmp_path / "unified"))
        return tmp_path if request.param == "unified" else tmp_path / "unified"

    def test_it_is_read_in_seconds(self, root: Path) -> None:
        folder = root / "user.slice/user-1001.slice"
        folder.mkdir(parents=True)
        (folder / "cpu.stat").write_text(self.STAT)
        assert processor_seconds(1001) == 12.5

    def test_without_a_slice_nothing_is_known(self, root: Path) -> None:
        assert root
        assert processor_seconds(1001) is None


def test_upstreams_culler_takes_the_arbiter(machine: Machine) -> None:
    hook = IdleCuller(config=Config(IdleCuller={"cull_arbiter_hook": machine.arbiter}))
    assert isinstance(hook.cull_arbiter_hook, Arbiter)


def test_it_asks_the_hub_at_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "hub.sock"
    monkeypatch.setattr(sockets, "HUB", place)

    async def ask() -> bytes:
        server = HTTPServer(Application([("/hub/api/users", Answers)]))
        server.add_socket(bind_unix_socket(str(place)))
        client = SimpleAsyncHTTPClient(force_instance=True, resolver=culler.HubAlone())
        try:
            return (await client.fetch("http://hub/hub/api/users")).body
        finally:
            client.close()
            server.stop()

    assert asyncio.run(ask()) == b"the hub"
