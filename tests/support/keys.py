"""gpg keys that sign a test's repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def signing_keys(names: Sequence[str]) -> Iterator[list[str]]:
    """Ed25519 keys without a passphrase, by their fingerprints; gpg knows no others meanwhile."""
    # gpg-agent's socket must have a short path
    home = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    before = os.environ.get("GNUPGHOME")
    os.environ["GNUPGHOME"] = home
    try:
        for name in names:
            make_key(name)
        listed = subprocess.run(
            ["gpg", "--batch", "--with-colons", "--list-secret-keys"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        yield [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ["GNUPGHOME"]
        else:
            os.environ["GNUPGHOME"] = before


def make_key(name: str, *, passphrase: str = "", expires: str = "never") -> None:
    """An Ed25519 key in the keyring of GNUPGHOME; another of the name may be there."""
    gpg = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase]
    command = [*gpg, "--yes", "--quick-generate-key", name, "ed25519", "sign", expires]
    subprocess.run(command, check=True, capture_output=True)
