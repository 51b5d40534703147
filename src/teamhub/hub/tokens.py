"""The two secrets that the hub shares: made once, never made again by an upgrade."""

from __future__ import annotations

import pwd
import secrets
from pathlib import Path

from teamhub.system.run import write_file
from teamhub_shared.accounts import SERVICE_ACCOUNT

#: Lets the hub change the proxy's routes.  Root's own, and handed to both units as a credential:
#: were it in rhea's directory, she could put a link there and have systemd read any file for her.
PROXY_TOKEN = Path("/etc/teamhub/proxy-token")

#: Signs people's login cookies; JupyterHub wants exactly 32 bytes in hex.
COOKIE_SECRET = Path("/var/lib/teamhub/cookie_secret")


def ensure_tokens() -> None:
    """Make the secrets that are not there yet."""
    if not PROXY_TOKEN.exists():
        write_file(PROXY_TOKEN, secrets.token_hex(32).encode(), mode=0o600)
    if not COOKIE_SECRET.exists():
        rhea = pwd.getpwnam(SERVICE_ACCOUNT)
        write_file(
            COOKIE_SECRET,
            secrets.token_hex(32).encode(),
            mode=0o600,
            uid=rhea.pw_uid,
            gid=rhea.pw_gid,
        )
