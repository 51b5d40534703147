"""The two secrets: kept while they are whole, made anew otherwise, and never through a link."""

from __future__ import annotations

import base64
import os
import pwd
from pathlib import Path

import pytest

from teamhub.hub import tokens
from teamhub.people import accounts

GOOD = b"5a" * 32


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cookies' secret of an account that is ours."""
    monkeypatch.setattr(accounts, "SERVICE_ACCOUNT", pwd.getpwuid(os.getuid()).pw_name)
    return tmp_path / "cookie_secret"


def test_a_whole_token_stays(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "proxy-token"
    path.write_bytes(GOOD)
    tokens.ensure_proxy_token(said.append, path)
    assert path.read_bytes() == GOOD
    assert said == []


@pytest.mark.parametrize("text", [b"", b"\n", b"short", GOOD + b"\n", bytes(64), None])
def test_another_token_is_made_anew(tmp_path: Path, said: list[str], text: bytes | None) -> None:
    path = tmp_path / "proxy-token"
    if text is not None:
        path.write_bytes(text)
    tokens.ensure_proxy_token(said.append, path)
    assert tokens.TOKEN.fullmatch(path.read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600
    word = "missing" if text is None else "damaged"
    assert said == [f"made {path} anew, since it was {word}"]


def test_an_installation_makes_them_without_a_word(
    tmp_path: Path, said: list[str], secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DPKG_MAINTSCRIPT_PACKAGE", "teamhub")
    tokens.ensure_proxy_token(said.append, tmp_path / "proxy-token")
    tokens.ensure_cookie_secret(said.append, secret)
    assert said == []


@pytest.mark.parametrize(
    "text", [GOOD, GOOD + b"\n", base64.b64encode(bytes(range(32))), GOOD.upper()]
)
def test_a_secret_that_jupyterhub_reads_stays(secret: Path, said: list[str], text: bytes) -> None:
    secret.write_bytes(text)
    secret.chmod(0o600)
    tokens.ensure_cookie_secret(said.append, secret)
    assert secret.read_bytes() == text
    assert said == []


@pytest.mark.parametrize("text", [b"abcd", b"", GOOD[:-1], bytes(64)])
def test_a_secret_that_is_too_short_is_made_anew_and_the_price_is_named(
    secret: Path, said: list[str], text: bytes
) -> None:
    secret.write_bytes(text)
    tokens.ensure_cookie_secret(said.append, secret)
    assert tokens.SECRET.fullmatch(secret.read_bytes())
    assert said == [f"made {secret} anew, since it was damaged: everyone has to sign in again"]


def test_a_whole_secret_of_another_owner_is_given_back(secret: Path, said: list[str]) -> None:
    secret.write_bytes(GOOD)
    os.chown(secret, 4001, 4001)
    tokens.ensure_cookie_secret(said.append, secret)
    assert secret.read_bytes() == GOOD
    assert (secret.stat().st_uid, secret.stat().st_mode & 0o777) == (os.getuid(), 0o600)
    assert "gave" in said[0]


def test_a_link_in_its_place_is_not_followed(secret: Path, said: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(GOOD)
    secret.symlink_to(other)
    tokens.ensure_cookie_secret(said.append, secret)
    assert not secret.is_symlink()
    assert other.read_bytes() == GOOD
    assert secret.read_bytes() != GOOD
