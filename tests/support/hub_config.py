"""The hub's configuration as the package installs it, in a folder of a test's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONFFILE = Path("conffiles/etc/teamhub/jupyterhub_config.py")
SNIPPETS = "/etc/teamhub/jupyterhub_config.d"


@dataclass(frozen=True)
class HubConfig:
    """The main file and its snippets; `credentials` is the folder that systemd makes for a hub."""

    main: Path
    snippets: Path
    credentials: Path

    def snippet(self, text: str, name: str = "10-team.py") -> Path:
        """Write a snippet."""
        path = self.snippets / name
        path.write_text(text, "utf-8")
        return path


def write_config(folder: Path) -> HubConfig:
    """Write the conffile, to which only the place of its snippets is another."""
    text = CONFFILE.read_text("utf-8")
    assert text.count(f'"{SNIPPETS}"') == 1
    config = HubConfig(folder / "jupyterhub_config.py", folder / "snippets", folder / "credentials")
    config.main.write_text(text.replace(f'"{SNIPPETS}"', repr(str(config.snippets))), "utf-8")
    for each in (config.snippets, config.credentials):
        each.mkdir()
    (config.credentials / "proxy-token").write_text("0" * 64, "ascii")
    return config
