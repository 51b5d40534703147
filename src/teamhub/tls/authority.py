"""The server's own certificate authority, and the certificate that the proxy shows.

The authority can only speak for this server: its certificate carries name constraints (RFC 5280,
section 4.2.1.10), so that a team that imports it trusts it with nothing else.  Its key stays in a
directory that only root can enter.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from teamhub.tls.key_pair import KeyPair, end_of
from teamhub.tls.names import ServerNames

DIRECTORY = Path("/etc/teamhub/tls")
CA_YEARS = 20
#: The longest life that browsers accept without exception (CA/Browser Forum, 398 days until 2026;
#: authorities that a person imports may go up to 825 on Apple's systems).
LEAF_DAYS = 397
#: A certificate that expires sooner than this is made again.
RENEW_DAYS = 60
#: Clocks of people's machines may be behind ours.
CLOCK_SKEW = datetime.timedelta(hours=1)


AUTHORITY = KeyPair(DIRECTORY / "ca.key", DIRECTORY / "ca.crt")
LEAF = KeyPair(DIRECTORY / "server.key", DIRECTORY / "server.crt")


def ensure_certificates(names: ServerNames) -> list[str]:
    """Make what is missing, expires or does not cover `names`; return what was made, in words.

    Raises BadKeyPair for files that exist but cannot be used: a key is never replaced unasked.
    """
    made = []
    if not AUTHORITY.exists() or permitted(AUTHORITY.load()[1], names).dns != names.dns:
        AUTHORITY.write(*make_authority(names))
        made.append("a new certificate authority; people have to import it (teamhub tls ca)")
    # DHCP changes addresses: that must not make everybody import another certificate.
    names = permitted(AUTHORITY.load()[1], names)
    if not LEAF.exists() or not is_current(names):
        LEAF.write(*make_leaf(names))
        made.append(f"a certificate for {names}")
    return made


def make_authority(names: ServerNames) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """A certificate authority that can speak for `names` and for nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"teamhub on {names.dns[0]}"[:64])]
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + datetime.timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, [certificate]


def make_leaf(names: ServerNames) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """A server certificate for `names`, signed by the authority on disk, which follows it."""
    authority_key, authority = AUTHORITY.load()
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise AUTHORITY.unusable("it is not an elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names.dns[0][:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + datetime.timedelta(days=LEAF_DAYS))
        .add_extension(x509.SubjectAlternativeName(general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return key, [certificate, authority]


def is_current(names: ServerNames) -> bool:
    """Whether the certificate on disk is the authority's, covers `names` and lasts a while.

    It is not the authority's if the admin used a certificate of their own before.
    """
    _, certificate = LEAF.load()
    _, authority = AUTHORITY.load()
    if not is_issued_by(certificate, authority):
        return False
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = {
        *alternative.get_values_for_type(x509.DNSName),
        *alternative.get_values_for_type(x509.IPAddress),
    }
    left = end_of(certificate) - datetime.datetime.now(datetime.UTC)
    return covered >= {*names.dns, *names.addresses} and left > datetime.timedelta(days=RENEW_DAYS)


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether a certificate names the authority's key as its signer's."""
    try:
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    signer = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    return issuer.key_identifier == signer.digest


def permitted(authority: x509.Certificate, names: ServerNames) -> ServerNames:
    """Those of `names` that an authority's name constraints allow it to speak for."""
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    allowed = {subtree.value for subtree in constraints.permitted_subtrees or ()}
    return ServerNames(
        tuple(name for name in names.dns if name in allowed),
        tuple(address for address in names.addresses if ipaddress.ip_network(address) in allowed),
    )


def permitted_subtrees(names: ServerNames) -> list[x509.GeneralName]:
    """The name constraint for `names`: those names and those single addresses."""
    return [
        *(x509.DNSName(name) for name in names.dns),
        *(x509.IPAddress(ipaddress.ip_network(address)) for address in names.addresses),
    ]


def general_names(names: ServerNames) -> list[x509.GeneralName]:
    """`names` as a certificate's subject alternative names."""
    return [
        *(x509.DNSName(name) for name in names.dns),
        *(x509.IPAddress(address) for address in names.addresses),
    ]


def key_usage(*, authority: bool) -> x509.KeyUsage:
    """What a key may be used for: to sign certificates, or to show who the server is."""
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
