"""teamhub.conf as the hub sees it: systemd puts its lines into the hub's environment."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from teamhub_shared.settings import BY_KEY, HUB, keys_read_by

#: What a line that is missing means; the same as in a new teamhub.conf.
DEFAULTS = {key: BY_KEY[key].default for key in keys_read_by(HUB)}

#: Servers report their activity to the hub every five minutes.  After an outage of the hub the
#: first check has to come later than that, or it stops servers that were busy all the time.
FIRST_LOOK_SECONDS = 660
CULLER = "idle-culler"
#: Where `teamhub_hub` is: services do not inherit the hub's PYTHONPATH.
FOLDER = Path(__file__).parents[1]


def read(environment: Mapping[str, str]) -> dict[str, str]:
    """Every setting that the hub has to know: from the environment, or its default."""
    return {key: environment.get(key, default) for key, default in DEFAULTS.items()}


def public_url(settings: Mapping[str, str]) -> str:
    """Where the proxy listens; with CERTIFICATE=none another proxy in front of it does TLS."""
    address = settings["LISTEN_ADDRESS"]
    if settings["CERTIFICATE"] == "none":
        scheme, port = "http", settings["HTTP_PORT"]
        address = address or "127.0.0.1"
    else:
        scheme, port = "https", settings["HTTPS_PORT"]
    host = f"[{address}]" if ":" in address else address
    return f"{scheme}://{host}:{port}/"


def subdomain_host(settings: Mapping[str, str]) -> str:
    """The hub's address if each person's server has a name of its own below it; else empty.

    Another proxy in front of ours (CERTIFICATE=none) is at the port of HTTPS.
    """
    host = settings["SUBDOMAIN_HOST"].lower()
    port = "443" if settings["CERTIFICATE"] == "none" else settings["HTTPS_PORT"]
    return "" if not host else f"https://{host}" + ("" if port == "443" else f":{port}")


def shown_limits(settings: Mapping[str, str]) -> dict[str, Any]:
    """Traits of the spawner that show people's servers their limits, which systemd enforces."""
    limits: dict[str, Any] = {}
    if settings["MEMORY_LIMIT"] != "none":
        limits["mem_limit"] = settings["MEMORY_LIMIT"]
    if settings["CPU_LIMIT"] != "none":
        limits["cpu_limit"] = float(settings["CPU_LIMIT"])
    return limits


# An edited jupyterhub_config.py of an older version calls this itself.
def idle_culler(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """The hub's service that stops servers which nobody has used for IDLE_HOURS; none for 0."""
    hours = int(settings["IDLE_HOURS"])
    if not hours:
        return []
    culler = shlex.join(
        [
            *(sys.executable, "-m", "teamhub_hub.culler"),
            *(f"--timeout={hours * 3600}", "--cull-every=600"),
        ]
    )
    command = ["sh", "-c", f"sleep {FIRST_LOOK_SECONDS}; exec {culler}"]
    environment = {"PYTHONPATH": str(FOLDER)}
    return [{"name": CULLER, "command": command, "environment": environment}]
