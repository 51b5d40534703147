"""The table of settings in docs/settings.md, which is rendered into the committed file."""

from __future__ import annotations

from pathlib import Path

from teamhub_shared.rules import Choice, Number, Port
from teamhub_shared.settings import HUB, PROXY, SETTINGS, Setting

BEGIN = "<!-- `python3 build.py docs` writes this table from src/teamhub_shared/settings.py -->\n"
END = "<!-- end of the table -->\n"


def renew(repository: Path) -> None:
    """Write the table into docs/settings.md."""
    page = repository / "docs/settings.md"
    page.write_text(with_table(page.read_text("utf-8")), "utf-8")


def with_table(text: str) -> str:
    """The page with the table as it is now between its two marks.

    Raises ValueError for a page without them.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the marks of the table are not in the page")
    return f"{before}{BEGIN}{settings_table()}{END}{after}"


def settings_table() -> str:
    """A line of Markdown for each setting."""
    rows = [
        f"| `{setting.key}` | {default(setting)} | {restarts(setting)} |\n" for setting in SETTINGS
    ]
    return "".join(["| setting | default | what a change restarts |\n|---|---|---|\n", *rows])


def default(setting: Setting) -> str:
    """The default, and the other words that the value may be."""
    match setting.rule:
        case Choice(words):
            others = [word for word in words if word != setting.default]
        case Port() | Number():
            others = [word for word in [setting.rule.word] if word not in ("", setting.default)]
        case _:
            others = []
    shown = f"`{setting.default}`" if setting.default else "empty"
    return f"{shown}; or {', '.join(f'`{word}`' for word in others)}" if others else shown


def restarts(setting: Setting) -> str:
    """What a change restarts: whatever takes the setting up, unless it says otherwise."""
    if setting.restarts:
        return setting.restarts
    if PROXY in setting.readers:
        return "the proxy, and with it the hub"
    return "the hub" if HUB in setting.readers else "nothing"
