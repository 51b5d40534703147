"""A web server on loopback that serves a folder, with the faults that a test gives it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

#: A change of what a file's content is.
Fault = Callable[[bytes], bytes]


def corrupted(content: bytes) -> bytes:
    """As long as it was, and not the same."""
    return content[:-20] + b"x" * 20


def truncated(content: bytes) -> bytes:
    """The first half."""
    return content[: len(content) // 2]


@dataclasses.dataclass
class Web:
    """What is served where, and what is wrong with it."""

    url: str
    folder: Path
    close: Callable[[], None]
    #: Paths that end so are answered in another way: status, or a change of the content.
    statuses: dict[str, int] = dataclasses.field(default_factory=dict)
    contents: dict[str, Fault] = dataclasses.field(default_factory=dict)
    #: The value of the Authorization header that it wants, if it wants one.
    authorization: str | None = None
    #: Paths that end so send half of what they announce, and then nothing.
    stalling: set[str] = dataclasses.field(default_factory=set)
    #: How often each file was sent whole, by its name.
    sent: Counter[str] = dataclasses.field(default_factory=Counter)
    #: The other hosts that it was asked for, as a proxy is.
    hosts: set[str] = dataclasses.field(default_factory=set)


class _Handler(http.server.SimpleHTTPRequestHandler):
    web: Web
    ended: threading.Event

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a request is no news."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.netloc:
            self.web.hosts.add(asked.netloc)
            self.path = asked.path
        if self.web.authorization not in (None, self.headers.get("Authorization")):
            self.send_error(401)
            return
        for ending, status in self.web.statuses.items():
            if self.path.endswith(ending):
                self.send_error(status)
                return
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        for ending, change in self.web.contents.items():
            if self.path.endswith(ending):
                content = change(content)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if any(self.path.endswith(ending) for ending in self.web.stalling):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.ended.wait(60)
        else:
            self.wfile.write(content)
            self.web.sent[file.name] += 1


@contextlib.contextmanager
def serve(
    folder: Path, address: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[Web]:
    """Serve `folder` on a free port until the block ends, or `close` is called.

    As a proxy, it takes itself for every host.  With a `context` it speaks HTTPS.
    """
    ended = threading.Event()
    handler = type("Handler", (_Handler,), {"ended": ended})
    served = http.server.ThreadingHTTPServer(
        (address, 0), functools.partial(handler, directory=str(folder))
    )
    if context:
        served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()

    def close() -> None:
        if not ended.is_set():
            ended.set()
            served.shutdown()
            served.server_close()

    made = Web(f"{'https' if context else 'http'}://{address}:{served.server_port}", folder, close)
    handler.web = made  # type: ignore[attr-defined]
    try:
        yield made
    finally:
        close()
