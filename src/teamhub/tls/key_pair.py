"""A private key and its certificate as two PEM files that only root can read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from teamhub.system.remedies import retry_command
from teamhub.system.run import write_file
from teamhub_shared import TeamhubError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        PrivateKeyTypes,
        PublicKeyTypes,
    )


class BadKeyPair(TeamhubError):
    """A key or certificate on disk cannot be used."""


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, as two PEM files."""

    key_path: Path
    certificate_path: Path

    def exists(self) -> bool:
        """Whether both files exist: one alone is from a step that was cut short."""
        return self.key_path.exists() and self.certificate_path.exists()

    def load(self) -> tuple[PrivateKeyTypes, x509.Certificate]:
        """Read both.  Raises BadKeyPair when they are damaged or do not belong together."""
        try:
            key = serialization.load_pem_private_key(self.key_path.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise self.unusable(str(error)) from error
        if spki(key.public_key()) != spki(certificate.public_key()):
            raise self.unusable("the key does not belong to the certificate")
        return key, certificate

    def unusable(self, reason: str) -> BadKeyPair:
        """The error for files that cannot be used."""
        return BadKeyPair(
            f"{self.key_path} with {self.certificate_path}: {reason}",
            f"put the files back from a backup, or remove both, then: {retry_command()}",
        )

    def write(self, key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> None:
        """Write both; only root can read them, since the folder is root's."""
        public = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain)
        self.write_pem(private_pem(key), public, certificate_mode=0o644)

    def write_pem(self, key: bytes, chain: bytes, *, certificate_mode: int) -> None:
        """Write both unchanged; the certificate last, since it makes the pair complete."""
        self.certificate_path.unlink(missing_ok=True)
        write_file(self.key_path, key, mode=0o600)
        write_file(self.certificate_path, chain, mode=certificate_mode)


def start_of(certificate: x509.Certificate) -> datetime.datetime:
    """When a certificate becomes valid."""
    if hasattr(certificate, "not_valid_before_utc"):  # new in cryptography 42; Debian 12 has 38
        return certificate.not_valid_before_utc
    return certificate.not_valid_before.replace(tzinfo=datetime.UTC)


def end_of(certificate: x509.Certificate) -> datetime.datetime:
    """When a certificate expires."""
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.UTC)


def private_pem(key: PrivateKeyTypes) -> bytes:
    """A private key as a file holds it, without a passphrase: nobody types one at boot."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def spki(key: PublicKeyTypes) -> bytes:
    """A public key as bytes; Debian 12's cryptography (38) cannot compare the objects."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
