"""Signatures by gpg, which never asks: nobody may be there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from teamhub_shared import TeamhubError

#: A passphrase has to be with gpg-agent already, or the key to have none.
GPG = ("gpg", "--batch", "--no-tty", "--yes", "--pinentry-mode", "error")


class SigningError(TeamhubError):
    """gpg cannot sign."""


def check_keys(keys: Sequence[str]) -> None:
    """Raise SigningError, naming the key, unless gpg has the secret part of each."""
    for key in keys:
        done = subprocess.run([*GPG, "--list-secret-keys", key], capture_output=True, check=False)
        if done.returncode:
            raise SigningError(
                f"gpg has no secret key {key}",
                "see those that there are with: gpg --list-secret-keys (docs/repository.md tells "
                "how to make one)",
            )


def sign_release(release: Path, keys: Sequence[str]) -> None:
    """Write InRelease and Release.gpg beside a Release file, each signed by all keys."""
    for name, how in (
        ("InRelease", ["--clearsign"]),
        ("Release.gpg", ["--armor", "--detach-sign"]),
    ):
        users = [f"--local-user={key}" for key in keys]
        output = release.with_name(name)
        run_gpg([*users, "--digest-algo=SHA512", f"--output={output}", *how, str(release)])


def export_keys(keys: Sequence[str], target: Path) -> None:
    """Write the public parts of the keys, as apt reads them in Signed-By."""
    run_gpg([f"--output={target}", "--export", *keys])


def run_gpg(arguments: Sequence[str]) -> None:
    """Raise SigningError with gpg's own last words where it fails."""
    done = subprocess.run([*GPG, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise SigningError(
            f"gpg: {said[-1].removeprefix('gpg: ')}",
            "try it by hand: gpg --clearsign /etc/hostname",
        )
