"""The certificate that the proxy shows: the server's own, one by ACME, or the admin's."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from teamhub.system import units
from teamhub.system.run import cannot_write
from teamhub.tls import acme, acme_tries, admin_pair, authority, names, watch
from teamhub.tls.names import ServerNames

#: Seconds for which a pair that cannot serve has to stay as it is before it is called so: whoever
#: renews one writes one file after the other.
QUIET = 3.0
#: Seconds after which a pair that changes all the time is taken as it is.
PATIENCE = 30.0
#: Seconds between two looks.
PAUSE = 0.2

#: What tells one state of the admin's files from another.
State = tuple[tuple[int, ...], ...]


def check(values: Mapping[str, str]) -> None:
    """Raise BadCertificate when the settings name files that cannot be used.

    Raises NoClient or NoFullName where nothing could be fetched by ACME.
    """
    if values["CERTIFICATE"] == "files":
        checked_files(values)
    if values["CERTIFICATE"] == "acme":
        acme.check(values)


def ensure(
    values: Mapping[str, str], report: Callable[[str], None], *, renew: bool = False
) -> None:
    """Put the certificate that the settings ask for in place, and have the proxy show it.

    With CERTIFICATE=none there is one too: the proxy's unit always loads it.  With `renew`, the
    server's own is made again though it is in order, and the proxy reads it again in any case.
    Raises BadCertificate, BadKeyPair or LostAuthorityKey; then nothing has changed.
    """
    watch.apply(values, report)
    acme_tries.keep_timer(values, report)
    # systemd may look at renewed files while their admin's own hook does
    with alone(authority.LEAF.key_path.parent):
        if values["CERTIFICATE"] == "files":
            made = take_up_files(values, report)
        elif values["CERTIFICATE"] == "acme":
            made = take_up_given(values, report)
        else:
            made = make_own(values, report, renew=renew)
    for thing in made:
        report(thing)
    if (made or renew) and units.is_active(units.PROXY):
        units.reload(units.PROXY)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process changes what is in the folder, and keep others from it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def take_up_files(values: Mapping[str, str], report: Callable[[str], None]) -> list[str]:
    """Copy the admin's own pair for the proxy, if it is another; what was done, in words."""
    pair = settled_files(values)
    for warning in pair.warnings:
        report(f"warning: {warning}")
    if not admin_pair.install(pair, authority.LEAF):
        return []
    return [f"copied the certificate of {values['CERTIFICATE_FILE']}"]


def take_up_given(values: Mapping[str, str], report: Callable[[str], None]) -> list[str]:
    """Give the proxy what the authority gave last, if it is another; what was done, in words.

    Until it gives one that may serve, what there is goes on: the server's own at first.
    """
    try:
        pair = acme.pair(values)
    except admin_pair.BadCertificate as error:
        report(f"warning: what the authority has given is not used: {error.problem}")
        pair = None
    if pair is None:
        is_anothers = authority.LEAF.exists() and not authority.is_own(authority.LEAF)
        return [] if is_anothers else make_own(values, report, renew=False)
    acme_tries.end_row(values)
    if not admin_pair.install(pair, authority.LEAF):
        return []
    return [f"took up the certificate of {values['ACME_DIRECTORY']}"]


def make_own(values: Mapping[str, str], report: Callable[[str], None], *, renew: bool) -> list[str]:
    """Make what is missing or due of the server's own certificates; what was made, in words."""
    made = authority.ensure_certificates(names.server_names(values), renew=renew)
    if warning := authority.warning():
        report(f"warning: {warning}")
    return [f"made {thing}" for thing in made]


def settled_files(values: Mapping[str, str]) -> admin_pair.Checked:
    """The admin's own pair, once nobody changes it.

    One that cannot serve may be half of a renewal, so it is looked at again for as long as its
    files are new.  And systemd sees no change while this runs, so this looks for one at its end.
    """
    end = time.monotonic() + PATIENCE
    while True:
        before = state_of_files(values)
        fault = None
        try:
            pair = checked_files(values)
        except admin_pair.BadCertificate as error:
            fault = error
        is_settled = before == state_of_files(values) and (fault is None or not is_new(before))
        if is_settled or time.monotonic() > end:
            if fault:
                raise fault
            return pair
        time.sleep(PAUSE)


def state_of_files(values: Mapping[str, str]) -> State:
    """Which files the settings lead to now, and when each was changed; nothing of a missing one."""
    found: list[tuple[int, ...]] = []
    for key in watch.FILES:
        try:
            status = Path(values[key]).stat()
        except OSError:
            found.append(())
        else:
            found.append((status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns))
    return tuple(found)


def is_new(state: State) -> bool:
    """Whether a file was changed within the last seconds; in the future none was."""
    changes = [file[-1] / 1e9 for file in state if file]
    return any(0 <= time.time() - change < QUIET for change in changes)


def checked_files(values: Mapping[str, str]) -> admin_pair.Checked:
    """The admin's own pair.  Raises BadCertificate."""
    certificate, key = (Path(values[name]) for name in watch.FILES)
    return admin_pair.check(certificate, key, needed_names(values).dns)


def needed_names(values: Mapping[str, str]) -> ServerNames:
    """The names and addresses for which the certificate has to be valid."""
    if values["CERTIFICATE"] == "acme" and not values["SERVER_NAMES"]:
        return ServerNames(names.acme_hosts(values), ())
    found = names.server_names(values)
    if values["CERTIFICATE"] == "files" and not values["SERVER_NAMES"]:
        # no public authority signs localhost, a name without a domain or a private address
        return ServerNames(found.dns[: 2 if values["SUBDOMAIN_HOST"] else 1], ())
    return found
