"""The command line of `teamhub tls`: what it prints, and what it refuses."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from teamhub import cli, steps
from teamhub.commands import tls
from teamhub.settings import conf
from teamhub.tls import acme, acme_tries, authority, certificates, names, overview
from teamhub.tls.key_pair import KeyPair
from teamhub_shared import TeamhubError

NAMES = names.sort_names(["hub.example.org", "hub", "10.0.0.5"])
CONF = 'SERVER_NAMES=""\nCERTIFICATE="own"\n'


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teamhub.conf, and a server with a certificate for NAMES whose proxy does not run."""
    path = tmp_path / "teamhub.conf"
    path.write_text(CONF)
    read = conf.read
    monkeypatch.setattr(conf, "read", lambda answers=(): read(answers, path=path))
    monkeypatch.setattr(conf, "check_is_there", lambda: None)
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        pair = KeyPair(tmp_path / f"{stem}.key", tmp_path / f"{stem}.crt")
        monkeypatch.setattr(authority, name, pair)
    monkeypatch.setattr(names, "detect", lambda: NAMES)
    monkeypatch.setattr(overview, "shown_by_proxy", lambda _: None)
    monkeypatch.setattr(overview, "SECONDS", 0.0)
    monkeypatch.setattr(acme, "STATE", tmp_path)
    authority.ensure_certificates(NAMES)
    return path


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, settings: Path) -> list[str]:
    """What is done to settings and certificates, in order, in place of doing it."""
    found: list[str] = []

    def write(answers: list[str]) -> None:
        found.append(f"write {answers[0]}")
        settings.write_text(CONF.replace('SERVER_NAMES=""', answers[0]))

    def ensure(values: dict[str, str], _: Callable[[str], None], *, renew: bool) -> None:
        found.append(f"renew for {values['SERVER_NAMES']}" if renew else "ensure")

    monkeypatch.setattr(steps, "set_up_settings", write)
    monkeypatch.setattr(certificates, "ensure", ensure)
    return found


def run(*arguments: str) -> None:
    """Parse a command line and do what it says."""
    chosen = cli.parser().parse_args(["tls", *arguments])
    chosen.run(chosen)


@pytest.mark.usefixtures("settings")
def test_show_says_it_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    run("show")
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["names"] == "hub.example.org hub"
    assert lines["addresses"] == "10.0.0.5"
    assert lines["issuer"] == "CN=teamhub on hub.example.org"
    assert lines["source"].startswith("own: ")
    assert set(lines) == {
        *("source", "names", "addresses", "valid", "issuer", "SHA-256", "authority", "in")
    }


def test_show_names_what_it_is_not_valid_for(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.write_text(CONF.replace('""', '"hub bank.example.org"'))
    run("show")
    found = [x for x in capsys.readouterr().out.splitlines() if x.startswith("not valid for")]
    assert len(found) == 1
    assert "bank.example.org; the authority was made without them" in found[0]


@pytest.mark.usefixtures("settings")
def test_show_for_programs_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    run("show", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["source"] == "own"
    assert shown["certificate"]["names"] == ["hub.example.org", "hub"]


def test_names_are_printed_one_a_line_and_their_source_elsewhere(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("names")
    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["hub.example.org", "hub", "10.0.0.5"]
    assert "were found on this server" in printed.err
    settings.write_text(CONF.replace('""', '"hub"'))
    run("names")
    assert "these are SERVER_NAMES of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["hub.example.org", "10.0.0.9"], "hub.example.org 10.0.0.9"),
        (["hub.example.org,hub"], "hub.example.org hub"),
        ([""], ""),
    ],
)
def test_names_are_written_and_a_certificate_is_made_for_them(
    done: list[str], given: list[str], text: str
) -> None:
    run("names", *given)
    assert done == [f"write SERVER_NAMES={text}", f"renew for {text}"]


@pytest.mark.parametrize(
    "name", ["hub*", "https://hub", "a b!", "10.0.0.256", "hub\nroot", "$(id)"]
)
def test_what_is_no_name_changes_nothing(done: list[str], name: str) -> None:
    with pytest.raises(tls.BadName, match="teamhub tls names"):
        run("names", name)
    assert done == []


def test_names_that_the_admins_files_lack_change_nothing(done: list[str], settings: Path) -> None:
    settings.write_text(
        CONF.replace("own", "files") + 'CERTIFICATE_FILE="/no/crt"\nKEY_FILE="/no/key"\n'
    )
    with pytest.raises(TeamhubError, match="/no/crt"):
        run("names", "hub")
    assert done == []


def test_renew_renews(done: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run("renew")
    assert done == ["renew for "]
    assert "warning: in use: no: teamhub-proxy.service does not answer" in capsys.readouterr().err


class TestAcme:
    """CERTIFICATE=acme: an authority is asked, and that is waited for."""

    @pytest.fixture(autouse=True)
    def _acme(self, settings: Path, done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        settings.write_text('SERVER_NAMES=""\nCERTIFICATE="acme"\n')
        monkeypatch.setattr(socket, "getfqdn", lambda: "hub.example.org")
        monkeypatch.setattr(certificates, "check", lambda _: None)

        def fetch(values: dict[str, str], _: Callable[[str], None]) -> bool:
            done.append(f"fetch for {' '.join(names.acme_hosts(values))}")
            return True

        monkeypatch.setattr(acme_tries, "fetch", fetch)

    def test_renew_fetches_one_and_says_that_authorities_count(
        self, done: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("renew")
        assert done == ["fetch for hub.example.org", "renew for "]
        assert "warning: authorities count" in capsys.readouterr().err

    def test_names_are_written_and_one_is_fetched_for_them(self, done: list[str]) -> None:
        run("names", "new.example.org", "10.0.0.5")
        assert done == [
            "write SERVER_NAMES=new.example.org 10.0.0.5",
            "fetch for new.example.org",
            "renew for new.example.org 10.0.0.5",
        ]

    def test_names_of_which_none_is_full_change_nothing(self, done: list[str]) -> None:
        with pytest.raises(TeamhubError, match="one has to be a full name"):
            run("names", "hub", "10.0.0.5")
        assert done == []

    def test_show_says_where_it_comes_from(self, capsys: pytest.CaptureFixture[str]) -> None:
        run("show")
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].endswith("acme: fetched and renewed from ACME_DIRECTORY of teamhub.conf")
        assert lines[-1].startswith("wrong           another is to come from https://acme-v02")

    def test_nobody_has_to_import_anything(self) -> None:
        with pytest.raises(tls.NoAuthority, match="with CERTIFICATE=acme"):
            run("ca")


class TestNone:
    """CERTIFICATE=none: another proxy has the certificate."""

    @pytest.fixture(autouse=True)
    def none(self, settings: Path) -> None:
        settings.write_text(CONF.replace("own", "none"))

    def test_show_says_so_in_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        run("show")
        assert capsys.readouterr().out.splitlines() == [tls.NONE]

    def test_for_programs_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        run("show", "--json")
        assert json.loads(capsys.readouterr().out) == {"source": "none"}

    @pytest.mark.parametrize("command", [["renew"], ["names"], ["names", "hub"]])
    def test_nothing_can_be_changed_here(self, done: list[str], command: list[str]) -> None:
        with pytest.raises(tls.NoCertificate, match="renew it there"):
            run(*command)
        assert done == []

    def test_nobody_has_to_import_anything(self) -> None:
        with pytest.raises(tls.NoAuthority, match="nothing to import"):
            run("ca")
