"""A JupyterHub client that goes the way of a browser: login form, spawn, kernel, cell, stop.

It trusts the given CA alone, so every request is also a check of the server's certificate.
debian/tests/log_in.py uses it too, with Debian's versions of requests and websocket-client.
"""

from __future__ import annotations

import json
import re
import ssl
import time
import uuid
from html import unescape
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import websocket

from support.waiting import wait_for

SECONDS = 60


class HubClient:
    """One person's session with the hub at `url`."""

    def __init__(self, url: str, ca: Path, user: str) -> None:
        self.url = url
        #: Where the person's server is, if it has a name of its own (SUBDOMAIN_HOST).
        self.own_url = ""
        self.user = user
        self.ca = ca
        self.session = requests.Session()
        # The environment's own CA bundle would take the place of `verify`.
        self.session.trust_env = False
        self.session.verify = str(ca)

    @property
    def server_url(self) -> str:
        """Where the person's server is."""
        return self.own_url or self.url

    def log_in(self, password: str) -> requests.Response:
        """Fill in the login form; the answer of the hub, redirects not followed."""
        self.get("/hub/login").raise_for_status()
        return self._post_login(password=password)

    def change_password(self, old: str, new: str, again: str | None = None) -> requests.Response:
        """Fill in the form that follows a right password which has to be changed."""
        return self._post_login(
            password=old, new_password=new, new_password_again=new if again is None else again
        )

    def new_token(self) -> str:
        """An API token of theirs, as the page /hub/token gives one."""
        answer = self.hub_api("POST", f"/users/{self.user}/tokens", json={"note": "a script's"})
        answer.raise_for_status()
        return str(answer.json()["token"])

    def status_with_token(self, token: str) -> int:
        """The HTTP status that a script gets which shows this token and nothing else."""
        script = requests.Session()
        script.trust_env = False
        script.verify = str(self.ca)
        script.headers["Authorization"] = f"token {token}"
        return script.get(f"{self.url}/hub/api/user", timeout=SECONDS).status_code

    def is_signed_in(self) -> bool:
        """Whether the hub's own page opens without a login before it."""
        home = self.session.get(f"{self.url}/hub/home", allow_redirects=False, timeout=SECONDS)
        return home.status_code == 200

    def _post_login(self, **fields: str) -> requests.Response:
        form = {"username": self.user, "_xsrf": self._xsrf("/hub/"), **fields}
        return self.session.post(
            f"{self.url}/hub/login",
            params={"next": "/hub/home"},
            data=form,
            allow_redirects=False,
            timeout=SECONDS,
        )

    def cookies(self) -> list[Cookie]:
        """The session's cookies."""
        jar: CookieJar = self.session.cookies
        return list(jar)

    def get(self, path: str) -> requests.Response:
        """GET a page, as a link in the browser would."""
        return self.session.get(f"{self.url}{path}", timeout=SECONDS)

    def hub_api(self, method: str, path: str, **content: Any) -> requests.Response:  # noqa: ANN401
        """Call the hub's REST API as the page /hub/home does."""
        self.get("/hub/home")
        return self._call(method, f"/hub/api{path}", "/hub/", **content)

    def server_api(self, method: str, path: str, **content: Any) -> requests.Response:  # noqa: ANN401
        """Call the REST API of the person's own server."""
        base = f"/user/{self.user}/"
        return self._call(method, f"{base}api/{path}", base, **content)

    def spawn(self, pause: float = 0.3) -> float:
        """Start the person's server and open JupyterLab; the seconds until the server is ready.

        `pause` is the time between two looks.
        """
        start = time.monotonic()
        answer = self.hub_api("POST", f"/users/{self.user}/server")
        assert answer.status_code in (201, 202), answer.text
        wait_for("ready server", self._server_is_ready, SECONDS, pause)
        seconds = time.monotonic() - start
        # The visit goes through the hub's OAuth and leaves the server's own cookies.
        opened = self.get(f"/user/{self.user}/lab")
        opened.raise_for_status()
        place = opened.url.partition("/user/")[0]
        self.own_url = "" if place == self.url else place
        return seconds

    def stop(self, pause: float = 0.3) -> None:
        """Stop the person's server, and wait until the hub calls it gone."""
        answer = self.hub_api("DELETE", f"/users/{self.user}/server")
        assert answer.status_code in (202, 204), answer.text
        wait_for("stopped server", lambda: not self.has_server(), SECONDS, pause)

    def has_server(self) -> bool:
        """Whether the hub says that one is there, ready or not."""
        return bool(self._servers())

    def kernel_names(self) -> set[str]:
        """The kernels that the launcher of JupyterLab offers."""
        answer = self.server_api("GET", "kernelspecs")
        answer.raise_for_status()
        return set(answer.json()["kernelspecs"])

    def new_kernel(self, name: str = "python3") -> str:
        """Start a kernel in the folder of the notebooks, as opening one there does; its id."""
        answer = self.server_api("POST", "kernels", json={"name": name, "path": ""})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def compute(self, code: str, kernel_name: str = "python3") -> str:
        """What a cell with this code prints, run in a new kernel that ends afterwards."""
        kernel = self.new_kernel(kernel_name)
        try:
            return self.run_cell(kernel, code)
        finally:
            self.server_api("DELETE", f"kernels/{kernel}")

    def run_cell(self, kernel: str, code: str, seconds: float = 120) -> str:
        """What a cell with this code prints, in a kernel that runs.

        Raises TimeoutError when it has not ended after `seconds`, AssertionError with the
        traceback when the code raises.
        """
        channel = self._open_channels(kernel)
        try:
            return _execute(channel, code, seconds)
        finally:
            channel.close()

    def _servers(self) -> dict[str, Any]:
        answer = self.hub_api("GET", f"/users/{self.user}")
        answer.raise_for_status()
        return dict(answer.json()["servers"])

    def _server_is_ready(self) -> bool:
        server = self._servers().get("")
        assert server is not None, "the hub gave the server up"
        return bool(server["ready"])

    def _call(self, method: str, path: str, scope: str, **content: Any) -> requests.Response:  # noqa: ANN401
        url = self.server_url if scope.startswith("/user/") else self.url
        headers = {"X-XSRFToken": self._xsrf(scope), "Referer": f"{url}{scope}"}
        return self.session.request(
            method, f"{url}{path}", headers=headers, timeout=SECONDS, **content
        )

    def _xsrf(self, scope: str) -> str:
        """The hub and each server set an _xsrf cookie of their own, each with its own path."""
        url = self.server_url if scope.startswith("/user/") else self.url
        values = {c.path: c.value for c in self._cookies_for(url) if c.name == "_xsrf"}
        fitting = [path for path in values if scope.startswith(path)]
        return (values[max(fitting, key=len)] or "") if fitting else ""

    def _cookies_for(self, url: str) -> list[Cookie]:
        """The session's cookies that go to the host of an address."""
        host = urlsplit(url).hostname or ""
        return [
            c
            for c in self.cookies()
            if host == c.domain.removesuffix(".local")
            or (c.domain_specified and f".{host}".endswith(f".{c.domain.lstrip('.')}"))
        ]

    def _open_channels(self, kernel: str) -> websocket.WebSocket:
        path = f"/user/{self.user}/api/kernels/{kernel}/channels"
        cookies = [c for c in self._cookies_for(self.server_url) if path.startswith(c.path)]
        return websocket.create_connection(
            f"{self.server_url.replace('https:', 'wss:')}{path}?session_id={uuid.uuid4().hex}",
            cookie="; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies),
            sslopt={"ca_certs": str(self.ca), "cert_reqs": ssl.CERT_REQUIRED},
            timeout=SECONDS,
            origin=self.server_url,
        )


def _execute(channel: websocket.WebSocket, code: str, seconds: float) -> str:
    request = uuid.uuid4().hex
    channel.send(json.dumps(_execute_request(request, code)))
    printed = ""
    end = time.monotonic() + seconds
    waiting = {"idle", "reply"}
    while waiting:
        if time.monotonic() > end:
            raise TimeoutError(f"the cell has not ended after {seconds:.0f} s: {code}")
        # With its pings the server keeps the connection alive though a kernel has died: taking
        # them as frames too lets the limit above be looked at.
        opcode, frame = channel.recv_data(control_frame=True)
        if opcode != websocket.ABNF.OPCODE_TEXT:
            continue
        message = json.loads(frame)
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        match message["header"]["msg_type"]:
            case "stream":
                printed += content["text"]
            case "error":
                raise AssertionError("\n".join(content["traceback"]))
            case "status" if content["execution_state"] == "idle":
                waiting.discard("idle")
            case "execute_reply":
                waiting.discard("reply")
    return printed


def _execute_request(request: str, code: str) -> dict[str, Any]:
    """A message of Jupyter's protocol, version 5.3."""
    return {
        "channel": "shell",
        "header": {
            "msg_id": request,
            "username": "",
            "session": request,
            "msg_type": "execute_request",
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "content": {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
        },
    }


def error_shown(page: requests.Response) -> str:
    """The text that the login page shows in its error box, with single spaces."""
    found = re.search(r'class="login_error"[^>]*>(.*?)</(?:p|div)>', page.text, re.DOTALL)
    assert found, f"the page has no error box:\n{page.text}"
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())
