"""What of the hub's configuration is set after the team's snippets: its services, and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config

from teamhub_hub.settings import CULLER, idle_culler, subdomain_host
from teamhub_shared import sockets

#: Where the hub and the proxy's API were in a jupyterhub_config.py of an older version.
EARLIER_HUB, EARLIER_PROXY_API = "http://127.0.0.1:808", "http://127.0.0.1:801"

#: What the hub lets the culler do, and no more.
CULLER_ROLE = {
    "name": CULLER,
    "services": [CULLER],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
}


def add_ours(config: Config, settings: Mapping[str, str]) -> None:
    """Add teamhub's addresses, services and their roles to what the snippets have left.

    A service or a role of the same name that a snippet has made takes the place of ours.
    """
    move_to_sockets(config)
    give_names(config, settings)
    hub = config.JupyterHub
    hub.services = joined(hub.services, idle_culler(settings))
    if CULLER in names(hub.services):
        hub.load_roles = joined(hub.load_roles, [CULLER_ROLE])


def move_to_sockets(config: Config) -> None:
    """Replace the earlier ports, which an edited jupyterhub_config.py may still have.

    The proxy asks the hub at its socket, whatever that file says.
    """
    if config.JupyterHub.get("hub_bind_url") == EARLIER_HUB:
        config.JupyterHub.hub_bind_url = sockets.url(sockets.HUB)
        config.JupyterHub.hub_connect_url = sockets.url(sockets.HUB)
        config.JupyterHub.hub_socket_mode = 0o666
    if config.ConfigurableHTTPProxy.get("api_url") == EARLIER_PROXY_API:
        config.ConfigurableHTTPProxy.api_url = sockets.url(sockets.PROXY_API)


def give_names(config: Config, settings: Mapping[str, str]) -> None:
    """Have each person's server answer at a name of its own, if the settings have one for that.

    Cookies with the prefix `__Host-` can be set by no other name (RFC 6265bis, section 4.1.3.2): a
    page of one person cannot have another log in as somebody else.
    """
    host = subdomain_host(settings)
    if host:
        config.JupyterHub.subdomain_host = host
        config.JupyterHub.cookie_host_prefix_enabled = True


def joined(theirs: object, ours: list[dict[str, Any]]) -> object:
    """Their entries and ours; what is not a list stays as it is, since the hub reports it."""
    if not isinstance(theirs, list | tuple):
        return theirs
    taken = names(theirs)
    return [*theirs, *(entry for entry in ours if entry["name"] not in taken)]


def names(entries: object) -> set[object]:
    """The names of services or roles."""
    listed = entries if isinstance(entries, list | tuple) else []
    return {entry.get("name") for entry in listed if isinstance(entry, dict)}
