"""Where the hub, the proxy and people's servers listen: Unix sockets, protected by their modes.

On a TCP port of this machine any account can listen that is faster, and is then taken for a
person's server, or for the hub.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

#: The hub's pages and API, for everybody on this machine: who asks shows a token or a cookie.
HUB = Path("/run/teamhub/hub/hub.sock")
#: Where the hub tells the proxy of people's servers; for members of GROUP.
PROXY_API = Path("/run/teamhub/proxy/api.sock")
#: Has a folder for each uid, in which that person's servers listen.  On a disk, since in /run a
#: person could fill the memory that systemd needs.
SERVERS = Path("/var/lib/teamhub-servers")
#: The hub and the proxy are in it while they run, and nobody else: it may enter people's folders.
GROUP = "teamhub-sockets"


def of_server(uid: int, name: str = "") -> Path:
    """The socket of a person's server; `name` is JupyterHub's, of a second server."""
    # any character may be in it, and a socket's path has 107 bytes at most (unix(7))
    suffix = f"-{hashlib.sha256(name.encode()).hexdigest()[:16]}" if name else ""
    return SERVERS / str(uid) / f"server{suffix}.sock"


def url(path: Path) -> str:
    """The address of a socket, as JupyterHub and configurable-http-proxy write it."""
    return f"http+unix://{quote(str(path), safe='')}"
