"""What the hub makes of teamhub.conf's values in its environment."""

from __future__ import annotations

import pytest

from teamhub_hub import settings
from teamhub_shared.settings import SETTINGS


def configured(**lines: str) -> dict[str, str]:
    """The hub's settings where teamhub.conf has these lines only."""
    return settings.read(lines)


def test_a_missing_line_means_what_a_new_file_says() -> None:
    new = {setting.key: setting.default for setting in SETTINGS}
    assert settings.read({}) == {key: new[key] for key in settings.DEFAULTS}


def test_other_variables_of_the_environment_are_no_settings() -> None:
    assert "HOME" not in settings.read({"HOME": "/root"})


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ({}, "https://:443/"),
        ({"HTTPS_PORT": "8443"}, "https://:8443/"),
        ({"LISTEN_ADDRESS": "192.0.2.7"}, "https://192.0.2.7:443/"),
        ({"LISTEN_ADDRESS": "2001:db8::7"}, "https://[2001:db8::7]:443/"),
        ({"CERTIFICATE": "files"}, "https://:443/"),
        ({"CERTIFICATE": "none"}, "http://127.0.0.1:80/"),
        ({"CERTIFICATE": "none", "HTTP_PORT": "8080"}, "http://127.0.0.1:8080/"),
        ({"CERTIFICATE": "none", "LISTEN_ADDRESS": "10.0.0.2"}, "http://10.0.0.2:80/"),
    ],
)
def test_the_proxys_address_follows_from_the_settings(lines: dict[str, str], url: str) -> None:
    assert settings.public_url(configured(**lines)) == url


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ({}, ""),
        ({"SUBDOMAIN_HOST": "Hub.example.org"}, "https://hub.example.org"),
        (
            {"SUBDOMAIN_HOST": "hub.example.org", "HTTPS_PORT": "8443"},
            "https://hub.example.org:8443",
        ),
        (
            {"SUBDOMAIN_HOST": "hub.example.org", "HTTPS_PORT": "8443", "CERTIFICATE": "none"},
            "https://hub.example.org",
        ),
    ],
)
def test_the_address_below_which_people_have_theirs(lines: dict[str, str], url: str) -> None:
    assert settings.subdomain_host(configured(**lines)) == url


def test_no_limits_show_nothing() -> None:
    assert settings.shown_limits(configured()) == {}


def test_limits_are_shown_in_the_spawners_own_terms() -> None:
    limits = settings.shown_limits(configured(MEMORY_LIMIT="2G", CPU_LIMIT="1.5"))
    assert limits == {"mem_limit": "2G", "cpu_limit": 1.5}


def test_zero_hours_need_no_culler() -> None:
    assert settings.idle_culler(configured(IDLE_HOURS="0")) == []


def test_the_culler_gets_the_hours_in_seconds_and_looks_late_for_the_first_time() -> None:
    (service,) = settings.idle_culler(configured(IDLE_HOURS="12"))
    assert service["name"] == "idle-culler"
    assert "--timeout=43200" in service["command"][-1]
    assert service["command"][-1].startswith("sleep 660; exec ")
