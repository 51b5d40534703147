"""The extension of a person's Jupyter server that JupyterLab asks for notices."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web

from teamhub_server.notices import Memory, home_notices


class NoticesHandler(APIHandler):
    """Answers with the notices that hold now, as JSON."""

    #: A page that only asks for notices is no work: the server still counts as idle.
    _track_activity = False
    #: Counts what the kernel has ended since this server started.
    memory = Memory.of_this_process()

    @web.authenticated
    async def get(self) -> None:
        """The notices."""
        # In a thread: a file server may take its time.
        home = await asyncio.to_thread(home_notices, Path.home())
        self.finish(json.dumps([asdict(notice) for notice in [*home, *self.memory.notices()]]))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    address = url_path_join(app.web_app.settings["base_url"], "api/teamhub/notices")
    app.web_app.add_handlers(".*$", [(address, NoticesHandler)])
