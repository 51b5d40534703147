"""Headless Chromium that trusts one CA, driven by Playwright."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
#: What keeps Chromium itself from calling home, and lets it run as root in a container.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Those that this process has open, for what a test that fails leaves behind.
OPEN: list[Browser] = []


@dataclass(frozen=True)
class Picture:
    """A page that is gone: how it looked."""

    content: bytes

    def screenshot(self, *, path: Path) -> None:
        """Write the picture of it."""
        path.write_bytes(self.content)


#: Of pages whose browser has ended by a failure.
TAKEN: list[Picture] = []


@contextmanager
def chromium(home: Path, ca: Path) -> Iterator[Browser]:
    """A browser whose only certificate authority beyond Chromium's own is `ca`."""
    trust(home, ca)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(ARGUMENTS),
            env={**os.environ, "HOME": str(home)},
        )
        OPEN.append(browser)
        try:
            yield browser
        except Exception:
            # when the test is reported as failed, this browser is gone
            for page in pages_of(browser):
                with contextlib.suppress(Error):  # one that has crashed
                    TAKEN.append(Picture(page.screenshot()))
            raise
        finally:
            OPEN.remove(browser)
            browser.close()


def trust(home: Path, ca: Path) -> None:
    """Have Chromium trust `ca` when `home` is its home: there it reads a person's authorities."""
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    for arguments in (
        ["-N", "--empty-password"],
        ["-A", "-n", "the server's CA", "-t", "C,,", "-i", str(ca)],
    ):
        subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], check=True)


def open_pages() -> list[Page | Picture]:
    """The pages of all browsers that are open, and pictures of those that a failure has closed."""
    taken = TAKEN.copy()
    TAKEN.clear()
    return [*taken, *(page for browser in OPEN for page in pages_of(browser))]


def pages_of(browser: Browser) -> list[Page]:
    """All pages of a browser."""
    return [page for context in browser.contexts for page in context.pages]


class Visits:
    """Which hosts a page asked for anything, and which of its requests failed."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str] = set()
        page.on("request", self._note)
        page.on("websocket", lambda channel: self._note_url(channel.url))

    def _note(self, request: Request) -> None:
        self._note_url(request.url)

    def _note_url(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname or url)
