"""`teamhub tls`: the server's certificates."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from teamhub.settings import conf
from teamhub.system.report import report
from teamhub_shared import TeamhubError
from teamhub_shared.rules import text_fault
from teamhub_shared.settings import BY_KEY

if TYPE_CHECKING:
    from teamhub.tls.overview import Overview

SOURCES = {
    "own": "own: made and renewed here, by an authority of this server's own",
    "acme": "acme: fetched and renewed from ACME_DIRECTORY of teamhub.conf",
    "files": "files: the admin's own, named in teamhub.conf",
}
COUNTED = (
    "warning: authorities count what they give out; Let's Encrypt gives five certificates a week "
    "for the same names"
)
NONE = "the proxy in front of this one has the certificate (CERTIFICATE=none)"
REMEDY = f"set CERTIFICATE=own in {conf.PATH}, then: teamhub apply"


class NoAuthority(TeamhubError):
    """The server's certificate was not made by an authority of its own."""


class NoCertificate(TeamhubError):
    """Another proxy in front of this one has the certificate."""


class BadName(TeamhubError):
    """What is to be a name of the server can be none."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tls` to the command line."""
    command = commands.add_parser("tls", help="the server's certificates")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    authority = actions.add_parser("ca", help="print the certificate to import")
    authority.set_defaults(run=print_authority)

    showing = actions.add_parser("show", help="show what the certificate says, and its state")
    showing.add_argument("--json", action="store_true", help="print JSON, for programs")
    showing.set_defaults(run=show)

    renewing = actions.add_parser(
        "renew", help="make or fetch the certificate again, or take up the files again"
    )
    renewing.set_defaults(run=renew)

    naming = actions.add_parser("names", help="list the names that it is valid for, or set them")
    naming.add_argument(
        "names", nargs="*", metavar="NAME", help='a host name or an address; "": find them'
    )
    naming.set_defaults(run=list_or_set_names)


def print_authority(_: argparse.Namespace) -> None:
    """Print the certificate that the team imports."""
    from teamhub.tls import authority, key_pair

    source = conf.read()["CERTIFICATE"]
    if source != "own":
        raise NoAuthority(
            f"with CERTIFICATE={source} people have nothing to import", f"to have one, {REMEDY}"
        )
    print(key_pair.read(authority.AUTHORITY.certificate_path).decode("ascii", "replace"), end="")


def show(chosen: argparse.Namespace) -> None:
    """Show the certificate that the proxy has, and whether it shows that one."""
    from teamhub.tls import overview

    values = conf.read()
    if values["CERTIFICATE"] == "none":
        print(json.dumps({"source": "none"}, indent=2) if chosen.json else NONE)
        return
    seen = overview.read(values)
    if chosen.json:
        print(json.dumps(seen.as_json(), indent=2))
        return
    for label, text in rows(seen):
        print(f"{label:16}{text}")


def rows(seen: Overview) -> Iterator[tuple[str, str]]:
    """The lines of an overview, each with its label."""
    from teamhub.tls import overview

    kept = seen.kept
    yield "source", SOURCES[seen.source]
    yield "names", " ".join(kept.covered.dns) or "none"
    yield "addresses", " ".join(map(str, kept.covered.addresses)) or "none"
    yield "valid from", kept.valid_from
    yield "valid until", f"{kept.valid_until} ({kept.days_left} days left)"
    yield "issuer", kept.issuer
    yield "SHA-256", kept.sha256
    if seen.authority:
        yield "authority", f"{seen.authority.sha256}, valid until {seen.authority.valid_until}"
    yield "in use", overview.words_on_use(seen)
    if seen.not_covered.all:
        yield "not valid for", f"{seen.not_covered}; {overview.words_on_missing(seen)}"
    if seen.fault:
        yield "wrong", seen.fault


def renew(_: argparse.Namespace) -> None:
    """Have the proxy show a certificate that is made, or taken up, now."""
    from teamhub.tls import acme_tries, certificates

    values = conf.read()
    refuse_none(values)
    if values["CERTIFICATE"] == "acme":
        report(COUNTED)
        acme_tries.fetch(values, report)
    certificates.ensure(values, report, renew=True)
    tell(values)


def list_or_set_names(chosen: argparse.Namespace) -> None:
    """Print the names that the certificate is valid for, or have it made for others."""
    values = conf.read()
    refuse_none(values)
    if chosen.names:
        set_names(chosen.names)
    else:
        list_names(values)


def list_names(values: Mapping[str, str]) -> None:
    """Print what the certificate is valid for, one a line; on stderr, who says so."""
    from teamhub.tls import authority, overview

    _, certificate = authority.LEAF.load()
    for name in overview.covered_by(certificate).all:
        print(name)
    if values["CERTIFICATE"] == "files":
        report(f"these are in {values['CERTIFICATE_FILE']}")
    elif values["CERTIFICATE"] == "acme":
        report(f"these are in the certificate that serves; {overview.in_a_line(values)}")
    elif values["SERVER_NAMES"]:
        report(f"these are SERVER_NAMES of {conf.PATH}")
    else:
        report(f"these were found on this server, since SERVER_NAMES of {conf.PATH} is empty")


def set_names(names: Sequence[str]) -> None:
    """Put names into teamhub.conf, and have the certificate made, or checked, for them."""
    from teamhub import steps
    from teamhub.tls import acme_tries, certificates

    conf.check_is_there()
    key, text = conf.tidy(f"SERVER_NAMES={' '.join(names)}")
    if fault := text_fault(text) or BY_KEY[key].rule.fault(text):
        raise BadName(fault, "type host names and addresses: teamhub tls names hub.example.org")
    answer = f"{key}={text}"
    values = conf.read([answer])
    certificates.check(values)
    steps.set_up_settings([answer])
    report(f'{key}="{text}" is in {conf.PATH}')
    if values["CERTIFICATE"] == "acme":
        acme_tries.fetch(values, report)
    certificates.ensure(values, report, renew=True)
    tell(values)


def tell(values: Mapping[str, str]) -> None:
    """Report whether the proxy shows the certificate, and what that is not valid for."""
    from teamhub.tls import overview

    seen = overview.wait_until_in_use(values)
    if seen.in_use:
        report(f"the proxy shows it, valid until {seen.kept.valid_until}; open connections go on")
    else:
        report(f"warning: in use: {overview.words_on_use(seen)}")
    if seen.not_covered.all:
        missing = overview.words_on_missing(seen)
        report(f"warning: it is not valid for {seen.not_covered}: {missing}")


def refuse_none(values: Mapping[str, str]) -> None:
    """Raise NoCertificate if another proxy has the certificate."""
    if values["CERTIFICATE"] == "none":
        raise NoCertificate(NONE, f"renew it there; or, to have one here, {REMEDY}")
