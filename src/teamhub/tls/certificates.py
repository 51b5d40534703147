"""The certificate that the proxy shows: the server's own, or the admin's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from teamhub.system import units
from teamhub.tls import admin_pair, authority, names


def check(values: Mapping[str, str]) -> None:
    """Raise BadCertificate when the settings name files that cannot be used."""
    if values["CERTIFICATE"] == "files":
        checked_files(values)


def ensure(values: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Put the certificate that the settings ask for in place, and have the proxy show it.

    With CERTIFICATE=none there is one too: the proxy's unit always loads it.
    Raises BadCertificate or BadKeyPair; then nothing has changed.
    """
    if values["CERTIFICATE"] == "files":
        pair = checked_files(values)
        for warning in pair.warnings:
            report(f"warning: {warning}")
        made = []
        if admin_pair.install(pair, authority.LEAF):
            made.append(f"copied the certificate of {values['CERTIFICATE_FILE']}")
    else:
        made = [
            f"made {thing}" for thing in authority.ensure_certificates(names.server_names(values))
        ]
        if warning := authority.warning():
            report(f"warning: {warning}")
    for thing in made:
        report(thing)
    if made and units.is_active(units.PROXY):
        units.reload(units.PROXY)


def checked_files(values: Mapping[str, str]) -> admin_pair.Checked:
    """The admin's own pair."""
    hosts = names.server_names(values).dns
    if not values["SERVER_NAMES"]:
        # no public authority signs localhost or a name without a domain
        hosts = hosts[: 2 if values["SUBDOMAIN_HOST"] else 1]
    return admin_pair.check(Path(values["CERTIFICATE_FILE"]), Path(values["KEY_FILE"]), hosts)
