"""Where the environments of a server are, and what they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from teamhub_shared import BILL, CHANNEL_DIR, LOCK_NAME


@dataclass(frozen=True)
class Layout:
    """The folders and files of one server; the defaults are the package's own."""

    root: Path = Path("/opt/teamhub")
    #: The channel that the package carries, with its lock.
    channel: Path = CHANNEL_DIR
    #: The packages that the team asks for.
    team_file: Path = Path("/etc/teamhub/environment.yml")
    #: rattler's own settings for other channels (proxy, certificates, logins); optional.
    network_file: Path = Path("/etc/teamhub/rattler.toml")
    #: What the package says of itself that it is made of.
    bill: Path = BILL

    @property
    def generations(self) -> Path:
        """One folder a generation."""
        return self.root / "generations"

    @property
    def current(self) -> Path:
        """The link to the generation that new servers start in."""
        return self.root / "current"

    @property
    def cache(self) -> Path:
        """Unpacked packages, which generations share by hardlinks."""
        return self.root / "pkgs"

    @property
    def repodata(self) -> Path:
        """The last known indexes of other channels."""
        return self.root / "repodata"

    @property
    def pip_cache(self) -> Path:
        """What pip has downloaded."""
        return self.root / "pip"

    @property
    def history(self) -> Path:
        """Which generation became current, when and why: one JSON object a line."""
        return self.root / "history.jsonl"

    @property
    def busy(self) -> Path:
        """The file that a command has locked while it changes the environments."""
        return self.root / ".busy"

    @property
    def shipped_lock(self) -> Path:
        """The lock that the package carries."""
        return self.channel / LOCK_NAME


SERVER = Layout()
