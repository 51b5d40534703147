"""What people notice of a restart: a page asked for over and over, and processes that live on."""

from __future__ import annotations

import threading
import time

import requests

from support.container import BootedServer, wait_for
from support.hub_client import HubClient


class Poller:
    """Asks for one page over and over, while the test goes on, and keeps what went wrong."""

    def __init__(self, person: HubClient, path: str) -> None:
        self.requests = 0
        self.failures: list[tuple[float, str]] = []
        self.slowest = 0.0
        self._url = f"{person.url}{path}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = person.session.verify
        self._session.cookies.update(person.session.cookies)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_more(self, requests: int) -> None:
        """Wait until so many more have been answered; TimeoutError after a minute."""
        enough = self.requests + requests
        wait_for(f"{requests} more requests", lambda: self.requests >= enough, 60)

    @property
    def gap(self) -> float:
        """The seconds from the first failure to the last."""
        return self.failures[-1][0] - self.failures[0][0] if self.failures else 0.0

    def _poll(self) -> None:
        while not self._stop.wait(0.02):
            start = time.monotonic()
            try:
                answer = self._session.get(self._url, timeout=15, allow_redirects=False)
                failure = "" if answer.status_code == 200 else f"{answer.status_code}"
            except requests.RequestException as error:
                failure = repr(error)
            self.requests += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            if failure:
                self.failures.append((start, failure))


def server_processes(server: BootedServer, user: str) -> list[str]:
    found = server.run("pgrep", "--uid", user, "--full", "singleuser", check=False)
    return found.stdout.split()


def main_pid(server: BootedServer, unit: str) -> str:
    return server.output("systemctl", "show", "--property=MainPID", "--value", unit)
