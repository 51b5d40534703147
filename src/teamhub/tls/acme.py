"""A certificate that is fetched by ACME: what the authority gave last, and whether another is due.

`teamhub-acme.service` gets it (tls/acme_order.py), and everything here is root, to whom the folder
of that unit is another's: no link in it is followed, and what it holds is checked like the admin's
own files before the proxy gets it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from teamhub.system.remedies import retry_command
from teamhub.system.run import write_file
from teamhub.tls import acme_order, admin_pair, authority, key_pair, names
from teamhub_shared import TeamhubError

#: The state folder of the unit, whose account changes; root alone can enter the folder above.
STATE = Path("/var/lib/private/teamhub-acme")
#: A key, a chain and a message take a few thousand bytes.
LARGEST = 1_000_000
LONGEST_LINE = 1000


class NoClient(TeamhubError):
    """The program that speaks ACME is not installed."""


class FetchFailed(TeamhubError):
    """The authority gave no certificate."""


@dataclass(frozen=True)
class Given:
    """What the authority of the settings gave last, unchecked."""

    content: bytes
    certificate: x509.Certificate


def check(values: Mapping[str, str]) -> None:
    """Raise NoClient or NoFullName where no certificate could be fetched under these settings."""
    names.acme_hosts(values)
    if not shutil.which(acme_order.UACME):
        raise NoClient(
            f"CERTIFICATE=acme needs the program {acme_order.UACME}, which is not installed",
            f"apt install {acme_order.UACME}, then: {retry_command()}",
        )


def given(values: Mapping[str, str]) -> Given | None:
    """What the authority gave last; none if there is nothing in which a certificate can be read."""
    content = read_foreign(STATE / acme_order.file_name(values["ACME_DIRECTORY"]))
    for block in key_pair.BLOCK.findall(content):
        try:
            return Given(content, x509.load_pem_x509_certificate(block))
        except ValueError:
            return None
    return None


def read_foreign(path: Path) -> bytes:
    """A plain file that another account made; nothing if it is missing, a link or anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LARGEST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def is_due(found: Given | None, values: Mapping[str, str]) -> bool:
    """Whether the authority is to be asked for another certificate.

    It is in the last third of a certificate's life, 30 days of 90, as Let's Encrypt advises: some
    authorities sign for a day.  And it is where a name is missing.
    """
    if found is None:
        return True
    start, end = key_pair.start_of(found.certificate), key_pair.end_of(found.certificate)
    if key_pair.now() > end - (end - start) / 3:
        return True
    try:
        admin_pair.check_hosts(found.certificate, STATE, names.acme_hosts(values))
    except (admin_pair.BadCertificate, ValueError):
        return True
    return False


def pair(values: Mapping[str, str]) -> admin_pair.Checked | None:
    """What the authority gave last, if it may serve; none if it gave nothing yet.

    Raises BadCertificate for one that may not.
    """
    found = given(values)
    if found is None:
        return None
    # OpenSSL reads files only, and in this folder nobody else changes one
    copy = authority.LEAF.key_path.with_name("acme.pem")
    write_file(copy, found.content, mode=0o600)
    try:
        return admin_pair.check(copy, copy, names.acme_hosts(values))
    except ValueError as error:
        raise admin_pair.bad(copy, f"it is damaged: {error}", "teamhub tls renew") from error


def last_failure() -> FetchFailed | None:
    """Why the last order failed, as the unit has left it; none if it did not."""
    text = read_foreign(STATE / acme_order.FAILURE).decode("utf-8", "replace")
    lines = ["".join(filter(str.isprintable, line))[:LONGEST_LINE] for line in text.splitlines()]
    return FetchFailed(lines[0], lines[1]) if len(lines) > 1 else None
