"""Advisories in OSV's form (https://ossf.github.io/osv-schema), and what they say of a version.

They come from outside: nothing in them is trusted to have the type that the form gives it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from teamhub.environment.audit.versions import COMPARE, PYPI, NotAVersion, compare
from teamhub_shared.project_names import canonical_name

#: What begins before every version, and a limit that is none (OSV's form of events).
FIRST, NO_LIMIT = "0", "*"
#: In this order where two events have the same version.
EVENTS = ("introduced", "fixed", "last_affected", "limit")


#: What an event is, and its version.
Event = tuple[str, str]
Kind = TypeVar("Kind", dict[str, object], list[object], str)


class NotOSV(ValueError):
    """Something is not in OSV's form; the message says where in the object and what."""


@dataclass(frozen=True)
class Affected:
    """The versions of one package that an advisory is about."""

    ecosystem: str
    #: Of the ecosystem, such as 12 of `Debian:12`; empty for all of them.
    release: str
    name: str
    versions: frozenset[str]
    #: What begins or ends, and with which version.
    ranges: tuple[tuple[Event, ...], ...]

    def contains(self, version: str) -> bool:
        """Whether this version is affected.  Raises NotAVersion where that cannot be known."""
        if any(self._is_same(listed, version) for listed in self.versions):
            return True
        return any(self._range_contains(events, version) for events in self.ranges)

    def fixed_after(self, version: str) -> str:
        """The first version after this one that is fixed; empty where none is known."""
        fixed = [other for events in self.ranges for event, other in events if event == "fixed"]
        later = [other for other in fixed if self._compare(other, version) > 0]
        return min(later, key=functools.cmp_to_key(self._compare), default="")

    def _is_same(self, listed: str, version: str) -> bool:
        """Whether a version that is listed is this one, perhaps in another spelling."""
        try:
            return listed == version or self._compare(listed, version) == 0
        except NotAVersion:
            return False

    def _range_contains(self, events: Sequence[Event], version: str) -> bool:
        """OSV's own algorithm: go through the events in their order, up to this version."""
        limits = [limit for event, limit in events if event == "limit"]
        if limits and not any(
            limit == NO_LIMIT or self._compare(version, limit) < 0 for limit in limits
        ):
            return False
        affected = False
        points = [each for each in events if each[0] != "limit"]
        for event, at in sorted(points, key=functools.cmp_to_key(self._order)):
            passed = self._compare(version, at)
            if passed > 0 or (passed == 0 and event != "last_affected"):
                affected = event == "introduced"
        return affected

    def _order(self, one: Event, other: Event) -> int:
        return self._compare(one[1], other[1]) or EVENTS.index(one[0]) - EVENTS.index(other[0])

    def _compare(self, one: str, other: str) -> int:
        """The order of versions, with the one before all others in it."""
        if FIRST in (one, other):
            return (one != FIRST) - (other != FIRST)
        return compare(self.ecosystem, one, other)


@dataclass(frozen=True)
class Advisory:
    """One advisory, with those of its packages that were asked for."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    #: Such as `CVSS:3.1/AV:N/...`; empty where the advisory has none.
    severity: str
    affected: tuple[Affected, ...]


def parse(raw: object, wanted: Callable[[str, str], bool]) -> Advisory | None:
    """An advisory; None for one that was withdrawn, or is about no package that is wanted.

    `wanted` is asked with each ecosystem and name.  Raises NotOSV.
    """
    entry = _typed(raw, dict, "the advisory")
    name = _typed(entry.get("id"), str, "id")
    withdrawn = _optional(entry, "withdrawn", str)
    found = [
        affected
        for number, each in enumerate(_optional(entry, "affected", list) or ())
        for affected in _affected(each, f"affected[{number}]", wanted)
    ]
    aliases = _texts(entry, "aliases")
    summary = _optional(entry, "summary", str) or _optional(entry, "details", str) or ""
    severity = [
        _typed(_typed(each, dict, f"severity[{number}]").get("score"), str, "severity's score")
        for number, each in enumerate(_optional(entry, "severity", list) or ())
    ]
    if withdrawn or not found:
        return None
    return Advisory(name, aliases, summary, next(iter(severity), ""), tuple(found))


def _affected(raw: object, place: str, wanted: Callable[[str, str], bool]) -> Iterator[Affected]:
    """One entry of `affected`, if it is about a package that is wanted."""
    entry = _typed(raw, dict, place)
    package = _optional(entry, "package", dict, place)
    versions = _texts(entry, "versions", place)
    ranges = [
        _events(_typed(each, dict, f"{place}.ranges[{number}]"), f"{place}.ranges[{number}]")
        for number, each in enumerate(_optional(entry, "ranges", list, place) or ())
    ]
    if package is None:  # a repository, which is no package of anything
        return
    ecosystem, _, release = _typed(
        package.get("ecosystem"), str, f"{place}.package.ecosystem"
    ).partition(":")
    name = _typed(package.get("name"), str, f"{place}.package.name")
    if ecosystem == PYPI:
        name = canonical_name(name)
    if ecosystem in COMPARE and wanted(ecosystem, name):
        yield Affected(ecosystem, release, name, frozenset(versions), tuple(filter(None, ranges)))


def _events(entry: dict[str, object], place: str) -> tuple[Event, ...]:
    """The events of a range; none for one of commits, which no package's version is in."""
    kind = _typed(entry.get("type"), str, f"{place}.type")
    events = []
    for number, raw in enumerate(_optional(entry, "events", list, place) or ()):
        at = f"{place}.events[{number}]"
        for event, version in _typed(raw, dict, at).items():
            if event not in EVENTS:
                raise NotOSV(f"{at}: {event!r} is no event")
            events.append((event, _typed(version, str, f"{at}.{event}")))
    return () if kind == "GIT" else tuple(events)


def _texts(entry: dict[str, object], name: str, above: str = "") -> tuple[str, ...]:
    """A list of words that may be missing."""
    words = _optional(entry, name, list, above) or []
    place = f"{above}.{name}" if above else name
    return tuple(_typed(word, str, f"{place}[{number}]") for number, word in enumerate(words))


def _optional(
    entry: dict[str, object], name: str, kind: type[Kind], above: str = ""
) -> Kind | None:
    """A value that may be missing or null."""
    value = entry.get(name)
    return None if value is None else _typed(value, kind, f"{above}.{name}" if above else name)


def _typed(value: object, kind: type[Kind], place: str) -> Kind:
    """The value, which has to be of this kind.  Raises NotOSV, naming its place."""
    if not isinstance(value, kind):
        words = {"dict": "an object", "list": "a list", "str": "text"}
        raise NotOSV(f"{place} is not {words[kind.__name__]}")
    return value
