"""When the authority is asked, and asked again; what an admin reads meanwhile."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from teamhub.system import units
from teamhub.system.run import CommandFailed
from teamhub.tls import acme, acme_tries
from unit.teamhub.tls.conftest import Given

HOUR = 3600.0


class Systemd:
    """Stands in for systemctl, and for the clock; the proxy runs."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.now = time.time()
        self.asked: list[str] = []
        self.active = {units.PROXY}
        self.fails = False

    def run(self, command: Sequence[str], *, remedy: str) -> str:
        if self.fails:
            raise CommandFailed("the unit is masked", remedy)
        self.asked.append(" ".join(command[1:]))
        return ""

    def start(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        """A try that is waited for; it fails where the authority has left a reason."""
        self.asked.append(" ".join(command[1:]))
        return subprocess.CompletedProcess(command, 1 if acme.last_failure() else 0)

    def begins(self) -> bool:
        """Whether a look of the timer's begins a try."""
        self.asked.clear()
        acme_tries.begin(self.given.values, lambda _: None)
        return self.asked == [f"--no-block start {acme_tries.UNIT}"]


@pytest.fixture
def systemd(given: Given, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    stand_in = Systemd(given)
    monkeypatch.setattr(units, "systemd_runs", lambda: True)
    monkeypatch.setattr(units, "is_active", lambda unit: unit in stand_in.active)
    monkeypatch.setattr(acme, "check", lambda _: None)
    monkeypatch.setattr(acme_tries, "run", stand_in.run)
    monkeypatch.setattr(subprocess, "run", stand_in.start)
    clock = SimpleNamespace(time=lambda: stand_in.now, gmtime=time.gmtime, strftime=time.strftime)
    monkeypatch.setattr(acme_tries, "time", clock)
    return stand_in


class TestBegin:
    """What an hourly look does."""

    def test_one_that_is_due_is_begun_and_not_waited_for(self, systemd: Systemd) -> None:
        assert systemd.begins()

    def test_one_that_is_in_order_is_left_alone(self, given: Given, systemd: Systemd) -> None:
        given.give()
        assert not systemd.begins()

    @pytest.mark.parametrize("source", ["own", "files", "none"])
    def test_another_source_has_no_authority_to_ask(
        self, given: Given, systemd: Systemd, source: str
    ) -> None:
        given.values["CERTIFICATE"] = source
        assert not systemd.begins()

    def test_an_image_that_is_built_asks_nobody(
        self, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(units, "systemd_runs", lambda: False)
        assert not systemd.begins()

    def test_the_pauses_get_longer_and_are_a_day_at_most(self, systemd: Systemd) -> None:
        begun = []
        start = systemd.now
        for hour in range(200):
            systemd.now = start + hour * HOUR
            if systemd.begins():
                begun.append(hour)
        pauses = [late - early for early, late in itertools.pairwise(begun)]
        assert pauses[:6] == [1, 1, 2, 4, 8, 16]
        assert set(pauses[6:]) == {24}

    def test_another_name_or_authority_does_not_wait(self, given: Given, systemd: Systemd) -> None:
        assert systemd.begins()
        assert not systemd.begins()
        given.values["SERVER_NAMES"] = "new.example.org"
        assert systemd.begins()
        given.values["ACME_DIRECTORY"] = "https://staging.example.org/directory"
        assert systemd.begins()

    def test_a_success_ends_the_row(self, given: Given, systemd: Systemd) -> None:
        assert systemd.begins()
        given.give()
        acme_tries.end_row(given.values)
        given.path.unlink()
        assert systemd.begins()

    def test_an_old_one_that_still_serves_does_not(self, given: Given, systemd: Systemd) -> None:
        given.give(age=80)
        assert systemd.begins()
        acme_tries.end_row(given.values)
        assert not systemd.begins()

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"order": 1, "first": 2}', "\0"])
    def test_a_damaged_record_is_none(self, systemd: Systemd, text: str) -> None:
        acme_tries.record().write_text(text)
        assert systemd.begins()

    def test_a_clock_that_was_ahead_does_not_hold_it_up(self, systemd: Systemd) -> None:
        systemd.now += 1000 * HOUR
        assert systemd.begins()
        systemd.now -= 1000 * HOUR
        assert systemd.begins()

    def test_a_unit_that_cannot_start_is_a_warning(self, given: Given, systemd: Systemd) -> None:
        systemd.fails = True
        said: list[str] = []
        acme_tries.begin(given.values, said.append)
        assert said == [
            "warning: no certificate is being fetched: the unit is masked; "
            "systemctl status teamhub-acme.service"
        ]


class TestFetch:
    """What an admin's command does: it does not wait for the next look."""

    def test_it_is_done_though_the_last_try_was_just_now(
        self, given: Given, systemd: Systemd
    ) -> None:
        assert systemd.begins()
        assert acme_tries.fetch(given.values, lambda _: None)
        assert systemd.asked[-1] == f"start {acme_tries.UNIT}"

    def test_a_failure_is_the_authoritys_reason(self, given: Given, systemd: Systemd) -> None:
        given.fail("no certificate: NXDOMAIN")
        with pytest.raises(acme.FetchFailed, match="NXDOMAIN") as caught:
            acme_tries.fetch(given.values, lambda _: None)
        assert caught.value.remedy == "open port 80"
        assert not systemd.begins()

    def test_nothing_is_asked_where_nobody_could_answer(
        self, given: Given, systemd: Systemd
    ) -> None:
        systemd.active.clear()
        with pytest.raises(acme_tries.NoProxy, match=r"teamhub-proxy\.service does not run"):
            acme_tries.fetch(given.values, lambda _: None)
        assert systemd.asked == []

    def test_one_that_takes_long_goes_on_by_itself(
        self, given: Given, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def hang(command: Sequence[str], timeout: float, **_: object) -> None:
            raise subprocess.TimeoutExpired(command, timeout)

        monkeypatch.setattr(subprocess, "run", hang)
        assert not acme_tries.fetch(given.values, lambda _: None, seconds=0.1)
        assert not systemd.begins()


@pytest.mark.usefixtures("systemd")
class TestFault:
    """What `teamhub status` and `teamhub tls show` say."""

    def test_one_in_order_has_none(self, given: Given) -> None:
        assert acme_tries.fault(given.values, given.give()) == ""

    def test_one_that_was_not_taken_up_is_said_so(self, given: Given) -> None:
        before = given.give()
        given.give()
        assert "teamhub apply takes it up" in acme_tries.fault(given.values, before)

    def test_before_the_first_try_it_is_to_come(self, given: Given) -> None:
        kept = given.give()
        given.path.unlink()
        assert acme_tries.fault(given.values, kept) == (
            "another is to come from https://ca.example.org/directory; tried again within an hour"
        )

    def test_a_failure_has_its_reason_and_when_it_is_tried_again(self, given: Given) -> None:
        kept = given.give(age=100)
        given.fail("no route")
        acme_tries.note(given.values)
        found = acme_tries.fault(given.values, kept)
        assert found.startswith("it has expired; no route; tried again after 2")
        assert found.endswith(" UTC; open port 80")


class TestTimer:
    """systemd looks each hour with CERTIFICATE=acme, and not otherwise."""

    @pytest.mark.parametrize(
        ("source", "runs", "asked"),
        [
            ("acme", False, [f"start {acme_tries.TIMER}"]),
            ("acme", True, []),
            ("own", True, [f"stop {acme_tries.TIMER}"]),
            ("own", False, []),
        ],
    )
    def test_it_runs_if_it_has_to(
        self, given: Given, systemd: Systemd, source: str, runs: bool, asked: list[str]
    ) -> None:
        given.values["CERTIFICATE"] = source
        if runs:
            systemd.active.add(acme_tries.TIMER)
        acme_tries.keep_timer(given.values, lambda _: None)
        assert systemd.asked == asked

    def test_a_timer_that_cannot_be_had_is_a_warning(self, given: Given, systemd: Systemd) -> None:
        systemd.fails = True
        said: list[str] = []
        acme_tries.keep_timer(given.values, said.append)
        assert len(said) == 1
        assert "once a day alone: the unit is masked" in said[0]
