"""The certificate in place: the admin's own is taken up when nobody is writing it."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from teamhub.system import units
from teamhub.tls import acme_tries, authority, certificates, names, watch
from teamhub.tls.admin_pair import BadCertificate
from teamhub_shared.settings import SETTINGS
from unit.teamhub.tls.conftest import HOST, Given

DEFAULTS = {setting.key: setting.default for setting in SETTINGS}


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The units that were reloaded; the proxy runs."""
    found: list[str] = []
    monkeypatch.setattr(units, "is_active", lambda _: True)
    monkeypatch.setattr(units, "reload", found.append)
    monkeypatch.setattr(watch, "apply", lambda _values, _report: None)
    monkeypatch.setattr(acme_tries, "keep_timer", lambda _values, _report: None)
    monkeypatch.setattr(names, "detect", lambda: names.sort_names([HOST, "localhost", "10.0.0.5"]))
    return found


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What happens after each look at the admin's files, once."""
    after: list[Callable[[], None]] = []
    look = certificates.checked_files

    def look_and_go_on(values: dict[str, str]) -> object:
        try:
            return look(values)
        finally:
            if after:
                after.pop(0)()

    monkeypatch.setattr(certificates, "checked_files", look_and_go_on)
    monkeypatch.setattr(certificates, "PAUSE", 0.01)
    yield after
    assert after == []


def make(folder: Path, stem: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    certificate, key = folder / f"{stem}.crt", folder / f"{stem}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=team"),
            *("-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def files(tmp_path: Path, reloads: list[str]) -> dict[str, str]:
    """Settings that name a pair, which is taken up."""
    assert reloads == []
    certificate, key = make(tmp_path, "admin")
    values = {**DEFAULTS, "CERTIFICATE": "files"}
    return {**values, "CERTIFICATE_FILE": str(certificate), "KEY_FILE": str(key)}


def ignore(_: str) -> None:
    """Nobody reads the reports."""


def copied() -> bytes:
    return authority.LEAF.certificate_path.read_bytes()


def put(source: Path, place: str) -> None:
    Path(place).write_bytes(source.read_bytes())


class TestFiles:
    """CERTIFICATE=files."""

    pytestmark = pytest.mark.usefixtures("pairs")

    def test_a_half_renewed_pair_is_waited_for(
        self, tmp_path: Path, files: dict[str, str], looks: list[Callable[[], None]]
    ) -> None:
        certificate, key = make(tmp_path, "renewed")
        put(certificate, files["CERTIFICATE_FILE"])
        looks.append(lambda: put(key, files["KEY_FILE"]))
        certificates.ensure(files, ignore)
        assert copied() == certificate.read_bytes()
        authority.LEAF.load()

    def test_a_renewal_during_the_look_is_not_missed(
        self, tmp_path: Path, files: dict[str, str], looks: list[Callable[[], None]]
    ) -> None:
        certificate, key = make(tmp_path, "renewed")

        def renew() -> None:
            put(certificate, files["CERTIFICATE_FILE"])
            put(key, files["KEY_FILE"])

        looks.append(renew)
        certificates.ensure(files, ignore)
        assert copied() == certificate.read_bytes()

    def test_one_that_stays_wrong_is_named_and_the_old_one_stays(
        self, tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificates.ensure(files, ignore)
        before = copied()
        other, _ = make(tmp_path, "other")
        put(other, files["CERTIFICATE_FILE"])
        monkeypatch.setattr(certificates, "QUIET", 0.3)
        with pytest.raises(BadCertificate, match="is not its key"):
            certificates.ensure(files, ignore)
        assert copied() == before

    def test_one_that_changes_all_the_time_does_not_hold_up_the_start(
        self, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        states = iter(range(10**9))
        monkeypatch.setattr(certificates, "state_of_files", lambda _: ((next(states),),))
        monkeypatch.setattr(certificates, "PATIENCE", 0.1)
        monkeypatch.setattr(certificates, "PAUSE", 0.01)
        certificates.ensure(files, ignore)
        assert copied() == Path(files["CERTIFICATE_FILE"]).read_bytes()

    def test_the_same_one_reloads_nothing_unless_that_is_asked_for(
        self, files: dict[str, str], reloads: list[str]
    ) -> None:
        certificates.ensure(files, ignore)
        assert reloads == [units.PROXY]
        certificates.ensure(files, ignore)
        assert reloads == [units.PROXY]
        certificates.ensure(files, ignore, renew=True)
        assert reloads == [units.PROXY] * 2

    def test_found_names_but_the_first_need_not_be_in_it(self, files: dict[str, str]) -> None:
        assert certificates.needed_names(files) == names.sort_names([HOST])
        named = {**files, "SERVER_NAMES": f"{HOST} hub 10.0.0.5"}
        assert certificates.needed_names(named) == names.sort_names([HOST, "hub", "10.0.0.5"])


@pytest.mark.usefixtures("reloads")
class TestAcme:
    """CERTIFICATE=acme."""

    def test_until_the_authority_gives_one_the_servers_own_serves(self, given: Given) -> None:
        certificates.ensure(given.values, ignore)
        assert authority.is_own(authority.LEAF)
        authority.LEAF.load()

    def test_what_it_gives_is_taken_up_once(self, given: Given, reloads: list[str]) -> None:
        certificates.ensure(given.values, ignore)
        certificate = given.give()
        for _ in range(2):
            certificates.ensure(given.values, ignore)
        assert authority.LEAF.load()[1] == certificate
        assert reloads == [units.PROXY] * 2
        assert authority.LEAF.certificate_path.stat().st_mode & 0o777 == 0o600

    def test_a_certificate_of_before_goes_on_until_there_is_one(
        self, given: Given, files: dict[str, str]
    ) -> None:
        certificates.ensure(files, ignore)
        before = copied()
        certificates.ensure(given.values, ignore)
        assert copied() == before

    @pytest.mark.parametrize(
        ("hosts", "age", "words"),
        [(("other.example.org",), 0, "not for hub.example.org"), ((HOST,), 91, "it expired on")],
    )
    def test_one_that_cannot_serve_is_named_and_the_one_before_goes_on(
        self, given: Given, hosts: tuple[str, ...], age: float, words: str
    ) -> None:
        certificate = given.give()
        certificates.ensure(given.values, ignore)
        given.give(*hosts, age=age)
        said: list[str] = []
        certificates.ensure(given.values, said.append)
        assert [words in line for line in said] == [True]
        assert authority.LEAF.load()[1] == certificate

    def test_the_row_of_tries_ends_with_one_that_serves(self, given: Given) -> None:
        acme_tries.note(given.values)
        certificates.ensure(given.values, ignore)
        assert acme_tries.row(given.values)
        given.give()
        certificates.ensure(given.values, ignore)
        assert not acme_tries.row(given.values)

    def test_back_to_its_own_the_server_makes_one(self, given: Given) -> None:
        given.give()
        certificates.ensure(given.values, ignore)
        certificates.ensure({**given.values, "CERTIFICATE": "own"}, ignore)
        assert authority.is_own(authority.LEAF)

    def test_it_has_to_cover_what_people_type_if_that_is_listed(self, given: Given) -> None:
        given.values["SERVER_NAMES"] = f"{HOST} hub 10.0.0.5"
        assert certificates.needed_names(given.values).all == [HOST, "hub", "10.0.0.5"]

    def test_else_the_full_name_of_the_host(
        self, given: Given, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getfqdn", lambda: "Own.example.org")
        given.values["SERVER_NAMES"] = ""
        assert certificates.needed_names(given.values).all == ["own.example.org"]


@pytest.mark.parametrize(
    ("changed", "is_new"),
    [(0.0, True), (-2.0, True), (-10.0, False), (+60.0, False)],
)
def test_a_file_is_new_for_some_seconds_and_never_in_the_future(
    changed: float, is_new: bool
) -> None:
    moment = int((time.time() + changed) * 1e9)
    assert certificates.is_new(((), (1, 2, 3, moment))) is is_new


def test_files_that_are_missing_are_not_new() -> None:
    assert not certificates.is_new(((), ()))


@pytest.mark.usefixtures("pairs")
def test_the_servers_own_is_made_again_if_it_is_asked_for(reloads: list[str]) -> None:
    certificates.ensure(DEFAULTS, ignore)
    before, key = copied(), authority.LEAF.key_path.read_bytes()
    certificates.ensure(DEFAULTS, ignore)
    assert copied() == before
    certificates.ensure(DEFAULTS, ignore, renew=True)
    assert copied() != before
    assert authority.LEAF.key_path.read_bytes() != key
    assert reloads == [units.PROXY] * 2


@pytest.mark.usefixtures("reloads")
def test_only_one_process_at_a_time_changes_it(pairs: Path) -> None:
    other = os.open(pairs, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    ours = threading.Thread(target=certificates.ensure, args=(DEFAULTS, ignore))
    ours.start()
    ours.join(0.3)
    assert ours.is_alive()
    assert not authority.LEAF.exists()
    os.close(other)
    ours.join(60)
    assert authority.LEAF.exists()
