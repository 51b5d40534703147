"""The hub's login: Unix accounts by their password, as long as the two groups have them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from enum import Enum
from typing import Any, cast

import pamela
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.auth import PAMAuthenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.roles import assign_default_roles
from jupyterhub.user import User
from sqlalchemy.orm import Session
from tornado import web

from teamhub_hub import attempts, log_lines, privileged, requests
from teamhub_hub.full_disk import explain_full_disk
from teamhub_hub.login import PasswordChangeRequired, TeamLoginHandler, new_password_fault
from teamhub_hub.membership import Standing, standing
from teamhub_shared.accounts import is_name

#: PAM_NEW_AUTHTOK_REQD (pam_acct_mgmt(3)): the account is valid, and its password outdated.
OUTDATED = 12


class Verdict(Enum):
    """What PAM says to a name and a password."""

    WELCOME = "welcome"
    OUTDATED = "outdated"
    REFUSED = "refused"


class TeamAuthenticator(PAMAuthenticator):
    """Unix passwords; groups `jupyterhub` and `jupyterhub-admin` are asked at each request."""

    #: Separate from the one for PAM, where hashing a password takes a tenth of a second: a person
    #: who types many must not hold up everybody else's requests.
    lookups: Executor = ThreadPoolExecutor(4, "groups")
    #: The logins of this hub that are pending.
    attempts = attempts.Attempts()

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - JupyterHub's own
        super().__init__(**traits)
        explain_full_disk()
        requests.limit_requests()
        log_lines.clean(self.log)

    def get_handlers(self, app: JupyterHub) -> list[tuple[str, type[BaseHandler]]]:  # noqa: ARG002
        """What answers in place of JupyterHub's own: the login page, and what has limits."""
        return [("/login", TeamLoginHandler), *requests.HANDLERS]

    def validate_username(self, username: str) -> bool:
        """Whether a name can be a person's; `username_pattern` may only narrow it."""
        return is_name(username) and super().validate_username(username)

    async def authenticate(
        self, handler: BaseHandler | None, data: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """The person of this name and password, and whether they are an admin; None for a refusal.

        Raises PasswordChangeRequired for a right password that has to be changed first, and
        HTTPError 429 if too many are tried at once.
        """
        began = time.monotonic()
        name, origin = data.get("username", ""), origin_of(handler)
        try:
            with self.attempts.one(origin, name):
                person = await self.check(handler, data)
                if person is None:
                    passed = time.monotonic() - began
                    await asyncio.sleep(max(0.0, attempts.REFUSAL_SECONDS - passed))
        except attempts.TooMany as many:
            self.log.warning("Too many logins are tried at once from %s", origin)
            raise web.HTTPError(
                429, "Too many logins are tried at once. Try again in some seconds."
            ) from many
        return person

    async def check(
        self, handler: BaseHandler | None, data: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """The person of this name and password; None for a refusal, at once."""
        name, password = data.get("username", ""), data.get("password", "")
        if not self.validate_username(name):
            # fail2ban's filter has these words, and those of PAM's refusals
            self.log.warning("A login from %s with what is no person's name", origin_of(handler))
            return None
        verdict = await self.ask_pam(handler, name, password)
        if verdict is Verdict.OUTDATED:
            if "new_password" not in data:
                raise PasswordChangeRequired(name)
            verdict = await self.change_password(handler, data)
        if verdict is not Verdict.WELCOME:
            return None
        return {"name": name, "admin": (await self.look_up(name)).admin}

    async def change_password(
        self, handler: BaseHandler | None, data: Mapping[str, str]
    ) -> Verdict:
        """Change an outdated password to the one in the form, and ask PAM once more.

        Raises PasswordChangeRequired with the reason if the new one is refused.
        """
        name, new = data["username"], data["new_password"]
        fault = new_password_fault(new, data.get("new_password_again", ""))
        if fault:
            raise PasswordChangeRequired(name, fault)
        try:
            await privileged.change_password(name, data["password"], new)
        except privileged.Refused as refused:
            self.log.warning("The new password of %s was refused: %s", name, refused)
            raise PasswordChangeRequired(name, str(refused)) from refused
        self.log.info("%s has changed an outdated password", name)
        return await self.ask_pam(handler, name, new)

    async def ask_pam(self, handler: BaseHandler | None, name: str, password: str) -> Verdict:
        """PAM's verdict, asked in a thread since a password's hash takes a tenth of a second."""
        loop = asyncio.get_running_loop()
        verdict, error = await loop.run_in_executor(
            self.executor, self.pam_verdict, name, password, handler
        )
        if error:
            self.log.warning("PAM on %s@%s: %s", name, origin_of(handler), error)
        return verdict

    def pam_verdict(
        self, name: str, password: str, handler: BaseHandler | None = None
    ) -> tuple[Verdict, str]:
        """PAM's verdict on a password and its account, with its message if it refuses."""
        if handler is not None and attempts.is_gone(handler.request):
            return Verdict.REFUSED, "nobody waits for the answer any more"
        chosen = {"service": self.service, "encoding": self.encoding}
        try:
            pamela.authenticate(name, password, check=False, **chosen)
            pamela.check_account(name, **chosen)
        except pamela.PAMError as error:
            outdated = error.errno == OUTDATED
            return (Verdict.OUTDATED if outdated else Verdict.REFUSED), str(error)
        return Verdict.WELCOME, ""

    async def refresh_user(
        self, user: User, handler: BaseHandler | None = None
    ) -> bool | dict[str, Any]:
        """Whether somebody who is logged in still may be, and whether they are an admin.

        The database's own mark of an admin grants nothing: the group's answer takes its place.
        """
        now = await self.look_up(user.name)
        if not now.member:
            if handler:
                # JupyterHub 6.1.1 reads this next, and has it only if a token was sent.
                handler._token_authenticated = getattr(handler, "_token_authenticated", False)
            return False
        return True if user.admin == now.admin else {"name": user.name, "admin": now.admin}

    async def add_user(self, user: User | orm.User) -> None:
        """Let in somebody whom an admin adds in the panel; their account is made if needed.

        JupyterHub calls this at its start as well, with database rows: a person who was taken off
        the list meanwhile must not come back by that.
        Raises Refused with the reason, which the panel's API hands on.
        """
        if isinstance(user, orm.User):
            return
        name = str(user.name)
        if not self.validate_username(name):
            raise privileged.Refused(f"{name!r} is not a name for an account")
        now = await self.look_up(name)
        if not now.member:
            await privileged.change_list("add", name)
            self.log.info("%s was let in from the admin panel", name)
        if user.admin != now.admin:
            self.log.warning("The panel makes no admins; type: teamhub user add --admin %s", name)
            user.admin = now.admin
            assign_default_roles(user.db, entity=user.orm_user)
            cast("Session", user.db).commit()

    async def delete_user(self, user: User) -> None:
        """Take a person whom an admin deletes in the panel off the list; account and home stay."""
        if not self.validate_username(user.name):
            return
        try:
            await privileged.change_list("remove", user.name)
        except privileged.Refused as refused:
            self.log.error("Cannot take %s off the list: %s", user.name, refused)
            raise web.HTTPError(500, str(refused)) from refused

    async def look_up(self, name: str) -> Standing:
        """The groups' answer, asked in a thread: a directory service may take its time."""
        return await asyncio.get_running_loop().run_in_executor(self.lookups, standing, name)


def origin_of(handler: BaseHandler | None) -> str:
    """Where a login comes from, for the log and for its limits."""
    return attempts.origin(handler.request) if handler else "-"
