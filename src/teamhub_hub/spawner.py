"""How the hub starts people's servers: sudospawner, with the reasons of its refusals shown."""

from __future__ import annotations

from typing import Any

from jupyterhub.spawner import SpawnException
from sudospawner.spawner import SudoSpawner


class TeamSpawner(SudoSpawner):
    """Starts a server through sudo, as the person."""

    async def do(self, action: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        """Have the mediator do something, and return its answer.

        Raises SpawnException, whose text the person reads, with the mediator's reason.
        """
        answer: dict[str, Any] = await super().do(action, **request)
        if not answer.get("ok"):
            fault = str(answer.get("error") or "no reason was given")
            self.log.error("The server of %s was not started: %s", self.user.name, fault)
            raise SpawnException(
                f"Your server was not started: {fault}. "
                "Please ask the administrator of this server to fix that.",
                reason="refused",
            )
        return answer
