"""What the admin has set for pip counts for an account that cannot read root's files."""

from __future__ import annotations

import configparser
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from teamhub.environment import pip_settings
from teamhub.environment.pip_settings import BadPipConfiguration, Settings

INDEX = "[global]\nindex-url = https://{}.example.org/simple\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Root's home."""
    return tmp_path / "root"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder that pip will have."""
    folder = tmp_path / "own"
    (folder / "home").mkdir(parents=True)
    return folder


Provide = Callable[..., Settings]


@pytest.fixture
def provide(home: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provide:
    """Provide what root's files and these variables say."""
    monkeypatch.setattr(pip_settings, "SYSTEM", tmp_path / "etc/pip.conf")

    def provided(*requirements: str, **variables: str) -> Settings:
        system = {"XDG_CONFIG_DIRS": f"{tmp_path}/xdg", "HOME": str(home)}
        return pip_settings.provide(own, requirements, {**system, **variables})

    return provided


def write(file: Path, text: str) -> Path:
    """A file that only root can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def told(settings: Settings) -> configparser.RawConfigParser:
    """What the one file says that pip is given."""
    merged = configparser.RawConfigParser()
    merged.read(settings.environment["PIP_CONFIG_FILE"])
    return merged


def test_of_all_of_roots_files_the_one_counts_that_counts_for_pip(
    provide: Provide, home: Path, own: Path, tmp_path: Path
) -> None:
    files = {
        "xdg": tmp_path / "xdg/pip/pip.conf",
        "etc": tmp_path / "etc/pip.conf",
        "legacy": home / ".pip/pip.conf",
        "user": home / ".config/pip/pip.conf",
    }
    for name, file in files.items():
        write(file, INDEX.format(name))
        assert told(provide()).get("global", "index-url") == f"https://{name}.example.org/simple"
        (own / "certificates").rmdir()


def test_a_file_that_a_variable_names_comes_in_place_of_the_homes(
    provide: Provide, home: Path, tmp_path: Path
) -> None:
    write(home / ".pip/pip.conf", "[global]\nindex_url = https://home.example.org\nretries = 1\n")
    named = write(tmp_path / "named", "[install]\npre = true\n")
    merged = told(provide(PIP_CONFIG_FILE=str(named)))
    assert {name: dict(merged[name]) for name in merged.sections()} == {"install": {"pre": "true"}}


def test_where_root_wants_no_file_none_is_read(provide: Provide, home: Path) -> None:
    write(home / ".pip/pip.conf", "[global]\nno-binary = thing\n")
    settings = provide(PIP_CONFIG_FILE=os.devnull)
    assert settings.environment["PIP_CONFIG_FILE"] == os.devnull
    assert settings.no_binary == ()


def test_two_spellings_of_a_setting_are_one(provide: Provide, home: Path, tmp_path: Path) -> None:
    write(tmp_path / "xdg/pip/pip.conf", "[global]\nINDEX_URL = https://a\n")
    write(home / ".pip/pip.conf", "[global]\n--index-url = https://b\n")
    assert dict(told(provide())["global"]) == {"index-url": "https://b"}


def test_a_file_that_pip_could_not_read_is_named(provide: Provide, home: Path) -> None:
    file = write(home / ".pip/pip.conf", "index-url = https://a\n")
    with pytest.raises(BadPipConfiguration, match=f"{file}: .*no section headers"):
        provide()


def test_variables_of_pips_and_of_the_network_count_and_no_others(provide: Provide) -> None:
    counts = {
        "PIP_INDEX_URL": "https://a",
        "https_proxy": "http://b",
        "NO_PROXY": "c",
        "CFLAGS": "-O0",
    }
    others = {"TOKEN": "t", "SECRET": "s", "LD_PRELOAD": "/x", "PYTHONPATH": "/y", "PATH": "/z"}
    settings = provide("thing @ https://${TOKEN}@example.org/thing.whl", **counts, **others)
    environment = dict(settings.environment)
    del environment["PIP_CONFIG_FILE"]
    assert environment == {"LANG": "C.UTF-8", "PATH": pip_settings.PATH, "TOKEN": "t", **counts}


def test_certificates_that_only_root_can_read_are_copied(
    provide: Provide, home: Path, own: Path
) -> None:
    authority, mine = write(home / "ca.pem", "CA"), write(home / "mine.pem", "MINE")
    write(home / ".pip/pip.conf", f"[global]\ncert = {authority}\nclient-cert = {mine}\n")
    settings = provide(REQUESTS_CA_BUNDLE=str(authority), PIP_CERT="/absent")
    merged = told(settings)
    copies = [
        merged.get("global", "cert"),
        merged.get("global", "client-cert"),
        settings.environment["REQUESTS_CA_BUNDLE"],
    ]
    assert [Path(copy).read_text() for copy in copies] == ["CA", "MINE", "CA"]
    assert {Path(copy).parent for copy in copies} == {own / "certificates"}
    assert settings.environment["PIP_CERT"] == "/absent"


def test_of_roots_logins_it_gets_those_of_the_hosts_that_pip_asks(
    provide: Provide, home: Path, own: Path
) -> None:
    logins = ["pypi.example.org", "wheels.example.org", "other.example.org", "example.org"]
    text = "".join(f"machine {host} login team password of-{host}\n" for host in logins)
    write(home / ".netrc", text)
    write(home / ".pip/pip.conf", INDEX.format("pypi"))
    provide("thing @ https://wheels.example.org/thing.whl")
    given = own / "home/.netrc"
    assert given.stat().st_mode & 0o777 == 0o600
    words = given.read_text().split()
    assert [word for word in words if word.startswith("of-")] == [
        "of-pypi.example.org",
        "of-wheels.example.org",
    ]


def test_what_may_be_built_and_a_log_are_taken_from_settings_and_variables(
    provide: Provide, home: Path
) -> None:
    write(home / ".pip/pip.conf", "[install]\nno-binary = b\n[global]\nno-binary = a\nlog = /l\n")
    settings = provide(PIP_NO_BINARY="c")
    assert settings.no_binary == ("a", "b", "c")
    assert settings.logs
