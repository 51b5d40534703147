"""The login form, and the page for a password that has to be changed first."""

from __future__ import annotations

import unicodedata

from jupyterhub.handlers.login import LoginHandler
from tornado.httputil import url_concat

#: PAM takes no answer of 512 bytes or more (PAM_MAX_RESP_SIZE).
LONGEST = 500


class PasswordChangeRequired(Exception):
    """The password is right, but has to be changed before anybody may log in with it.

    `problem` says why the new one that was given cannot be taken, or is empty when none was given.
    """

    def __init__(self, username: str, problem: str = "") -> None:
        super().__init__(username)
        self.username = username
        self.problem = problem


def new_password_fault(new: str, again: str) -> str:
    """What is wrong with a new password typed twice, before the server's own rules; or nothing."""
    if new != again:
        return "The two new passwords differ."
    if not new:
        return "The new password is empty."
    if any(unicodedata.category(character) == "Cc" for character in new):
        return "The new password has a character that cannot be typed."
    if len(new.encode()) > LONGEST:
        return f"The new password is longer than {LONGEST} bytes."
    return ""


class TeamLoginHandler(LoginHandler):
    """JupyterHub's login form, and a second form where the first one's password is outdated."""

    async def post(self) -> None:
        """Log in; anyone whose password is outdated gets the page to change it."""
        try:
            await super().post()
        except PasswordChangeRequired as required:
            if required.problem:
                self.set_status(400)
            self.finish(await self.render_change(required))

    async def render_change(self, required: PasswordChangeRequired) -> str:
        """The page that asks for a new password; it is sent to where the login form goes."""
        login_url = self.authenticator.login_url(self.hub.base_url)
        page: str = await self.render_template(
            "change_password.html",
            username=required.username,
            problem=required.problem,
            action=url_concat(login_url, {"next": self.get_argument("next", "")}),
            xsrf=self.xsrf_token.decode("ascii"),
        )
        return page
