"""What `teamhub status` says of people's names."""

from __future__ import annotations

import pytest

from teamhub.hub import subdomains


def test_one_name_for_all_is_said_with_what_follows() -> None:
    assert "a page of one can act for another; see SUBDOMAIN_HOST" in subdomains.describe("")


def test_a_record_that_is_missing_is_named() -> None:
    assert subdomains.describe("hub.invalid").endswith(
        "add a record *.hub.invalid with the server's addresses"
    )


def test_where_dns_answers_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"teamhub-looks.hub.example.org": frozenset({"192.0.2.7"})}
    monkeypatch.setattr(subdomains, "addresses_of", lambda name: known.get(name, frozenset()))
    assert subdomains.describe("hub.example.org") == "one for each person below hub.example.org"


def test_this_machine_knows_its_own_name() -> None:
    assert subdomains.addresses_of("localhost") & {"127.0.0.1", "::1"}
