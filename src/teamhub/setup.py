"""The steps of the installation; each maintainer script calls them one by one.

Every step looks at what is there and does what is missing, so that a step which was killed, or run
twice, ends in the same state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from teamhub import accounts, names, ports, settings, tls, tokens, units
from teamhub.system import run


def report(line: str) -> None:
    """Tell the admin one thing; on stderr, since stdout is debconf's (debconf-devel(7))."""
    print(f"teamhub: {line}", file=sys.stderr, flush=True)


def set_up_service_account() -> None:
    """Check the account that runs the hub, and let it check people's passwords (group shadow).

    Every Debian system has the group and /etc/shadow readable by it (base-passwd).
    """
    accounts.check_service_account()
    if accounts.SERVICE_ACCOUNT not in accounts.members("shadow"):
        run(
            ["gpasswd", "--add", accounts.SERVICE_ACCOUNT, "shadow"],
            remedy="look whether /etc/group is writable and not locked (/etc/group.lock)",
        )


def set_up_people(users: str, admins: str) -> None:
    """Create the accounts that are missing and make the groups hold who was named."""
    membership = accounts.read_membership(users, admins)
    for name in accounts.create_accounts(membership.users):
        report(f"created the account {name}; give it a password with: passwd {name}")
    accounts.apply_membership(membership)
    for name, group in accounts.root_equivalent(membership.users).items():
        report(
            f"warning: {name} is in group {group} and could become root; "
            "the hub, which can act as any of its users, then could too"
        )


def set_up_settings() -> None:
    """Write teamhub.conf with every setting in it, and see that the hub's port is free."""
    first_time = not settings.PATH.exists()
    values = settings.read()
    ports.check_https(int(values["HTTPS_PORT"]))
    if first_time and values["HTTP_PORT"] != "off":
        listener = ports.foreign_listener(int(values["HTTP_PORT"]))
        if listener:
            report(f"port {values['HTTP_PORT']} is in use by {listener}: no redirect to HTTPS")
            values["HTTP_PORT"] = "off"
    settings.write(values)


def set_up_certificates() -> None:
    """Make the certificates that are missing, end soon, or do not cover the server's names."""
    wanted = settings.read()["SERVER_NAMES"].split()
    server_names = names.sort_names(wanted) if wanted else names.detect()
    made = tls.ensure_certificates(server_names)
    for thing in made:
        report(f"made {thing}")
    if made and units.is_active(ports.PROXY_UNIT):
        units.reload(ports.PROXY_UNIT)


def set_up_environment() -> None:
    """Make the shipped packages, with the team's, the current environment."""
    from teamhub.environment import apply

    apply.ensure_current(report)


#: The steps that take no arguments, by the name that the command line has for them.
STEPS: dict[str, Callable[[], None]] = {
    "service-account": set_up_service_account,
    "settings": set_up_settings,
    "certificates": set_up_certificates,
    "tokens": tokens.ensure_tokens,
    "environment": set_up_environment,
}
