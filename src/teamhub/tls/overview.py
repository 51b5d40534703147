"""What there is to know of the certificate: what it says, and whether the proxy shows it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from teamhub.system import units
from teamhub.tls import acme_tries, admin_pair, authority, certificates, constraints, key_pair
from teamhub.tls.names import ServerNames
from teamhub_shared import TeamhubError

#: For the proxy's answer; it is on this machine.
SECONDS = 5.0
PAUSE = 0.1


@dataclass(frozen=True)
class Facts:
    """What a certificate says."""

    covered: ServerNames
    valid_from: str
    valid_until: str
    days_left: int
    issuer: str
    #: As browsers and openssl print it.
    sha256: str

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Facts:
        """Read them; times are in UTC."""
        end = key_pair.end_of(certificate)
        return cls(
            covered=covered_by(certificate),
            valid_from=f"{key_pair.start_of(certificate):%Y-%m-%d %H:%M} UTC",
            valid_until=f"{end:%Y-%m-%d %H:%M} UTC",
            days_left=(end - key_pair.now()).days,
            issuer=certificate.issuer.rfc4514_string(),
            sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        )

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "names": list(self.covered.dns),
            "addresses": [str(address) for address in self.covered.addresses],
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
            "days_left": self.days_left,
            "issuer": self.issuer,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Overview:
    """The certificate that the proxy has, and what differs from it."""

    source: str
    #: What the proxy shows from its next start or reload on.
    kept: Facts
    #: What it shows now; none if nothing answers at its port.
    shown: Facts | None
    #: Of the server's own authority.
    authority: Facts | None
    not_covered: ServerNames
    #: Why the certificate is not, or will not long be, what it should be; empty if it is.
    fault: str

    @property
    def in_use(self) -> bool:
        """Whether the running proxy shows it."""
        return self.shown is not None and self.shown.sha256 == self.kept.sha256

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "source": self.source,
            "certificate": self.kept.as_json(),
            "in_use": self.in_use,
            "shown": self.shown.as_json() if self.shown else None,
            "authority": self.authority.as_json() if self.authority else None,
            "not_covered": self.not_covered.all,
            "fault": self.fault,
        }


def read(values: Mapping[str, str]) -> Overview:
    """Look at the certificate, at the admin's files, and at what the proxy shows.

    Raises BadKeyPair if what the proxy has is missing or damaged.
    """
    _, certificate = authority.LEAF.load()
    kept = Facts.of(certificate)
    is_own = values["CERTIFICATE"] == "own"
    return Overview(
        source=values["CERTIFICATE"],
        kept=kept,
        shown=shown_by_proxy(values),
        authority=Facts.of(authority.AUTHORITY.load_certificate()) if is_own else None,
        not_covered=not_covered(certificates.needed_names(values), kept.covered),
        fault=fault_of(values, certificate),
    )


def covered_by(certificate: x509.Certificate) -> ServerNames:
    """The names and addresses for which a certificate is valid."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ServerNames((), ())
    names = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    addresses = [ip_address(str(a)) for a in found.get_values_for_type(x509.IPAddress)]
    return ServerNames(tuple(names), tuple(addresses))


def not_covered(needed: ServerNames, covered: ServerNames) -> ServerNames:
    """Those of the names that people type for which browsers would warn."""
    return ServerNames(
        tuple(h for h in needed.dns if not any(admin_pair.covers(n, h) for n in covered.dns)),
        tuple(address for address in needed.addresses if address not in covered.addresses),
    )


def fault_of(values: Mapping[str, str], kept: x509.Certificate) -> str:
    """Why the certificate is not, or will not long be, what it should be; empty if it is."""
    if values["CERTIFICATE"] == "own":
        return authority.warning()
    if values["CERTIFICATE"] == "acme":
        return acme_tries.fault(values, kept)
    return fault_of_files(values, kept)


def fault_of_files(values: Mapping[str, str], kept: x509.Certificate) -> str:
    """Why the proxy does not have what the admin's files hold; empty if it does."""
    try:
        pair = certificates.checked_files(values)
    except admin_pair.BadCertificate as error:
        return in_one_line(error)
    if x509.load_pem_x509_certificate(pair.chain) != kept:
        return (
            f"{values['CERTIFICATE_FILE']} holds another certificate; "
            "to have the proxy show that one: teamhub tls renew"
        )
    return ""


def shown_by_proxy(values: Mapping[str, str]) -> Facts | None:
    """What a browser that connects now is shown; nothing if none is."""
    # only its words are read, so there is nothing to verify
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = (values["LISTEN_ADDRESS"] or "127.0.0.1", int(values["HTTPS_PORT"]))
    try:
        with (
            socket.create_connection(address, SECONDS) as connection,
            context.wrap_socket(connection) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
        return Facts.of(x509.load_der_x509_certificate(shown or b""))
    except (OSError, ValueError):
        return None


def wait_until_in_use(values: Mapping[str, str]) -> Overview:
    """The overview once the proxy shows the certificate, or after SECONDS if it does not."""
    end = time.monotonic() + SECONDS
    while not (seen := read(values)).in_use and time.monotonic() < end:
        time.sleep(PAUSE)
    return seen


def words_on_use(overview: Overview) -> str:
    """Whether the proxy shows the certificate; if not, why, and what to do."""
    if overview.in_use:
        return "yes"
    if overview.shown is None:
        return f"no: {units.PROXY} does not answer; to start it: teamhub apply"
    return (
        f"no: the proxy shows another, {overview.shown.sha256}, "
        f"valid until {overview.shown.valid_until}; to have it show this one: teamhub tls renew"
    )


def words_on_missing(overview: Overview) -> str:
    """What to do for names that are not covered."""
    if overview.source == "files":
        return "get a certificate for them, or take them out of SERVER_NAMES"
    if overview.source == "acme":
        return "by ACME there is one for full host names alone, as soon as the authority gives it"
    own = authority.AUTHORITY.load_certificate()
    if constraints.permitted(own, overview.not_covered) == overview.not_covered:
        return "to have it cover them: teamhub tls renew"
    pair = f"{authority.AUTHORITY.key_path} {authority.AUTHORITY.certificate_path}"
    return (
        "the authority was made without them; "
        f"to have a new one, which everyone has to import: rm {pair}; teamhub apply"
    )


def in_a_line(values: Mapping[str, str]) -> str:
    """Where the certificate comes from, how long it is valid, and what is wrong."""
    source = values["CERTIFICATE"]
    if source == "none":
        return "none: the proxy in front of this one has it"
    try:
        overview = read(values)
    except TeamhubError as error:
        return f"{source}: {in_one_line(error)}"
    kept = overview.kept
    line = f"{source}, valid until {kept.valid_until} ({kept.days_left} days left)"
    other = "" if overview.in_use or not overview.shown else f"in use: {words_on_use(overview)}"
    return "; ".join(filter(None, [line, overview.fault, other]))


def in_one_line(error: TeamhubError) -> str:
    """An error as a part of a line."""
    return f"{error.problem}; {error.remedy}"
