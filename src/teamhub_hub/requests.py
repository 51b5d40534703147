"""What one request may ask of the hub: how much it sends, how many tokens it makes, whose server.

The proxy lets nothing large pass, but people's programs reach the hub's socket, too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from jupyterhub import orm
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.apihandlers.hub import RootAPIHandler
from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from jupyterhub.user import User
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session
from tornado import web
from tornado.httpserver import HTTPServer

#: Bytes of a body; the proxy's limit, too (proxy-edge.cjs).
LARGEST_BODY = 1 << 20
#: Seconds in which a body has to come.
BODY_SECONDS = 30.0
#: Letters of a token's note, as JupyterHub's own table has it; SQLite does not cut it.
LONGEST_NOTE = 1023
#: Tokens of one person: each takes room in the database of all.
MOST_TOKENS = 1000


def limit_requests() -> None:
    """Have the hub read no large or slow request, and keep no long note.

    Before the hub makes its server.
    """
    HTTPServer.configure(None, max_body_size=LARGEST_BODY, body_timeout=BODY_SECONDS)
    if not event.contains(orm.APIToken, "before_insert", shorten_note):
        event.listen(orm.APIToken, "before_insert", shorten_note)


def shorten_note(_mapper: Mapper[orm.APIToken], _: Connection, token: orm.APIToken) -> None:
    """Cut the note of a new token."""
    note = str(token.note or "")
    if len(note) > LONGEST_NOTE:
        setattr(token, "note", note[:LONGEST_NOTE])  # noqa: B010 - typed as a column


class TokenListHandler(UserTokenListAPIHandler):
    """Makes tokens, up to a number."""

    async def post(self, user_name: str) -> None:
        """Make one.  Raises HTTPError 403 for a person who has too many."""
        owner = self.find_user(user_name)
        if owner is not None and tokens_of(owner) >= MOST_TOKENS:
            raise web.HTTPError(
                HTTPStatus.FORBIDDEN,
                f"{user_name} has {MOST_TOKENS} tokens; revoke some at /hub/token first",
            )
        await super().post(user_name)


def tokens_of(owner: User) -> int:
    """How many tokens a person has, those of their browsers' sessions among them."""
    database = cast("Session", owner.db)
    return database.query(orm.APIToken).filter_by(user_id=owner.id).count()


class AuthorizeHandler(OAuthAuthorizeHandler):
    """Asks each time before somebody enters another person's server.

    JupyterHub asks once.  After that, a page of that person's could fetch what only the other may
    see there, without a word.
    """

    def needs_oauth_confirm(
        self, user: User, oauth_client: orm.OAuthClient, requested_scopes: list[str]
    ) -> bool:
        """Whether to ask; not for one's own server, nor for what the admin has listed."""
        own = {spawner.oauth_client_id for spawner in user.spawners.values()}
        trusted = self.settings.get("oauth_no_confirm_list", set())
        is_server = oauth_client.spawner is not None
        if is_server and oauth_client.identifier not in own | trusted:
            return True
        needed: bool = super().needs_oauth_confirm(user, oauth_client, requested_scopes)
        return needed


class RootHandler(RootAPIHandler):
    """Tells the version to those who are logged in: others look for an old one."""

    def get(self) -> None:
        """The version, or nothing."""
        if self.current_user is None:
            self.finish({})
        else:
            super().get()


#: The addresses at which these answer in place of JupyterHub's own.
HANDLERS = [
    (r"/api/", RootHandler),
    (r"/api/users/([^/]+)/tokens", TokenListHandler),
    (r"/api/oauth2/authorize", AuthorizeHandler),
]
