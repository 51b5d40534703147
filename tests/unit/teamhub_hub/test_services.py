"""Teamhub's own services beside those that a snippet has."""

from __future__ import annotations

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from support.hub_config import HubConfig
from teamhub_hub.check import check_config
from teamhub_shared import sockets

OWN_SERVICE = '{"name": "backup", "command": ["true"]}'
OWN_ROLE = '{"name": "backup", "services": ["backup"], "scopes": ["list:users"]}'
SNIPPETS = {
    "none": "",
    "assigned": f"c.JupyterHub.services = [{OWN_SERVICE}]\nc.JupyterHub.load_roles = [{OWN_ROLE}]",
    "appended": (
        f"c.JupyterHub.services.append({OWN_SERVICE})\nc.JupyterHub.load_roles.append({OWN_ROLE})"
    ),
    "a tuple": f"c.JupyterHub.services = ({OWN_SERVICE},)\nc.JupyterHub.load_roles = [{OWN_ROLE}]",
}


def loaded(config: HubConfig) -> Config:
    """What the hub would read."""
    return PyFileConfigLoader(config.main.name, str(config.main.parent)).load_config()


def names(config: HubConfig) -> tuple[list[str], list[str]]:
    """The names of the services and of the roles that the hub would have."""
    hub = loaded(config).JupyterHub
    return [each["name"] for each in hub.services], [each["name"] for each in hub.load_roles]


@pytest.fixture
def culled(config: HubConfig, monkeypatch: pytest.MonkeyPatch) -> HubConfig:
    """A configuration with a limit of idle time."""
    monkeypatch.setenv("IDLE_HOURS", "12")
    return config


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_the_culler_is_there_beside_what_a_snippet_has(culled: HubConfig, snippet: str) -> None:
    culled.snippet(SNIPPETS[snippet])
    theirs = ["backup"] if SNIPPETS[snippet] else []
    assert names(culled) == ([*theirs, "idle-culler"], [*theirs, "idle-culler"])
    assert check_config(culled.main).errors == []


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_without_a_limit_of_idle_time_a_snippet_has_its_own_alone(
    config: HubConfig, snippet: str
) -> None:
    config.snippet(SNIPPETS[snippet])
    theirs = ["backup"] if SNIPPETS[snippet] else []
    assert names(config) == (theirs, theirs)


def test_a_culler_of_the_teams_own_takes_the_place_of_ours_and_gets_its_role(
    culled: HubConfig,
) -> None:
    culled.snippet('c.JupyterHub.services = [{"name": "idle-culler", "command": ["theirs"]}]')
    services = loaded(culled).JupyterHub.services
    assert [each["command"] for each in services] == [["theirs"]]
    assert names(culled) == (["idle-culler"], ["idle-culler"])


def test_what_is_no_list_is_left_for_the_check_to_report(culled: HubConfig) -> None:
    path = culled.snippet("c.JupyterHub.services = 7\n")
    (error,) = check_config(culled.main).errors
    assert (error.file, error.line) == (str(path), 1)


def test_an_edited_configuration_with_the_earlier_ports_is_moved_to_the_sockets(
    culled: HubConfig,
) -> None:
    culled.snippet(
        'c.JupyterHub.hub_bind_url = "http://127.0.0.1:808"\n'
        'c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:801"\n',
        "10-ports.py",
    )
    config = loaded(culled)
    assert config.JupyterHub.hub_bind_url == sockets.url(sockets.HUB)
    assert config.ConfigurableHTTPProxy.api_url == sockets.url(sockets.PROXY_API)


def test_people_have_names_of_their_own_where_the_settings_say_so(
    culled: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "subdomain_host" not in loaded(culled).JupyterHub
    monkeypatch.setenv("SUBDOMAIN_HOST", "hub.example.org")
    hub = loaded(culled).JupyterHub
    assert (hub.subdomain_host, hub.cookie_host_prefix_enabled) == ("https://hub.example.org", True)


def test_an_address_of_the_teams_own_stays(culled: HubConfig) -> None:
    culled.snippet('c.JupyterHub.hub_bind_url = "http://127.0.0.1:9000"\n', "10-ports.py")
    assert loaded(culled).JupyterHub.hub_bind_url == "http://127.0.0.1:9000"
