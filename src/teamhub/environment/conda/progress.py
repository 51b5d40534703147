"""How far an installation is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time

BAR_WIDTH = 30
LOG_EVERY_SECONDS = 5.0


class Progress:
    """What rattler reports to while it fills a prefix (rattler.install.InstallerReporter).

    Output goes to stderr, since stdout belongs to debconf while a maintainer script runs.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.total = 0
        self.done = 0
        self.bar = sys.stderr.isatty()
        self._names: dict[int, str] = {}
        #: Running downloads, each with the time when it last received something.
        self._downloads: dict[int, float] = {}
        self._shown = time.monotonic()

    def stalled_for(self) -> float:
        """The seconds since anything was received, while something is fetched; else 0."""
        downloads = list(self._downloads.values())
        return time.monotonic() - max(downloads) if downloads else 0.0

    def fetching(self) -> str:
        """The names of the packages that are being fetched."""
        return ", ".join(self._names.get(number, "a package") for number in self._downloads)

    def end(self) -> None:
        """Leave the terminal's line clean."""
        if self.bar and self.total:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, name: str) -> None:
        if self.bar:
            filled = BAR_WIDTH * self.done // max(self.total, 1)
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            line = f"\r\x1b[K{self.what} [{bar}] {self.done}/{self.total} {name}"
            print(line, end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._shown > LOG_EVERY_SECONDS:
            self._shown = time.monotonic()
            print(f"teamhub: {self.what}: {self.done} of {self.total} packages", file=sys.stderr)

    def on_transaction_start(self, total_operations: int) -> None:  # noqa: D102 - rattler's names
        self.total = total_operations

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:  # noqa: D102
        self._names[operation] = package_name
        return operation

    def on_download_start(self, cache_entry: int) -> int:  # noqa: D102
        self._downloads[cache_entry] = time.monotonic()
        return cache_entry

    def on_download_progress(  # noqa: D102
        self, download_idx: int, progress: int, total: int | None
    ) -> None:
        self._downloads[download_idx] = time.monotonic()
        if total:
            self._show(f"{self._names.get(download_idx, '')} {100 * progress // total} %")

    def on_download_completed(self, download_idx: int) -> None:  # noqa: D102
        self._downloads.pop(download_idx, None)

    def on_link_start(self, operation: int, package_name: str) -> int:  # noqa: D102
        self._show(package_name)
        return operation

    def on_link_complete(self, index: int) -> None:  # noqa: D102, ARG002
        self.done += 1
