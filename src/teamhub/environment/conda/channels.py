"""The channels that packages come from, and how they are reached."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.store.layout import Layout
from teamhub.environment.team.file import NO_DEFAULTS, TeamPackages
from teamhub.system.remedies import retry_env_command
from teamhub_shared import CHANNEL_DIR, TeamhubError

if TYPE_CHECKING:
    from rattler import Client, Config, Gateway

#: Debian's store of certificates, where `update-ca-certificates` puts a company's own.
DEFAULTS = 'tls-root-certs = "system"\n'
RETRIES = 3
#: For one answer as a whole; a package that stalls is noticed sooner (prefix.STALLED_SECONDS).
TIMEOUT_SECONDS = 1800
URL = re.compile(r"\(?['`]?((?:https?|file)://[^\s'`)]+|/[^\s'`)]+)['`)]*")

#: What rattler asks a channel for first, in whose place people name the channel.
INDEX = re.compile(r"(?:/(?:noarch|linux-64))?/(?:repodata[^/]*)?$")
MISMATCH = re.compile(r"hash mismatch .*expected (\w+), got (\w+)")


class BadNetworkFile(TeamhubError):
    """rattler.toml cannot be read."""


class ChannelUnreachable(TeamhubError):
    """A channel does not answer, or has not what was asked for."""


class NoSuchPackage(TeamhubError):
    """No packages satisfy what is asked for."""


def network_settings(path: Path) -> Config:
    """How channels are reached: rattler's own settings, where the admin wrote such a file.

    Raises BadNetworkFile.
    """
    from rattler import Config

    settings = Config.from_toml(DEFAULTS)
    if not path.exists():
        return settings
    remedy = "see rattler's documentation of its configuration, and mend the file"
    try:
        own, unknown = Config.from_toml_with_unused_keys(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadNetworkFile(f"{path}: {' '.join(str(error).split())}", remedy) from error
    if unknown:
        raise BadNetworkFile(f"{path}: no settings of rattler: {', '.join(unknown)}", remedy)
    return settings.merge(own)


def sources(layout: Layout, team: TeamPackages) -> list[str]:
    """Where the solver looks: the channels of the shipped lock, then the team's.

    As in conda, `nodefaults` among the team's leaves the others out; what ships stays in any case.
    """
    own = [] if NO_DEFAULTS in team.channels else shipped_channels(layout)
    return [*own, *(channel for channel in team.channels if channel != NO_DEFAULTS)]


def shipped_channels(layout: Layout) -> list[str]:
    """The channels that the package was built with; the embedded one is where `layout` has it."""
    from rattler import LockFile

    locked = LockFile.from_path(layout.shipped_lock).environment("user")
    urls = [str(channel).rstrip("/") for channel in locked.channels()] if locked else []
    return [layout.channel.as_uri() if url == CHANNEL_DIR.as_uri() else url for url in urls]


def client(layout: Layout) -> Client:
    """What fetches from channels, with the admin's proxy, certificates and logins."""
    from rattler import Client

    settings = network_settings(layout.network_file)
    return Client.from_config(settings, max_retries=RETRIES, timeout=TIMEOUT_SECONDS)


def gateway(layout: Layout, *, from_memory: bool) -> Gateway:
    """What knows the packages of every channel; `from_memory`: as they were when last asked."""
    from rattler import Gateway, SourceConfig

    source = SourceConfig(
        bz2_enabled=False,
        sharded_enabled=not from_memory,
        cache_action="force-cache-only" if from_memory else "cache-or-fetch",
    )
    # The embedded channel is a folder of our own: always as it is now, and without shards.
    embedded = SourceConfig(bz2_enabled=False, sharded_enabled=False, cache_action="no-cache")
    return Gateway(
        cache_dir=layout.repodata,
        default_config=source,
        per_channel_config={layout.channel.as_uri(): embedded},
        client=client(layout),
    )


def explain(error: Exception, team_file: Path) -> TeamhubError:
    """One of rattler's errors in our words, as short as it can be."""
    from rattler.exceptions import InvalidMatchSpecError, SolverError

    causes = [line.removeprefix("Caused by: ") for line in str(error).splitlines() if line.strip()]
    if isinstance(error, SolverError):
        first = causes[0].removeprefix("Cannot solve the request because of: ")
        return NoSuchPackage(
            "\n  ".join(["these packages cannot be had together:", first, *causes[1:12]]),
            f"change {team_file}, or name a channel that has them below `channels:` there",
        )
    if isinstance(error, InvalidMatchSpecError):
        return NoSuchPackage(f"not a conda spec: {causes[0]}", "write it as NAME or `NAME >=1`")
    url = URL.search(str(error))
    where = INDEX.sub("", url[1]) if url else causes[0]
    if mismatch := MISMATCH.search(str(error)):
        expected, got = mismatch.groups()
        problem = f"its sha256 is {got}, the channel says {expected}"
    else:
        problem = URL.sub("", causes[-1]).replace(" for url", "").strip(" :")
    return ChannelUnreachable(f"{where}: {problem}", remedy_for(problem, where, team_file))


def remedy_for(problem: str, where: str, team_file: Path) -> str:
    """What to do about an answer that a channel gave, or did not give."""
    if "401" in problem or "403" in problem:
        return "name a file with the login as authentication-override-file in rattler.toml"
    if where.endswith((".conda", ".tar.bz2")):
        return (
            "the channel does not have what its index says: wait until it is fixed, "
            f"then: {retry_env_command()}"
        )
    if "404" in problem or "No such file" in problem:
        return f"correct the address below `channels:` in {team_file}"
    return f"see that the channel can be reached, then: {retry_env_command()}"
