"""The filter that ships for fail2ban, read without fail2ban: what addresses it finds in a log."""

from __future__ import annotations

import configparser
import re

from support.checkout import REPOSITORY

FILTER = REPOSITORY / "conffiles/etc/fail2ban/filter.d/teamhub.conf"
#: What fail2ban puts in place of its tags, nearly: jail.conf(5).
TAGS = {
    "<F-USER>": "(?P<user>",
    "</F-USER>": ")",
    "<ADDR>": (
        r"\[?(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})"
        r"|(?P<ip6>[0-9a-fA-F]*:[0-9a-fA-F:]+))\]?"
    ),
}


def definition() -> configparser.SectionProxy:
    """The filter's settings."""
    found = configparser.ConfigParser()
    found.read_string(FILTER.read_text("utf-8"))
    return found["Definition"]


def patterns() -> list[re.Pattern[str]]:
    """The filter's regular expressions."""
    texts = definition()["failregex"].split("\n")
    for tag, pattern in TAGS.items():
        texts = [text.replace(tag, pattern) for text in texts]
    return [re.compile(text) for text in texts]


def address(line: str) -> str | None:
    """The address for which one entry of the hub's in the journal counts, if it does."""
    shown = f"hub jupyterhub[812]: {line}"
    found = next(filter(None, (pattern.search(shown) for pattern in patterns())), None)
    return (found["ip4"] or found["ip6"]) if found else None


def addresses(log: str) -> list[str]:
    """The addresses for which a text counts that the hub has written: each line is an entry."""
    return [found for line in log.split("\n") if (found := address(line))]
