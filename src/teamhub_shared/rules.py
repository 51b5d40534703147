"""Which values a setting may have: each rule stands here once.

The server checks by `fault`.  The dialogue runs before Python is there, so the build renders the
same patterns and bounds into maintscripts/config, and a test holds both to one answer.

Patterns are POSIX extended regular expressions that Python's `re` reads alike.  Each matches a
whole text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

#: Of ASCII, what sh, systemd, sed and Python read in the same way between double quotes: all that
#: can be printed but " $ ' \ and `.  Written as in brackets of a pattern, and as tr(1) reads it.
ASCII_TEXT = "] !#%&(-[^_a-~"

#: That, and the letters and signs of other scripts.  It leaves out control characters, and code
#: points for which systemd skips a line (U+FDD0 and others).  The dialogue checks ASCII alone:
#: bookworm's grep has no ranges of other characters in C.UTF-8.  The postinst checks them all.
TEXT = (
    f"[{ASCII_TEXT}"
    "\u00a1-\u1ffe\u2010-\u2027\u2030-\ud7a3\uf900-\ufdc7\ufdf0-\uffee"
    "\U00010000-\U0001fbfa\U00020000-\U0003134a]*"
)

#: IP addresses as RFC 3986, section 3.2.2, has them; one with a zone (fe80::1%eth0) is of no use to
#: others.
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"({_BYTE}\.){{3}}{_BYTE}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_IPV6 = (
    f"(({_GROUP}:){{6}}|::({_GROUP}:){{5}}"
    + "".join(f"|(({_GROUP}:){{0,{n}}}{_GROUP})?::({_GROUP}:){{{4 - n}}}" for n in range(5))
    + f")({_GROUP}:{_GROUP}|{_IPV4})"
    f"|(({_GROUP}:){{0,5}}{_GROUP})?::{_GROUP}"
    f"|(({_GROUP}:){{0,6}}{_GROUP})?::"
)
ADDRESS = f"{_IPV4}|{_IPV6}"

#: Host names (RFC 1123, section 2.1), and what is none though it looks like one: a name that ends
#: in a number would be an address, and a name has 253 letters at most.
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = rf"{_LABEL}(\.{_LABEL})*"
NO_HOST_NAME = r"([^.]*\.)*[0-9]+|.{254}.*"
#: What can have names below it that a public authority signs: it has two labels or more.
DOMAIN = rf"{_LABEL}(\.{_LABEL})+"
#: In a certificate: one label in place of the star (RFC 6125, section 6.4.3).
WILDCARD = rf"\*\.{DOMAIN}"

#: Of the address of a server on the web; and of a person's mail, as far as both are ASCII.
WEB_ADDRESS = (
    rf"https://({HOST_NAME}|{_IPV4}|\[({_IPV6})\])(:[1-9][0-9]{{0,4}})?"
    "(/[A-Za-z0-9._~%!&*+,;=:@/?-]*)?"
)
MAIL_ADDRESS = rf"[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}@{DOMAIN}"

LAST_PORT = 65535

#: Of these, systemd takes K to mean 1024 bytes (systemd.resource-control(5), MemoryMax=).
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of `text` fits a pattern."""
    return re.fullmatch(pattern, text) is not None


def is_full_name(name: str) -> bool:
    """Whether `name` is a host's with a dot in it, and neither *.NAME nor an address."""
    return fits(DOMAIN, name) and not fits(NO_HOST_NAME, name)


def text_fault(value: str) -> str | None:
    """What no value may hold: each reader of teamhub.conf would make something else of it."""
    if fits(TEXT, value):
        return None
    found = re.search(r"""["'\\$`]""", value)
    if found:
        return f"it holds the character {found[0]}"
    return "it holds a line break or another control character"


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if value in self.words:
            return None
        return f"write {', '.join(self.words[:-1])} or {self.words[-1]}"


#: In debconf a question of its own type, which calls them true and false.
YES_OR_NO = Choice(("yes", "no"))


@dataclass(frozen=True)
class Port:
    """A TCP port, or a word in its place."""

    word: str = ""
    pattern: str = "[1-9][0-9]{0,4}"

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if self.word and value == self.word:
            return None
        alternative = f", or {self.word}" if self.word else ""
        if not fits(self.pattern, value) or int(value) > LAST_PORT:
            return f"a port is a number from 1 to {LAST_PORT}{alternative}"
        return None


@dataclass(frozen=True)
class Number:
    """A number with no more than two decimals, after which a unit may come; or a word."""

    #: What the dialogue explains a bad value by: the template teamhub/error-ERROR.
    error: str
    #: Of the number without its unit.
    pattern: str
    #: What a value has to be, in words; and why none is smaller.
    form: str
    least: Decimal = Decimal(0)
    too_small: str = ""
    units: Mapping[str, int] | None = None
    word: str = ""

    @property
    def whole_pattern(self) -> str:
        """The pattern of a number with its unit."""
        return f"({self.pattern})[{''.join(self.units)}]" if self.units else self.pattern

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if self.word and value == self.word:
            return None
        if not fits(self.whole_pattern, value):
            return f"{self.form}: {self.hint(value)}" if self.units else self.form
        number = value[:-1] if self.units else value
        size = self.units[value[-1]] if self.units else 1
        return self.too_small if Decimal(number) * size < self.least else None

    def hint(self, value: str) -> str:
        """What somebody who wrote `value` without a unit as it has to be may have meant."""
        letters = "".join(self.units or ())
        form = rf"(?P<number>{self.pattern}) ?(?P<unit>[{letters}])(?:i?b)?"
        found = re.fullmatch(form, value, re.IGNORECASE)
        if found:
            return f"write {found['number']}{found['unit'].upper()}"
        if fits("0+", value):
            return f"write {self.word} for no limit"
        return f"write something like 2G, or {self.word}"


@dataclass(frozen=True)
class Names:
    """Host names, *.NAME and IP addresses, separated by spaces; none at all is fine."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        bad = [name for name in value.split(" ") if name and not self.takes(name)]
        return f"{bad[0]!r} is neither a host name nor an address" if bad else None

    def takes(self, name: str) -> bool:
        """Whether one name is fine."""
        is_name = fits(HOST_NAME, name) or fits(WILDCARD, name)
        return fits(ADDRESS, name) or (is_name and not fits(NO_HOST_NAME, name))


@dataclass(frozen=True)
class Domain:
    """A host name with a dot in it, which can have names below itself; or nothing."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if not value or is_full_name(value):
            return None
        return "write a name such as hub.example.org, or nothing"


@dataclass(frozen=True)
class Address:
    """One IP address, or nothing."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if not value or fits(ADDRESS, value):
            return None
        return "write one IP address, or nothing for all"


@dataclass(frozen=True)
class Path:
    """The absolute path of a file, or nothing."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        return None if not value or value.startswith("/") else "write the whole path, from / on"


@dataclass(frozen=True)
class WebAddress:
    """The address of a page that is asked by HTTPS."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if fits(WEB_ADDRESS, value):
            return None
        return "write an address that begins with https://, such as https://ca.example.org/acme"


@dataclass(frozen=True)
class MailAddress:
    """Where a person gets mail, or nothing."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or nothing."""
        if not value or fits(MAIL_ADDRESS, value):
            return None
        return "write one address such as admin@example.org, or nothing"


Rule = Choice | Port | Number | Names | Domain | Address | Path | WebAddress | MailAddress

# Below these a Jupyter server does not start: 132 MB and one kernel of 53, their threads.
MEMORY = Number(
    error="memory",
    pattern=r"[0-9]{1,6}(\.[0-9]{1,2})?",
    form="an amount of memory is a number and K, M, G or T",
    least=Decimal(256 * UNITS["M"]),
    too_small="a Jupyter server does not start with less than 256M",
    units=UNITS,
    word="none",
)
CORES = Number(
    error="cpu",
    pattern=r"[0-9]{1,4}(\.[0-9]{1,2})?",
    form="a share of the processors is a number of cores: write something like 1.5, or none",
    least=Decimal("0.1"),
    too_small="a Jupyter server needs 0.1 cores or more; write none for no limit",
    word="none",
)
TASKS = Number(
    error="tasks",
    pattern="[0-9]{1,7}",
    form="a number of tasks is a whole number: write something like 512, or none",
    least=Decimal(128),
    too_small="a Jupyter server needs 128 tasks or more; write none for no limit",
    word="none",
)
HOURS = Number(
    error="hours",
    pattern="[0-9]{1,5}",
    form="the idle time is a whole number of hours, 0 for never",
)
