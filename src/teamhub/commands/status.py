"""`teamhub status`: the state of the server, on one page."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from teamhub.environment.store.layout import SERVER
from teamhub.settings import conf
from teamhub.system import units
from teamhub.system.tables import table

if TYPE_CHECKING:
    from teamhub.environment.store.generations import Generation


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `status` to the command line."""
    command = commands.add_parser("status", help="show the state of the server on one page")
    command.set_defaults(run=show_status)


def show_status(_: argparse.Namespace) -> None:
    """Print units, login page, environment, disk, and which person runs on which generation."""
    from teamhub.environment import listings
    from teamhub.environment.store import prune
    from teamhub.environment.store.state import read_state
    from teamhub.hub import subdomains
    from teamhub.tls import overview

    for unit in (units.PROXY, units.HUB):
        print(f"{unit:24}{'runs' if units.is_active(unit) else 'does not run'}")
    values = conf.read()
    print(f"{'login page':24}{login_page(values)}")
    print(f"{'names':24}{subdomains.describe(values['SUBDOMAIN_HOST'])}")
    print(f"{'certificate':24}{overview.in_a_line(values)}")
    # It may be damaged, which is an error; what is above is to be seen all the same.
    state = read_state()
    print(f"{'environment':24}{environment(state.needed_current)}")
    print(f"{'disk':24}{prune.disk_bytes(SERVER.root) / 1e6:.0f} MB in {SERVER.root}")
    running = listings.running(state)
    print()
    if running:
        print("\n".join(table(running, ("user", "generation", "since", "processes"))))
    else:
        print("Nobody runs a server.")


def login_page(values: Mapping[str, str]) -> str:
    """Where people log in."""
    from teamhub.tls import names

    host = names.server_names(values).first
    if values["CERTIFICATE"] == "none":
        address = values["LISTEN_ADDRESS"] or "127.0.0.1"
        return f"at the proxy in front of {address} port {values['HTTP_PORT']}"
    port = values["HTTPS_PORT"]
    return f"https://{host}" + ("" if port == "443" else f":{port}")


def environment(now: Generation) -> str:
    """The current generation, in a few words."""
    made = now.made
    team = f", {len(made.team.specs) + len(made.team.pip)} asked for by the team"
    count = len(made.packages) + len(made.pip_packages)
    return f"generation {now.number} of {made.time}: {count} packages{team}"
