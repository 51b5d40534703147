"""The server's own certificate authority, and the certificate that the proxy shows.

The authority can only speak for this server: its certificate carries name constraints (RFC 5280,
section 4.2.1.10), so that a team that imports it trusts it with nothing else.  Its key stays in a
directory that only root can enter.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from teamhub.system.remedies import retry_command
from teamhub.system.run import write_file
from teamhub.tls import constraints, key_pair
from teamhub.tls.key_pair import BLOCK, KeyPair, end_of, is_valid_now, spki, start_of
from teamhub.tls.names import ServerNames
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

DIRECTORY = Path("/etc/teamhub/tls")
CA_YEARS = 20
#: The longest life that browsers accept without exception (CA/Browser Forum, 398 days until 2026;
#: authorities that a person imports may go up to 825 on Apple's systems).
LEAF_DAYS = 397
#: A certificate that expires sooner than this is made again.
RENEW_DAYS = 60
#: Clocks of people's machines may be behind ours.
CLOCK_SKEW = datetime.timedelta(hours=1)


AUTHORITY = KeyPair(
    DIRECTORY / "ca.key",
    DIRECTORY / "ca.crt",
    f"rm {DIRECTORY}/ca.crt if the key is whole (it is made again, and imports stay valid), "
    f"or rm {DIRECTORY}/ca.* if it is not (everyone has to import a new authority)",
)
LEAF = KeyPair(
    DIRECTORY / "server.key",
    DIRECTORY / "server.crt",
    f"rm {DIRECTORY}/server.* (nobody has to import anything)",
)
#: The server's certificate with its authority's, as the running proxy got it.
IN_USE = Path("/run/credentials/teamhub-proxy.service/server.crt")


class LostAuthorityKey(TeamhubError):
    """The authority's key is gone, and there is no certificate that could go on serving."""


def ensure_certificates(names: ServerNames, *, renew: bool = False) -> list[str]:
    """Make what is missing, expires or does not cover `names`; return what was made, in words.

    With `renew`, the server's certificate is made again in any case, and with it its key.
    Raises BadKeyPair for files that exist but cannot be used: a key is never replaced unasked.
    Raises LostAuthorityKey if the authority's key is needed and gone.
    """
    made = []
    if AUTHORITY.key_path.exists() and not AUTHORITY.certificate_path.exists():
        made.append(restore_authority(names))
    if is_key_lost():
        if renew:
            raise LostAuthorityKey(f"{AUTHORITY.key_path} is missing", key_remedy())
        check_serves_on()
        return []
    if not AUTHORITY.exists() or not constraints.can_speak_for(AUTHORITY.load()[1], names):
        AUTHORITY.write(*make_authority(names))
        made.append("a new certificate authority; people have to import it (teamhub tls ca)")
    elif not is_valid_now(AUTHORITY.load()[1]):
        made.append(renew_authority(names))
    # DHCP changes addresses: that must not make everybody import another certificate.
    names = constraints.permitted(AUTHORITY.load()[1], names)
    if renew or not LEAF.exists() or not is_current(names):
        LEAF.write(*make_leaf(names))
        made.append(f"a certificate for {names}")
    return made


def renew_authority(names: ServerNames) -> str:
    """Make the authority's certificate again, of the same key, with dates of today; in words."""
    key, (_, before) = own_key(), AUTHORITY.load()
    AUTHORITY.write(key, [make_certificate(key, before.subject, names)])
    # the server's certificate has the authority's after it
    LEAF.certificate_path.unlink(missing_ok=True)
    return (
        f"the authority's certificate again, which was valid from {start_of(before):%Y-%m-%d} to "
        f"{end_of(before):%Y-%m-%d}; people have to import it (teamhub tls ca)"
    )


def is_key_lost() -> bool:
    """Whether the authority's certificate is there without its key."""
    return AUTHORITY.certificate_path.exists() and not AUTHORITY.key_path.exists()


def check_serves_on() -> None:
    """Raise LostAuthorityKey unless the server's present certificate, of that authority, is valid.

    Nothing can be made without the key, so what there is goes on serving.
    """
    if LEAF.exists() and is_own(LEAF) and end_of(LEAF.load()[1]) > key_pair.now():
        return
    raise LostAuthorityKey(f"{AUTHORITY.key_path} is missing", key_remedy())


def warning() -> str:
    """What an admin has to know of the authority, though the server serves; empty if nothing."""
    if not is_key_lost():
        return ""
    ends = f"{end_of(LEAF.load_certificate()):%Y-%m-%d}"
    return (
        f"{AUTHORITY.key_path} is missing: the server's certificate cannot be renewed and ends on "
        f"{ends}; {key_remedy()}"
    )


def key_remedy() -> str:
    """What to do without the authority's key."""
    return (
        f"put {AUTHORITY.key_path} back from a backup, or, if there is none, make a new authority, "
        f"which everyone has to import: rm {AUTHORITY.certificate_path}, then: {retry_command()}"
    )


def restore_authority(names: ServerNames) -> str:
    """Put the authority's certificate back, whose key is there; what was done, in words.

    It is the same one if the server's own certificate still has it after itself.  Otherwise one is
    made of the same key, with the same subject as far as that is known: browsers that imported the
    other find the same name and the same key, and verify what that has signed.
    """
    key = own_key()
    known = list(certificates_in(LEAF.certificate_path)) + list(certificates_in(IN_USE))
    same = [c for c in known if spki(c.public_key()) == spki(key.public_key())]
    subject = next(
        (c.issuer for c in known if is_signed_by(c, key.public_key())), own_subject(names)
    )
    certificate = same[0] if same else make_certificate(key, subject, names)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    write_file(AUTHORITY.certificate_path, pem, mode=0o644)
    how = "the same as before" if same else "made again from its key"
    return f"{AUTHORITY.certificate_path}, which was missing: {how}, so imports of it stay valid"


def certificates_in(path: Path) -> Iterator[x509.Certificate]:
    """The certificates of a PEM file; none if it is missing or damaged."""
    text = path.read_bytes() if path.exists() else b""
    for block in BLOCK.findall(text):
        with contextlib.suppress(ValueError):
            yield x509.load_pem_x509_certificate(block)


def is_signed_by(certificate: x509.Certificate, key: CertificatePublicKeyTypes) -> bool:
    """Whether a certificate names a key as its signer's."""
    try:
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    signer = x509.SubjectKeyIdentifier.from_public_key(key)
    return issuer.key_identifier == signer.digest


def is_own(pair: KeyPair) -> bool:
    """Whether the authority on disk has signed the certificate of a pair; not if there is none."""
    if not AUTHORITY.certificate_path.exists():
        return False
    return is_signed_by(pair.load_certificate(), AUTHORITY.load_certificate().public_key())


def own_key() -> ec.EllipticCurvePrivateKey:
    """The authority's key.  Raises BadKeyPair for one of another kind."""
    key = AUTHORITY.load_key()
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AUTHORITY.unusable("it is not an elliptic-curve key")
    return key


def make_authority(names: ServerNames) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """A certificate authority that can speak for `names` and for nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key, [make_certificate(key, own_subject(names), names)]


def own_subject(names: ServerNames) -> x509.Name:
    """The name of a new authority."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"teamhub on {names.first}"[:64])])


def make_certificate(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, names: ServerNames
) -> x509.Certificate:
    """The certificate of an authority; its serial number is a new one, as RFC 5280 4.1.2.2 asks."""
    today = key_pair.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - CLOCK_SKEW)
        .not_valid_after(today + datetime.timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(authority=True), critical=True)
        .add_extension(constraints.for_names(names), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_leaf(names: ServerNames) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """A server certificate for `names`, signed by the authority on disk, which follows it."""
    authority_key, (_, authority) = own_key(), AUTHORITY.load()
    key = ec.generate_private_key(ec.SECP256R1())
    today = key_pair.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(leaf_subject(names))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - CLOCK_SKEW)
        .not_valid_after(today + datetime.timedelta(days=LEAF_DAYS))
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


def leaf_subject(names: ServerNames) -> x509.Name:
    """The name of a server certificate.

    OpenSSL takes a common name that is an address for a host name, which the authority of a server
    without host names may not sign: with another word in it, it is none.
    """
    title = names.dns[0] if names.dns else f"address {names.first}"
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title[:64])])


def is_current(names: ServerNames) -> bool:
    """Whether the certificate on disk is the authority's, covers `names` and lasts a while.

    It is not the authority's if the admin used a certificate of their own before.
    """
    _, certificate = LEAF.load()
    _, authority = AUTHORITY.load()
    if not is_signed_by(certificate, authority.public_key()):
        return False
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = {
        *alternative.get_values_for_type(x509.DNSName),
        *alternative.get_values_for_type(x509.IPAddress),
    }
    lasts = end_of(certificate) - key_pair.now() > datetime.timedelta(days=RENEW_DAYS)
    return covered >= {*names.dns, *names.addresses} and is_valid_now(certificate) and lasts


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
