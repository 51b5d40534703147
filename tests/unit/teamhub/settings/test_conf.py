"""The settings: their values are checked before anything takes them up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.settings import conf as settings
from teamhub.settings import syntax
from teamhub_shared.settings import SETTINGS

DEFAULTS = {setting.key: setting.default for setting in SETTINGS}


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "teamhub.conf"


@pytest.fixture
def in_dialogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """What dpkg says in the environment of a maintainer script."""
    monkeypatch.setenv("DPKG_MAINTSCRIPT_PACKAGE", "teamhub")


def complaint(conf: Path, *pairs: str) -> settings.BadSetting:
    with pytest.raises(settings.BadSetting) as raised:
        settings.read(pairs, path=conf)
    return raised.value


def test_a_missing_file_gives_the_defaults(conf: Path) -> None:
    assert settings.read(path=conf) == DEFAULTS


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_file_that_is_gone_or_empty_is_not_replaced_by_defaults(
    conf: Path, text: str | None
) -> None:
    if text is not None:
        conf.write_text(text)
    with pytest.raises(settings.LostSettings, match="is missing or empty") as caught:
        settings.check_is_there(conf)
    assert "dpkg-reconfigure" in caught.value.remedy


def test_answers_win_over_the_file_and_the_file_over_defaults(conf: Path) -> None:
    conf.write_text("HTTPS_PORT=8443\nIDLE_HOURS=5\n")
    values = settings.read(["IDLE_HOURS=6"], path=conf)
    assert values == {**DEFAULTS, "HTTPS_PORT": "8443", "IDLE_HOURS": "6"}


def test_spaces_around_an_answer_and_commas_between_names_do_not_matter(conf: Path) -> None:
    values = settings.read(
        ["SERVER_NAMES= hub, hub.example.org ,10.0.0.5 ", "HTTP_PORT= 80 "], path=conf
    )
    assert values == {**DEFAULTS, "SERVER_NAMES": "hub hub.example.org 10.0.0.5"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("HTTPS_PORT=0", "1 to 65535"),
        ("HTTPS_PORT=65536", "1 to 65535"),
        ("HTTPS_PORT=0443", "1 to 65535"),
        ("HTTPS_PORT=-1", "1 to 65535"),
        ("HTTPS_PORT=443 8443", "1 to 65535"),
        ("HTTPS_PORT=https", "1 to 65535"),
        ("HTTPS_PORT=", "1 to 65535"),
        ("HTTP_PORT=maybe", "or off"),
        ("HTTP_PORT=443", "HTTPS_PORT is the same port"),
        ("SERVER_NAMES=hub;reboot", "'hub;reboot' is neither a host name nor an address"),
        ("SERVER_NAMES=https://hub", "neither a host name nor an address"),
        ("SERVER_NAMES=10.0.0.256", "neither a host name nor an address"),
        ("SERVER_NAMES=hub *.org", "neither a host name nor an address"),
        ("SERVER_NAMES=" + "a" * 64, "neither a host name nor an address"),
        ("SERVER_NAMES=hub\nroot", "line break"),
        ("SUBDOMAIN_HOST=hub", "write a name such as hub.example.org"),
        ("SUBDOMAIN_HOST=192.0.2.7", "write a name such as hub.example.org"),
        ("LISTEN_ADDRESS=hub", "one IP address"),
        ("LISTEN_ADDRESS=10.0.0.5 10.0.0.6", "one IP address"),
        ("CERTIFICATE=letsencrypt", "own, acme, files or none"),
        ("CERTIFICATE=files", "CERTIFICATE_FILE=''"),
        ("ACME_DIRECTORY=", "begins with https://"),
        ("ACME_DIRECTORY=http://ca.example.org/acme", "begins with https://"),
        ("ACME_DIRECTORY=https://ca.example.org /acme", "begins with https://"),
        ("ACME_DIRECTORY=https://user@ca.example.org/acme", "begins with https://"),
        ("ACME_DIRECTORY=--help", "begins with https://"),
        ("ACME_EMAIL=admin", "one address such as"),
        ("ACME_EMAIL=-a@example.org", "one address such as"),
        ("ACME_EMAIL=a@example.org b@example.org", "one address such as"),
        ("CERTIFICATE_FILE=server.crt", "from / on"),
        ("KEY_FILE=/a'b", "holds the character '"),
        ('KEY_FILE=/a"b', 'holds the character "'),
        ("KEY_FILE=/$HOME", "holds the character $"),
        ("KEY_FILE=/`id`", "holds the character `"),
        ("KEY_FILE=/a\\b", "holds the character \\"),
        ("KEY_FILE=/a\0b", "control character"),
        ("INTERFACE=classic", "lab or notebook"),
        ("MEMORY_LIMIT=2GB", "T: write 2G"),
        ("MEMORY_LIMIT=2 GiB", "T: write 2G"),
        ("MEMORY_LIMIT=2g", "T: write 2G"),
        ("MEMORY_LIMIT=0", "write none for no limit"),
        ("MEMORY_LIMIT=50%", "like 2G, or none"),
        ("MEMORY_LIMIT=2147483648", "like 2G, or none"),
        ("MEMORY_LIMIT=255M", "less than 256M"),
        ("MEMORY_LIMIT=-2G", "like 2G, or none"),
        ("CPU_LIMIT=0", "write none for no limit"),
        ("CPU_LIMIT=0.05", "0.1 cores or more"),
        ("CPU_LIMIT=150%", "number of cores"),
        ("CPU_LIMIT=1,5", "number of cores"),
        ("TASKS_LIMIT=0", "write none for no limit"),
        ("TASKS_LIMIT=127", "128 tasks or more"),
        ("TASKS_LIMIT=33%", "whole number"),
        ("IDLE_HOURS=-1", "whole number of hours"),
        ("IDLE_HOURS=½", "whole number of hours"),
        ("IDLE_HOURS=٣", "whole number of hours"),
        ("CREATE_ACCOUNTS=true", "yes or no"),
        ("MOTD=hello", "no setting of teamhub"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_named_with_the_reason(conf: Path, answer: str, reason: str) -> None:
    problem = complaint(conf, answer).problem
    key, _, value = answer.partition("=")
    assert key in problem
    assert reason in problem
    assert repr(value) in problem or key in ("CERTIFICATE", "MOTD")


@pytest.mark.parametrize(
    "answer",
    [
        "SERVER_NAMES=hub.example.org 10.0.0.5 fd00::5 xn--bcher-kva.example 3com.example",
        "HTTPS_PORT=65535",
        "HTTP_PORT=off",
        "LISTEN_ADDRESS=fd00::5",
        "MEMORY_LIMIT=256M",
        "MEMORY_LIMIT=1.5G",
        "CPU_LIMIT=0.1",
        "CPU_LIMIT=128",
        "TASKS_LIMIT=128",
        "CREATE_ACCOUNTS=no",
        "CERTIFICATE=acme",
        "ACME_DIRECTORY=https://ca.example.org:9000/acme/acme/directory",
        "ACME_DIRECTORY=https://10.0.0.5/dir",
        "ACME_DIRECTORY=https://[fd00::5]:14000/dir?x=1",
        "ACME_EMAIL=admin+hub@example.org",
        "ACME_EMAIL=",
        "CERTIFICATE_FILE=/etc/ssl/unser Zertifikät.pem",
    ],
)
def test_these_are_fine(conf: Path, answer: str) -> None:
    key, _, value = answer.partition("=")
    assert settings.read([answer], path=conf)[key] == value


def test_without_certificate_the_hub_needs_the_http_port(conf: Path) -> None:
    error = complaint(conf, "CERTIFICATE=none", "HTTP_PORT=off")
    assert "HTTP_PORT='off'" in error.problem


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("HTTP_PORT=off", "HTTP_PORT='off': with CERTIFICATE=acme the authority looks"),
        ("SUBDOMAIN_HOST=hub.test", "files with one for *.hub.test"),
        ("SERVER_NAMES=hub.test *.hub.test", "no certificate for *.NAME"),
        ("SERVER_NAMES=hub 10.0.0.5 fd00::5", "one has to be a full name"),
    ],
)
def test_what_an_authority_cannot_look_at_does_not_go_with_acme(
    conf: Path, answer: str, reason: str
) -> None:
    assert reason in complaint(conf, "CERTIFICATE=acme", answer).problem


def test_addresses_and_short_names_beside_a_full_one_do(conf: Path) -> None:
    names = "SERVER_NAMES=hub.test hub 10.0.0.5"
    assert settings.read(["CERTIFICATE=acme", names], path=conf)["CERTIFICATE"] == "acme"


def test_without_certificate_the_https_port_does_not_matter(conf: Path) -> None:
    values = settings.read(["CERTIFICATE=none", "HTTP_PORT=443"], path=conf)
    assert values["HTTP_PORT"] == "443"


def test_a_bad_line_of_the_file_is_named_with_its_number(conf: Path) -> None:
    conf.write_text("# ours\nIDLE_HOURS=1\nIDLE_HOURS=soon\n")
    error = complaint(conf)
    assert error.problem.startswith(f"{conf}, line 3: IDLE_HOURS='soon'")
    assert error.remedy == "fix that line, then: teamhub apply"


@pytest.mark.usefixtures("in_dialogue")
def test_a_bad_answer_names_its_question(conf: Path) -> None:
    error = complaint(conf, "HTTPS_PORT=0")
    assert "teamhub/https-port" in error.remedy
    assert error.remedy.endswith("dpkg --configure teamhub")


@pytest.mark.usefixtures("in_dialogue")
def test_the_remedy_is_to_run_dpkg_reconfigure_again(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBCONF_RECONFIGURE", "1")
    assert complaint(conf, "HTTPS_PORT=0").remedy.endswith("dpkg-reconfigure teamhub")


def test_a_bad_value_of_the_file_is_replaced_by_an_answer(conf: Path) -> None:
    conf.write_text("IDLE_HOURS=soon\n")
    assert settings.read(["IDLE_HOURS=5"], path=conf)["IDLE_HOURS"] == "5"


def test_a_key_that_is_no_setting_is_reported_with_what_may_be_meant(conf: Path) -> None:
    conf.write_text("HTTPS_PROT=8443\nMOTD=hello\n")
    assert settings.unknown_keys(conf) == {"HTTPS_PROT": "HTTPS_PORT", "MOTD": ""}
    assert settings.read(path=conf) == DEFAULTS


def test_a_file_in_another_encoding_is_named_with_the_line(conf: Path) -> None:
    conf.write_bytes("# f\n# für uns\n".encode("latin-1"))
    with pytest.raises(syntax.BadLine, match="line 2: it is not in UTF-8"):
        settings.read_text(conf)


@given(st.sampled_from(sorted(DEFAULTS)), st.text(max_size=30))
def test_any_text_is_refused_or_reads_back_the_same(key: str, value: str) -> None:
    conf = Path("/nonexistent/teamhub.conf")
    try:
        values = settings.read([f"{key}={value}"], path=conf)
    except settings.BadSetting:
        return
    meanings = {setting.key: setting.meaning for setting in SETTINGS}
    assert syntax.parse(syntax.render("", values, meanings)) == values


@pytest.mark.parametrize(
    ("hashes", "packages", "known"),
    [
        ("0123  {}\n", "teamhub \t {}\n", True),
        ("", "teamhub \t {}\n", False),
        ("0123  {}\n", "", False),
        ("0123  {}.old\n", "teamhub \t {}\n", False),
    ],
)
def test_ucf_knows_a_file_that_is_in_both_of_its_registers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashes: str, packages: str, known: bool
) -> None:
    registers = (tmp_path / "hashfile", tmp_path / "registry")
    for register, text in zip(registers, (hashes, packages), strict=True):
        register.write_text(text.format("/etc/teamhub/teamhub.conf"))
    monkeypatch.setattr(settings, "UCF", registers)
    assert settings.is_registered(Path("/etc/teamhub/teamhub.conf")) == known


PIECES = [b"HTTPS_PORT=", b"MEMORY_LIMIT=", b"SERVER_NAMES=", b"0", b"2G", b"443", b"a", b'"',
          b"\n", b"=", b"#", b"\xff", b"\0", b"\r", b" ", b"'", b"$", b"\\"]  # fmt: skip


@given(st.binary() | st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_a_file_of_any_bytes_is_refused_or_has_values_that_pass(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "teamhub.conf"
    path.write_bytes(content)
    try:
        values = settings.read(path=path)
    except (settings.BadSetting, syntax.BadLine) as error:
        assert error.problem.isprintable()  # noqa: PT017 - the bytes may be settings
        return
    assert list(values) == list(DEFAULTS)
    assert all(value.isprintable() for value in values.values())
    assert settings.read([f"{key}={value}" for key, value in values.items()], path=path) == values
