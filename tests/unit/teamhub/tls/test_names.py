"""Host names and addresses are distinguished."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from teamhub.tls import names


def test_names_and_addresses_are_separated_in_order_and_once() -> None:
    found = names.sort_names(["Hub.Example.org", "10.0.0.5", "hub.example.org", "fd00::1", "hub"])
    assert found.dns == ("hub.example.org", "hub")
    assert found.addresses == (ip_address("10.0.0.5"), ip_address("fd00::1"))


def test_this_machine_has_names_and_the_loopback_addresses() -> None:
    found = names.detect()
    assert "localhost" in found.dns
    assert {ip_address("127.0.0.1"), ip_address("::1")} <= set(found.addresses)


def test_the_names_of_the_settings_come_before_those_of_the_machine() -> None:
    found = names.server_names({"SERVER_NAMES": "hub.example.org 10.0.0.5", "SUBDOMAIN_HOST": ""})
    assert found == names.sort_names(["hub.example.org", "10.0.0.5"])
    assert names.server_names({"SERVER_NAMES": "", "SUBDOMAIN_HOST": ""}) == names.detect()


def test_the_name_that_has_others_below_it_comes_first_and_once() -> None:
    found = names.server_names(
        {"SERVER_NAMES": "jupyter hub.example.org 10.0.0.5", "SUBDOMAIN_HOST": "Hub.example.org"}
    )
    assert found.dns == ("hub.example.org", "*.hub.example.org", "jupyter")


def test_what_people_type_is_a_name_or_else_an_address() -> None:
    assert names.sort_names(["10.0.0.5", "*.hub.example.org", "hub.example.org"]).first == (
        "hub.example.org"
    )
    assert names.sort_names(["*.hub.example.org", "10.0.0.5"]).first == "10.0.0.5"


def test_an_authority_is_asked_by_acme_for_full_names_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = "Hub.example.org hub 10.0.0.5 fd00::5 hub.example.org *.example.org www.example.org"
    assert names.acme_hosts({"SERVER_NAMES": wanted}) == ("hub.example.org", "www.example.org")
    monkeypatch.setattr(socket, "getfqdn", lambda: "own.example.org")
    assert names.acme_hosts({"SERVER_NAMES": ""}) == ("own.example.org",)


@pytest.mark.parametrize("name", ["hub", "10.0.0.5", "localhost"])
def test_a_server_without_one_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: name)
    with pytest.raises(names.NoFullName, match=f"{name} is none") as caught:
        names.acme_hosts({"SERVER_NAMES": ""})
    assert caught.value.remedy.startswith("teamhub tls names hub.example.org")
