"""The channels that packages come from, and how they are reached."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from teamhub.environment.conda.packages import is_embedded
from teamhub.environment.store.layout import Layout
from teamhub.environment.team.file import NO_DEFAULTS, TeamPackages
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError
from teamhub_shared.conda import network

if TYPE_CHECKING:
    from rattler import Client, Config, Gateway

#: Settings of rattler that nothing here would obey, with what an admin does in their place.
NOT_OBEYED = {
    "default-channels": "name channels in environment.yml",
    "run-post-link-scripts": "nothing: no script of a package is ever run",
    # Debian's Python is a link in the prefix, and apt could not update a copy.
    "allow-symbolic-links": "nothing: links to Debian's Python have to stay links",
    "concurrency.solves": "nothing: there is one solve at a time",
    "virtual-package-detectors": "set CONDA_OVERRIDE_CUDA or its like, as with conda",
    "index-config": "nothing: no channel is indexed here",
    "build": "nothing: no package is built here",
}

URL = re.compile(r"\(?['`]?((?:https?|file)://[^\s'`)]+|/[^\s'`)]+)['`)]*")

#: What rattler asks a channel for first, in whose place people name the channel.
INDEX = re.compile(r"(?:/(?:noarch|linux-64))?/(?:repodata[^/]*)?$")
MISMATCH = re.compile(r"hash mismatch .*expected (\w+), got (\w+)")
#: The status of an HTTP answer, as reqwest says it and as rattler does.
STATUS = re.compile(r"\bstatus (?:(?:client|server) error|code) \((\d{3})\b")
UNAUTHORIZED, FORBIDDEN, NOT_FOUND = "401", "403", "404"


class BadNetworkFile(TeamhubError):
    """rattler.toml cannot be read, or has what would not be obeyed."""


class ChannelUnreachable(TeamhubError):
    """A channel does not answer, or does not have what was asked for."""


class NoSuchPackage(TeamhubError):
    """No packages satisfy what is asked for."""


def network_settings(path: Path) -> Config:
    """How channels are reached: rattler's own settings, where the admin wrote such a file.

    Raises BadNetworkFile.
    """
    from rattler import Config

    if not path.exists():
        return network.configuration()
    try:
        text = path.read_text("utf-8")
        own, unknown = Config.from_toml_with_unused_keys(text)
        own.validate()
    except (OSError, ValueError) as error:
        raise BadNetworkFile(
            f"{path}: {' '.join(str(error).split())}",
            "see rattler's documentation of its configuration, and fix the file",
        ) from error
    if unknown:
        raise BadNetworkFile(
            f"{path}: rattler has no setting {', '.join(unknown)}",
            "see rattler's documentation of its configuration, and fix the file",
        )
    for key in keys(tomllib.loads(text)):
        if key in NOT_OBEYED:
            raise BadNetworkFile(
                f"{path}: teamhub does not obey {key}",
                f"take it out; what to do in its place: {NOT_OBEYED[key]}",
            )
    return network.configuration(own)


def keys(table: dict[str, Any], above: str = "") -> Iterator[str]:
    """The names of all settings and tables in a file, with a dot between table and setting."""
    for key, value in table.items():
        yield above + key
        if isinstance(value, dict):
            yield from keys(value, f"{above}{key}.")


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
    here = layout.channel
    return [here.as_uri() if is_embedded(url, here) else url for url in urls]


def client(layout: Layout) -> Client:
    """What fetches from channels, with the admin's proxy, certificates and logins."""
    return network.client(network_settings(layout.network_file))


def gateway(layout: Layout, *, from_memory: bool) -> Gateway:
    """What knows the packages of every channel; `from_memory`: as they were when last asked."""
    settings = network_settings(layout.network_file)
    return network.gateway(settings, layout.repodata, from_memory=from_memory)


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
    answer = STATUS.search(problem)
    status = answer[1] if answer else ""
    if status in (UNAUTHORIZED, FORBIDDEN):
        return "name a file with the login as authentication-override-file in rattler.toml"
    if where.endswith((".conda", ".tar.bz2")):
        return (
            "the channel does not have what its index says: wait until it is fixed, "
            f"then: {retry_env_command()}"
        )
    if status == NOT_FOUND or "No such file" in problem:
        return f"correct the address below `channels:` in {team_file}"
    return f"see that the channel can be reached, then: {retry_env_command()}"
