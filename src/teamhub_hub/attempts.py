"""How many logins may be tried at once, so that nobody who types wrong ones shuts the others out.

Only what is pending counts.  A count of what has failed would let anybody lock a person out by her
name.
"""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.httputil import HTTPServerRequest

from teamhub_hub.membership import group_id
from teamhub_shared import sockets

#: Seconds from a login to its refusal, whatever the reason: the time must not tell a name that
#: exists from one that does not.
REFUSAL_SECONDS = 2.0
#: How many may be pending: of all, from one origin, and from one origin with one name.  A refused
#: one is pending for REFUSAL_SECONDS, a right one for a tenth of a second.
ALL, PER_ORIGIN, PER_NAME = 500, 30, 5


class TooMany(Exception):
    """There are as many logins as may be pending."""


class Attempts:
    """The logins that are pending."""

    def __init__(self) -> None:
        self.pending: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def one(self, origin: str, name: str) -> Iterator[None]:
        """One more login, for as long as it is pending.  Raises TooMany."""
        limits = {(): ALL, (origin,): PER_ORIGIN, (origin, name): PER_NAME}
        if any(self.pending[key] >= limit for key, limit in limits.items()):
            raise TooMany
        self.pending.update(limits.keys())
        try:
            yield
        finally:
            self.pending.subtract(limits.keys())
            # names are what anybody types: none may stay
            self.pending += Counter()


def origin(request: HTTPServerRequest) -> str:
    """Where a request comes from: an address, or the uid of a program on this machine.

    Only the proxy's word counts for an address; who asks at the hub's socket could name any.
    """
    stream = getattr(request.connection, "stream", None)
    asked = getattr(stream, "socket", None)
    if asked is None or asked.family != socket.AF_UNIX:
        return str(request.remote_ip)
    size = struct.calcsize("3i")
    _, uid, gid = struct.unpack("3i", asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return str(request.remote_ip) if gid == group_id(sockets.GROUP) else f"uid {uid}"


def is_gone(request: HTTPServerRequest) -> bool:
    """Whether whoever asked has closed the connection."""
    stream = getattr(request.connection, "stream", None)
    return stream is not None and bool(stream.closed())
