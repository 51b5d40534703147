"""Which package a build makes: for what suite, with what in it, and where that comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from teamhub_build.suites import EVERY_SUITE, SUITES, Suite, machine_suite
from teamhub_shared import TeamhubError

#: The name of the channel that the build makes itself.
EMBEDDED = "embedded"


class VariantError(TeamhubError):
    """The chosen options cannot be one package."""


@dataclass(frozen=True)
class Variant:
    """One package of the many that one release can be built as."""

    suite: Suite
    profile: str
    #: Names or URLs of conda channels, the first one preferred; none for the embedded channel.
    channels: tuple[str, ...] = ()
    #: Whether the package carries the lock alone, and servers fetch what it names.
    thin: bool = False
    #: The lock of an earlier build, whose packages it takes rather than solve again.
    lock: Path | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the conda packages stand over Debian's own Python, in a channel made here."""
        return not self.channels

    @property
    def name(self) -> str:
        """What its folders and logs are called."""
        if self.is_embedded:
            return f"{self.suite.codename}-{self.profile}"
        return f"channel-{self.profile}{'-thin' if self.thin else ''}"


def choose_variant(
    suite: str | None,
    profile: str,
    channels: Sequence[str],
    *,
    thin: bool,
    lock: Path | None = None,
) -> Variant:
    """The variant that options name; a suite of None is the machine's own.

    Raises VariantError for options that exclude each other, or a channel that cannot be shipped.
    """
    named = tuple(dict.fromkeys(channel.rstrip("/") for channel in channels))
    if named in ((), (EMBEDDED,)):
        if thin:
            raise VariantError(
                "servers cannot fetch from the embedded channel, which only the build has",
                "leave --thin out, or name a channel: --channel conda-forge --thin",
            )
        if lock:
            raise VariantError(
                "the embedded channel is made of what locks/ pins, and of no other lock",
                "leave --lock out, or name the channels that it was solved with: --channel",
            )
        return Variant(SUITES[suite] if suite else machine_suite(), profile)
    if EMBEDDED in named:
        raise VariantError(
            "the embedded channel stands over Debian's Python, and no other channel's packages do",
            f"leave out --channel {EMBEDDED}, or the others",
        )
    if suite:
        raise VariantError(
            "a package of a conda channel brings its own Python and is for every suite",
            "leave --suite out",
        )
    for channel in named:
        refuse_login(channel)
    if lock and not lock.is_file():
        raise VariantError(f"there is no lock {lock}", "give --lock the teamhub.lock of a .deb")
    return Variant(EVERY_SUITE, profile, named, thin, lock and lock.resolve())


def refuse_login(channel: str) -> None:
    """Raise VariantError for an address with a login in it, which every server could read."""
    parts = urlsplit(channel)
    if "@" in parts.netloc or re.match(r"/t/[^/]+/", parts.path):
        raise VariantError(
            f"the channel {parts.hostname} is named with a login, which would ship in the lock",
            "put the login into ~/.netrc, and name the channel without it",
        )
