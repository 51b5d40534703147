"""The two secrets that the hub shares: made once, and again only if they are lost or damaged."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from teamhub.people import accounts
from teamhub.system.remedies import in_maintainer_script
from teamhub.system.run import write_file

#: Lets the hub change the proxy's routes.  Root's own, and handed to both units as a credential:
#: in rhea's directory, rhea could replace it by a link and have systemd read any file.
PROXY_TOKEN = Path("/etc/teamhub/proxy-token")

#: Signs people's login cookies; JupyterHub wants exactly 32 bytes in hex.
COOKIE_SECRET = Path("/var/lib/teamhub/cookie_secret")

#: The proxy is given it without the line's end, the hub with it.
TOKEN = re.compile(rb"[!-~]{32,}")
#: In hex, or in base64 as `openssl rand -base64 32` writes it; JupyterHub reads both.
SECRET = re.compile(rb"([0-9a-fA-F]{64}|[0-9A-Za-z+/]{43}=)\s*")


def ensure_tokens(report: Callable[[str], None]) -> None:
    """Make the secrets that are missing or damaged; report those that were there before.

    Services that run take a new token up when `services.restart_stale` restarts them.
    """
    ensure_proxy_token(report)
    ensure_cookie_secret(report)


def ensure_proxy_token(report: Callable[[str], None], path: Path = PROXY_TOKEN) -> None:
    """Make the proxy's token unless there is a whole one."""
    text = content(path)
    if text is None or not TOKEN.fullmatch(text):
        write_file(path, secrets.token_hex(32).encode(), mode=0o600)
        if not is_first(text):
            report(f"made {path} anew, since it was {fate(text)}")


def ensure_cookie_secret(report: Callable[[str], None], path: Path = COOKIE_SECRET) -> None:
    """Make the cookies' secret, unless there is a whole one, which is given to the hub's account.

    A new file takes the place of one with another owner or mode: chown would follow a link that
    the account may have put there.
    """
    rhea = accounts.service_account()
    text = content(path)
    is_whole = text is not None and SECRET.fullmatch(text) is not None
    if is_whole and is_private(path, rhea.pw_uid):
        return
    new = text if text is not None and is_whole else secrets.token_hex(32).encode()
    write_file(path, new, mode=0o600, uid=rhea.pw_uid, gid=rhea.pw_gid)
    if is_whole:
        report(f"gave {path} back to {rhea.pw_name}, to be read by nobody else")
    elif not is_first(text):
        report(f"made {path} anew, since it was {fate(text)}: everyone has to sign in again")


def content(path: Path) -> bytes | None:
    """What is in a file; None if there is none, or a link or anything else in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def is_private(path: Path, uid: int) -> bool:
    """Whether a file belongs to an account, and nobody else may read it."""
    status = path.lstat()
    return status.st_uid == uid and not status.st_mode & 0o077


def is_first(text: bytes | None) -> bool:
    """Whether a secret is made as part of an installation, in which there is none before."""
    return text is None and in_maintainer_script()


def fate(text: bytes | None) -> str:
    """What has become of a secret, in a word."""
    return "missing" if text is None else "damaged"
