"""The tables of settings and questions in docs/, rendered into the committed pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from teamhub_build.settings import is_boolean
from teamhub_shared.rules import Choice, Number, Port
from teamhub_shared.settings import HUB, PROXY, SETTINGS, Setting

BEGIN = "<!-- `python3 build.py docs` writes this table from src/teamhub_shared/settings.py -->\n"
END = "<!-- end of the table -->\n"


def renew(repository: Path) -> None:
    """Write the tables into their pages."""
    for name, table in TABLES.items():
        page = repository / name
        page.write_text(with_table(page.read_text("utf-8"), table()), "utf-8")


def with_table(text: str, table: str) -> str:
    """The page with this table between its two marks.

    Raises ValueError for a page without them.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the marks of the table are not in the page")
    return f"{before}{BEGIN}{table}{END}{after}"


def settings_table() -> str:
    """A line for each setting."""
    rows = [(code(setting.key), default(setting), restarts(setting)) for setting in SETTINGS]
    return markdown(("setting", "default", "what a change restarts"), rows)


def questions_table() -> str:
    """A line for each of debconf's questions, in the dialogue's order."""
    rows = [
        ("`teamhub/users`", "string", "nobody", "group `jupyterhub`"),
        ("`teamhub/admins`", "string", "nobody", "group `jupyterhub-admin`"),
        *(question_row(setting) for setting in SETTINGS if setting.question),
        ("`teamhub/purge-state`", "boolean", "`false`", "none; see [removal](removal.md)"),
    ]
    return markdown(("question", "type", "without an answer", "[setting](settings.md)"), rows)


def question_row(setting: Setting) -> Sequence[str]:
    """The cells of the question that asks for a setting."""
    question, key = code(f"teamhub/{setting.question}"), code(setting.key)
    if is_boolean(setting):
        answer = "true" if setting.default == "yes" else "false"
        return question, "boolean", code(answer), f"{key}, `yes` or `no`"
    kind = "select" if isinstance(setting.rule, Choice) else "string"
    if setting.unanswered:
        return question, kind, f"{shown(setting)}, or {setting.unanswered}", key
    return question, kind, default(setting), key


def default(setting: Setting) -> str:
    """The default, and the other words that the value may be."""
    match setting.rule:
        case Choice(words):
            others = [word for word in words if word != setting.default]
        case Port() | Number():
            others = [word for word in [setting.rule.word] if word not in ("", setting.default)]
        case _:
            others = []
    means = f": {setting.default_means}" if setting.default_means else ""
    instead = f"; or {', '.join(map(code, others))}" if others else ""
    return f"{shown(setting)}{means}{instead}"


def shown(setting: Setting) -> str:
    """The default itself."""
    return code(setting.default) if setting.default else "empty"


def restarts(setting: Setting) -> str:
    """What a change restarts: whatever takes the setting up, unless it says otherwise."""
    if setting.restarts:
        return setting.restarts
    if PROXY in setting.readers:
        return "the proxy, and with it the hub"
    return "the hub" if HUB in setting.readers else "nothing"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    first, *others = [f"| {' | '.join(cells)} |\n" for cells in [head, *rows]]
    return "".join([first, "|---" * len(head), "|\n", *others])


def code(word: str) -> str:
    """A word as Markdown shows what is typed."""
    return f"`{word}`"


#: Each page that has a table, with what makes it.
TABLES: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings_table,
    "docs/unattended.md": questions_table,
}
