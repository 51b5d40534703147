"""A web server on loopback that serves a folder, with the faults that a test gives it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import ssl
import threading
import time
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
    #: How often each file was asked for, by its name.
    asked: Counter[str] = dataclasses.field(default_factory=Counter)
    #: How long each answer takes, in seconds.
    delay: float = 0.0
    #: The most packages that were waited for at one time, and how many are now.
    most_at_once: int = 0
    waiting: int = 0
    #: The other hosts that it was asked for, as a proxy is.
    hosts: set[str] = dataclasses.field(default_factory=set)


class _Handler(http.server.SimpleHTTPRequestHandler):
    web: Web
    ended: threading.Event
    counting: threading.Lock

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a request is no news."""

    def do_GET(self) -> None:
        package = self.path.endswith(".conda")
        with self.counting:
            self.web.waiting += package
            self.web.most_at_once = max(self.web.most_at_once, self.web.waiting)
        time.sleep(self.web.delay)
        with self.counting:
            self.web.waiting -= package
        asked = urlsplit(self.path)
        self.web.asked[Path(asked.path).name] += 1
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
    state = {"ended": ended, "counting": threading.Lock()}
    handler = type("Handler", (_Handler,), state)
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
