"""JupyterHub in this process, with teamhub's configuration; no proxy is in front of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyterhub.app import JupyterHub
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from support.hub_client import HubClient
from support.hub_config import HubConfig

SECONDS = 60
#: What has to be otherwise in a folder of a test's own, behind no TLS; `{group}` may come in.
SNIPPET = """
c.JupyterHub.db_url = "sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.template_paths = ["{templates}"]
c.JupyterHub.tornado_settings = {{}}
c.LocalAuthenticator.allowed_groups = {{"{group}"}}
"""


@dataclass(frozen=True)
class HubApp:
    """A hub that serves its pages at `url`."""

    app: JupyterHub
    url: str

    def client(self, user: str) -> HubClient:
        """Somebody's browser."""
        return HubClient(self.url, Path("/nonexistent"), user)


@contextmanager
def running_hub(config: HubConfig, group: str) -> Iterator[HubApp]:
    """A hub whose people are the members of `group`, in a thread with a loop of its own."""
    templates = Path("src/web/templates").resolve()
    config.snippet(
        SNIPPET.format(folder=config.main.parent, templates=templates, group=group), "99-test.py"
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        serving = asyncio.run_coroutine_threadsafe(serve(config.main), loop)
        app, server, url = serving.result(SECONDS)
        yield HubApp(app, url)
        asyncio.run_coroutine_threadsafe(end(app, server), loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def serve(main_file: Path) -> tuple[JupyterHub, HTTPServer, str]:
    """Start a hub as its command line does, but for the ports."""
    app = JupyterHub()
    await app.initialize([f"--config={main_file}"])
    socket, port = bind_unused_port()
    server = HTTPServer(app.tornado_application)
    server.add_socket(socket)
    return app, server, f"http://127.0.0.1:{port}"


async def end(app: JupyterHub, server: HTTPServer) -> None:
    """Serve no more, and close the database."""
    server.stop()
    await server.close_all_connections()
    app.db.close()
