"""What the maintscripts and the units are rendered with, out of the table of settings."""

from __future__ import annotations

import shlex
from math import ceil

from teamhub_shared import accounts, rules
from teamhub_shared.rules import Choice, Domain, Names, Number, Path, Port, Rule
from teamhub_shared.settings import SETTINGS, Setting


def context() -> dict[str, object]:
    """The names that templates use for settings and their rules."""
    return {
        "settings": SETTINGS,
        "accounts": accounts,
        "rules": rules,
        "booleans": [setting.question for setting in SETTINGS if is_boolean(setting)],
        "quote": shlex.quote,
        "shell_check": shell_check,
    }


def is_boolean(setting: Setting) -> bool:
    """Whether debconf asks for yes or no, which it stores as true or false."""
    return setting.rule == rules.YES_OR_NO


def shell_check(rule: Rule) -> str:
    """The command of maintscripts/config that refuses a `$value` which `rule` does."""
    match rule:
        case rules.YES_OR_NO:
            return 'check_choice "$value" true false'
        case Choice():
            return f'check_choice "$value" {shlex.join(rule.words)}'
        case Port():
            return f'{unless(rule.word)}check_port "$value"'
        case Number():
            words = shlex.join([rule.error, rule.whole_pattern, *least_by_unit(rule)])
            return f'{unless(rule.word)}check_number "$value" {words}'
        case Names():
            return 'check_server_names "$value"'
        case Domain():
            return 'check_domain "$value"'
        case Path():
            return 'check_path "$value" "$1"'
    raise NotImplementedError(f"maintscripts/config has no check by {rule!r}")


def unless(word: str) -> str:
    """The beginning of a check that a word in place of the value passes."""
    return f'[ "$value" = {shlex.quote(word)} ] || ' if word else ""


def least_by_unit(rule: Number) -> list[str]:
    """UNIT=LEAST for each unit, in hundredths of it."""
    units = rule.units or {"": 1}
    return [f"{unit}={ceil(rule.least * 100 / size)}" for unit, size in units.items()]
