"""What people and the admin read when the hub's database cannot grow, since its disk is full."""

from __future__ import annotations

import sqlite3

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from tornado.log import app_log

from teamhub_hub.copies import DATABASE

#: JupyterHub's page of an error shows the `jupyterhub_message` of the exception.
FOR_PEOPLE = (
    "This server cannot save anything now, since its disk is full. "
    "Please ask the administrator of this server to make room."
)


def explain_full_disk() -> None:
    """From now on say it in words where a statement fails since the disk is full."""
    if not event.contains(Engine, "handle_error", explain):
        event.listen(Engine, "handle_error", explain)


def explain(context: ExceptionContext) -> None:
    """Give the page its words, and the admin a line before JupyterHub's traceback."""
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL and context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.jupyterhub_message = FOR_PEOPLE  # type: ignore[attr-defined]
        app_log.error(
            "The disk of %s is full: nobody new can sign in. Make room (df -h %s); "
            "then it works again by itself.",
            DATABASE.parent,
            DATABASE.parent,
        )
