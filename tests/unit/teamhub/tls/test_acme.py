"""What an authority has given by ACME: read without trust, checked, and due for another in time."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from teamhub.tls import acme, names
from teamhub.tls.admin_pair import BadCertificate
from unit.teamhub.tls.conftest import HOST, Given


class TestDue:
    """When the authority is asked for another."""

    def test_one_is_due_where_there_is_none(self, given: Given) -> None:
        assert acme.is_due(acme.given(given.values), given.values)

    @pytest.mark.parametrize(
        ("days", "age", "is_due"),
        [
            *((90, 0, False), (90, 59, False), (90, 61, True), (90, 100, True)),
            *((1, 0.6, False), (1, 0.7, True), (397, 260, False), (397, 270, True)),
        ],
    )
    def test_it_is_in_the_last_third_of_its_life(
        self, given: Given, days: float, age: float, is_due: bool
    ) -> None:
        given.give(days=days, age=age)
        assert acme.is_due(acme.given(given.values), given.values) is is_due

    def test_it_is_if_a_name_is_missing(self, given: Given) -> None:
        given.give()
        given.values["SERVER_NAMES"] = f"{HOST} new.example.org"
        assert acme.is_due(acme.given(given.values), given.values)

    def test_it_is_not_for_what_an_authority_does_not_sign(self, given: Given) -> None:
        given.give()
        given.values["SERVER_NAMES"] = f"{HOST} 10.0.0.5 hub"
        assert not acme.is_due(acme.given(given.values), given.values)

    def test_it_is_where_the_authority_is_another(self, given: Given) -> None:
        given.give()
        given.values["ACME_DIRECTORY"] = "https://staging.example.org/directory"
        assert acme.is_due(acme.given(given.values), given.values)


class TestPair:
    """What the proxy may get."""

    def test_there_is_none_at_first(self, given: Given) -> None:
        assert acme.pair(given.values) is None

    def test_it_is_the_key_and_the_chain(self, given: Given) -> None:
        given.give()
        pair = acme.pair(given.values)
        assert pair is not None
        assert given.path.read_bytes() == pair.key + pair.chain

    @pytest.mark.parametrize(
        ("hosts", "age", "words"),
        [(("other.example.org",), 0, "not for hub"), ((HOST,), 100, "it expired on")],
    )
    def test_one_that_cannot_serve_is_named(
        self, given: Given, hosts: tuple[str, ...], age: float, words: str
    ) -> None:
        given.give(*hosts, age=age)
        with pytest.raises(BadCertificate, match=words):
            acme.pair(given.values)

    def test_one_with_anothers_key_is_named(self, given: Given) -> None:
        given.give()
        key, _, _ = given.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")
        given.give()
        _, begin, rest = given.path.read_bytes().partition(b"-----BEGIN CERTIFICATE")
        given.path.write_bytes(key + begin + rest)
        with pytest.raises(BadCertificate, match="is not its key"):
            acme.pair(given.values)


class TestForeign:
    """The folder is another account's, which may put anything there."""

    def test_a_link_to_a_file_of_roots_is_not_followed(self, given: Given, tmp_path: Path) -> None:
        given.give()
        given.path.rename(tmp_path / "roots.pem")
        given.path.symlink_to(tmp_path / "roots.pem")
        assert acme.given(given.values) is None

    def test_a_pipe_is_not_waited_for(self, given: Given) -> None:
        os.mkfifo(given.path)
        assert acme.given(given.values) is None

    @pytest.mark.parametrize(
        "content", [b"", b"\0" * 100, b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"]
    )
    def test_what_is_no_certificate_is_none(self, given: Given, content: bytes) -> None:
        given.path.write_bytes(content)
        assert acme.given(given.values) is None

    def test_a_message_is_two_lines_without_what_moves_a_cursor(self, given: Given) -> None:
        given.fail("no\x1b[2Jroute\x07" + "x" * 10_000)
        failure = acme.last_failure()
        assert failure is not None
        assert failure.problem.startswith("no[2Jroutexx")
        assert len(failure.problem) == acme.LONGEST_LINE
        assert failure.remedy == "open port 80"

    def test_half_a_message_is_none(self, given: Given) -> None:
        (given.folder / "failure").write_text("no route")
        assert acme.last_failure() is None


class TestCheck:
    """What is looked at before anything is changed."""

    @pytest.fixture(autouse=True)
    def has_client(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    def test_a_server_with_a_full_name_can_have_one(self, given: Given) -> None:
        acme.check(given.values)

    def test_one_without_cannot(self, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getfqdn", lambda: "hub")
        given.values["SERVER_NAMES"] = ""
        with pytest.raises(names.NoFullName, match="and hub is none"):
            acme.check(given.values)

    def test_the_program_that_is_missing_is_named(
        self, given: Given, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "which", lambda _: None)
        with pytest.raises(acme.NoClient, match="uacme") as caught:
            acme.check(given.values)
        assert caught.value.remedy == "apt install uacme, then: teamhub apply"
