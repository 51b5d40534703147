"""Whether the hub of a generation could start with the server's configuration and database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from teamhub.environment import checks
from teamhub.hub import config as hub_config
from teamhub.hub import database


class HubCheck:
    """A check of a generation that is being made, and of one that is there."""

    environment = "hub"
    of_packages_alone = False

    def __init__(self, values: Mapping[str, str], report: Callable[[str], None]) -> None:
        """`values` are the settings of the hub."""
        self.values = values
        self.report = report
        self.has_passed = False

    def run(self, generation: Path) -> None:
        """Load the configuration, and ask for the database.

        Raises BadHubConfig, UnreadableDatabase, or BrokenGeneration where the hub itself is broken.
        """
        try:
            hub_config.check(self.values, self.report, generation)
        except hub_config.BadHubConfig:
            checks.JUPYTERHUB.run(generation)
            raise
        database.check(generation)
        self.has_passed = True
