"""The steps of the installation; each maintainer script calls them one by one.

Every step looks at what is there and does what is missing, so that a step which was killed, or run
twice, ends in the same state.  A step that needs large modules imports them itself: most runs of
the command need none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from teamhub.hub import ports
from teamhub.people import accounts, homes, limits, membership, root_rights, system_accounts
from teamhub.settings import conf
from teamhub.system import room
from teamhub.system.remedies import in_maintainer_script
from teamhub.system.report import report
from teamhub.system.run import run
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import SERVICE_ACCOUNT, USERS_GROUP

#: The hub's own folder.
STATE = Path("/var/lib/teamhub")
#: Where adduser makes homes, unless adduser.conf says otherwise.
HOMES = Path("/home")
#: For an authority's answer; it takes some seconds.
ACME_SECONDS = 60.0


def check(users: str, admins: str, answers: Sequence[str]) -> None:
    """Check all that the steps below will need, and change nothing."""
    from teamhub.hub import conffiles

    conffiles.check()
    wanted = membership.read_membership(users, admins)
    values = conf.read(answers)
    accounts.check_accounts(wanted.users, may_create=values["CREATE_ACCOUNTS"] == "yes")
    if accounts.missing(wanted.users):
        room.require(HOMES, room.MB)
    check_settings(values)


def check_settings(values: Mapping[str, str]) -> None:
    """Check ports, the certificate, and whether the hub could start under these settings."""
    from teamhub.hub import services
    from teamhub.tls import certificates

    room.require_small_needs()
    warn_of_unknown_keys()
    homes.warn(accounts.members(USERS_GROUP))
    ports.check(values, first_time=not conf.PATH.exists())
    certificates.check(values)
    # Only for a hub that is to start, since it takes seconds.  An upgrade may bring a configuration
    # that only its own environment can load: then it is checked in that one, once it is there.
    if environment_is_up_to_date() and services.hub_is_to_start(values):
        check_hub(values)


def environment_is_up_to_date() -> bool:
    """Whether the current environment is the one that this version of the package is to have.

    Raises DamagedStore, unless a maintainer script called: its step `environment` comes later.
    """
    from teamhub.environment.store.damaged import DamagedStore
    from teamhub.environment.store.state import read_state

    try:
        return read_state().is_up_to_date
    except DamagedStore:
        if in_maintainer_script():
            return False
        raise


def warn_of_unknown_keys() -> None:
    """Report keys in teamhub.conf that set nothing, such as misspelt ones."""
    for key, meant in conf.unknown_keys().items():
        hint = f"; did you mean {meant}?" if meant else ""
        report(f"warning: {conf.PATH} sets {key}, which is not a setting of teamhub{hint}")


def check_hub(values: Mapping[str, str]) -> None:
    """Check the hub's configuration under these settings, and its database."""
    from teamhub.hub import check as hub_check

    hub_check.check(values, report)


def set_up_service_account() -> None:
    """Check the account that runs the hub, and let it check people's passwords (group shadow).

    Every Debian system has the group and /etc/shadow readable by it (base-passwd).
    """
    accounts.check_service_account()
    system_accounts.take_over(STATE, report)
    if SERVICE_ACCOUNT not in accounts.members("shadow"):
        run(
            ["gpasswd", "--add", SERVICE_ACCOUNT, "shadow"],
            remedy=membership.GROUP_REMEDY,
        )


def set_up_settings(answers: Sequence[str]) -> None:
    """Write teamhub.conf with every setting in it."""
    first_time = not conf.PATH.exists()
    values = conf.read(answers)
    holder = ports.without_redirect(values) if first_time else None
    if holder:
        report(f"port {values['HTTP_PORT']} is in use by {holder}: no redirect to HTTPS")
        values["HTTP_PORT"] = "off"
    conf.write(values)


def set_up_people(users: str, admins: str) -> None:
    """Create the accounts that are missing, and put the named people into the groups."""
    wanted = membership.read_membership(users, admins)
    before = accounts.members(USERS_GROUP)
    accounts.create_accounts(
        wanted.users,
        lambda name: report(
            f"created the account {name}; give it a password with: teamhub user passwd {name}"
        ),
    )
    membership.apply_membership(wanted)
    root_rights.warn(wanted.users, already_in=before)


def set_up_tokens() -> None:
    """Make the two secrets that the hub shares, unless they are there and whole."""
    from teamhub.hub import tokens

    tokens.ensure_tokens(report)


def set_up_certificates() -> None:
    """Make or copy the certificate, unless the present one is usable."""
    from teamhub.tls import certificates

    certificates.ensure(conf.read(), report)


def set_up_acme() -> None:
    """With CERTIFICATE=acme, have a certificate fetched if one is due, without waiting for it."""
    from teamhub.tls import acme_tries

    acme_tries.begin(conf.read(), report)


def fetch_certificate(values: Mapping[str, str]) -> None:
    """The same, and wait for it a while; if there is none, that is reported.

    What was served before goes on, and systemd tries again.
    """
    from teamhub.tls import acme_tries, certificates

    if not acme_tries.may_begin(values):
        return
    try:
        if acme_tries.fetch(values, report, seconds=ACME_SECONDS):
            certificates.ensure(values, report)
        else:
            report("it is still being fetched; what becomes of it: teamhub tls show")
    except TeamhubError as error:
        when = acme_tries.words_on_next(values)
        report(f"warning: {error.problem}; {when}; {error.remedy}")


def set_up_limits() -> None:
    """Have systemd limit what each person's processes may take."""
    if limits.apply(conf.read()):
        report("set the limits of each person; they also hold for running servers")


def repair_environment() -> None:
    """Take back what is damaged in the environments; where there are none, that is no error."""
    from teamhub.environment import apply
    from teamhub.environment.store.state import NoCurrent

    with suppress(NoCurrent):
        apply.repair_all(report, of_current_alone=True)


def set_up_environment() -> None:
    """Make the shipped packages, with the team's, the current environment, if the hub can start.

    A generation whose hub cannot start with its configuration and its database is dropped.
    """
    from teamhub.environment import apply
    from teamhub.environment.checks import NODE, USER_PROGRAMS
    from teamhub.environment.store import generations
    from teamhub.hub import check as hub_check

    hub = hub_check.HubCheck(conf.read(), report)
    apply.ensure_current(report, checks=(*USER_PROGRAMS, NODE, hub))
    if not hub.has_passed:
        hub.run(generations.CURRENT)


def set_up_services() -> None:
    """Have the proxy and the hub run with what is there now, and wait for the hub."""
    from teamhub.hub import earlier_servers, services
    from teamhub.system import units

    hub_is_stopped = system_accounts.has_earlier_home() and units.is_active(units.HUB)
    if hub_is_stopped:
        units.stop(units.HUB)
    if system_accounts.has_earlier_home():
        system_accounts.leave_home(report)
    services.restart_stale(conf.read(), report)
    if hub_is_stopped:
        units.start(units.HUB)
    services.start_stopped(report)
    earlier_servers.forward(report)
    services.wait_for_hub(report)


def put_back_lost() -> None:
    """Make accounts, folders and conffiles again that are missing; raise for one that is torn."""
    from teamhub.hub import conffiles

    system_accounts.put_back(report)
    set_up_service_account()
    for done in conffiles.repair(missing_alone=True):
        report(done)
    conffiles.check()


def apply() -> None:
    """Put back what has been lost, check teamhub.conf and do all that follows from it."""
    put_back_lost()
    conf.check_is_there()
    check_settings(conf.read())
    set_up_settings(())
    set_up_tokens()
    set_up_certificates()
    set_up_limits()
    set_up_services()
    fetch_certificate(conf.read())


#: The steps that take no arguments, by the name that the command line has for them.
STEPS: dict[str, Callable[[], None]] = {
    "service-account": set_up_service_account,
    "tokens": set_up_tokens,
    "certificates": set_up_certificates,
    "acme": set_up_acme,
    "limits": set_up_limits,
    "repair": repair_environment,
    "environment": set_up_environment,
    "services": set_up_services,
}
