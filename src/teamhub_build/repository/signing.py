"""Signatures by gpg, which never asks: nobody may be there."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from teamhub_shared import TeamhubError

#: A passphrase has to be with gpg-agent already, or the key to have none.
GPG = ("gpg", "--batch", "--no-tty", "--yes", "--pinentry-mode", "error")
#: The lines of gpg's listing that say which key it is: primary key, subkey, fingerprint.
FINGERPRINTED = ("sec", "ssb", "fpr")


class SigningError(TeamhubError):
    """gpg cannot sign."""


def check_keys(keys: Sequence[str]) -> None:
    """Raise SigningError, naming the key, unless each names one that gpg can sign with now."""
    for key in keys:
        found = secret_keys(key)
        if not found:
            raise SigningError(
                f"gpg has no secret key {key}",
                "list the keys that exist with: gpg --list-secret-keys (docs/repository.md says "
                "how to make one)",
            )
        if len(found) > 1:
            raise SigningError(
                f"gpg has several secret keys {key}", f"give one of them: {', '.join(found)}"
            )
    # an expired key and a passphrase that nobody can be asked for are seen only here
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder, "Release")
        trial.touch()
        for key in keys:
            sign_release(trial, [key])


def secret_keys(name: str) -> list[str]:
    """The fingerprints of the secret keys that gpg knows by a name."""
    done = subprocess.run(
        [*GPG, "--with-colons", "--list-secret-keys", name],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split(":") for line in done.stdout.splitlines()]
    # the line after each key's own; those of its subkeys follow "ssb"
    return [
        after[9]
        for line, after in itertools.pairwise(line for line in lines if line[0] in FINGERPRINTED)
        if line[0] == "sec"
    ]


def sign_release(release: Path, keys: Sequence[str]) -> None:
    """Write InRelease and Release.gpg next to a Release file, each signed by all keys."""
    for name, how in (
        ("InRelease", ["--clearsign"]),
        ("Release.gpg", ["--armor", "--detach-sign"]),
    ):
        users = [f"--local-user={key}" for key in keys]
        output = release.with_name(name)
        options = [*users, "--digest-algo=SHA512", f"--output={output}"]
        run_gpg([*options, *how, str(release)], f"sign with {' and '.join(keys)}")


def export_keys(keys: Sequence[str], target: Path) -> None:
    """Write the public parts of the keys, as apt reads them in Signed-By."""
    run_gpg([f"--output={target}", "--export", *keys], f"export {' and '.join(keys)}")


def run_gpg(arguments: Sequence[str], aim: str) -> None:
    """Raise SigningError with gpg's own last words where it fails."""
    done = subprocess.run([*GPG, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise SigningError(
            f"gpg cannot {aim}: {said[-1].removeprefix('gpg: ')}",
            "see whether the key has expired or needs a passphrase, which nobody is asked for here "
            "(docs/repository.md)",
        )
