"""Host names and addresses are distinguished."""

from __future__ import annotations

from ipaddress import ip_address

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
    found = names.server_names({"SERVER_NAMES": "hub.example.org 10.0.0.5"})
    assert found == names.sort_names(["hub.example.org", "10.0.0.5"])
    assert names.server_names({"SERVER_NAMES": ""}) == names.detect()
