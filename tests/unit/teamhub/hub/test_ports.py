"""Ports that are needed, and who else has them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.hub import ports
from teamhub_shared.settings import SETTINGS

DEFAULTS = {setting.key: setting.default for setting in SETTINGS}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 on which this test itself listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("address", ["", "127.0.0.1"])
def test_the_program_that_listens_is_named(taken: int, address: str) -> None:
    listener = ports.foreign_listener(taken, address)
    assert listener is not None
    assert listener.pid == os.getpid()
    assert str(os.getpid()) in str(listener)


def test_a_port_of_another_address_is_free(taken: int) -> None:
    assert ports.foreign_listener(taken, "127.0.0.2") is None


@pytest.mark.parametrize("key", ["HTTPS_PORT", "HTTP_PORT"])
def test_a_taken_port_is_refused_with_the_setting_to_change(taken: int, key: str) -> None:
    values = {**DEFAULTS, "HTTPS_PORT": "64999", "HTTP_PORT": "64998", key: str(taken)}
    with pytest.raises(ports.PortTaken, match=f"port {taken} is in use by ") as raised:
        ports.check(values, first_time=False)
    assert f"choose another {key}" in raised.value.remedy


def test_the_first_time_a_taken_port_costs_the_redirect_alone(taken: int) -> None:
    values = {**DEFAULTS, "HTTPS_PORT": "64999", "HTTP_PORT": str(taken)}
    ports.check(values, first_time=True)
    assert ports.without_redirect(values) is not None
    assert ports.without_redirect({**values, "HTTP_PORT": "off"}) is None


def test_without_certificate_only_the_http_port_of_loopback_is_needed(taken: int) -> None:
    values = {**DEFAULTS, "CERTIFICATE": "none", "HTTPS_PORT": str(taken), "HTTP_PORT": "64998"}
    ports.check(values, first_time=False)
    with pytest.raises(ports.PortTaken):
        ports.check({**values, "HTTP_PORT": str(taken)}, first_time=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_of_this_machine_is_fine(address: str) -> None:
    ports.check_address(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_refused(address: str) -> None:
    with pytest.raises(ports.NoSuchAddress, match=address):
        ports.check_address(address)


def test_a_listener_may_be_called_anything(taken: int) -> None:
    """Its name is whatever its owner likes, also for a person's program (prctl(2), PR_SET_NAME)."""
    before = Path("/proc/self/comm").read_bytes()
    try:
        for name in (b"a b\x1b[2J", b"x\ny z", b"\xff\xfe", b'",pid=1,'):
            Path("/proc/self/comm").write_bytes(name)
            for listener in (ports.foreign_listener(taken), ports.foreign_listener(1)):
                assert listener is None or str(listener).isprintable()
    finally:
        Path("/proc/self/comm").write_bytes(before)


PIECES = st.sampled_from(["LISTEN ", "0 ", "*:443 ", "\n", '("a",pid=1', "\x1b"])


@given(shown=st.text() | st.lists(PIECES).map("".join))
def test_whatever_ss_prints_is_a_listener_or_none(shown: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "run", lambda *_, **__: shown)
        listener = ports.foreign_listener(443)
        assert listener is None or str(listener).isprintable()
