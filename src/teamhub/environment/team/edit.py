"""Adding to environment.yml and taking away from it, as an admin would with an editor.

Only the lines of the packages in question change: comments and layout are the admin's.  The parser
gives the place of each entry, and the result is parsed again before it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from teamhub.environment.team import pip_lines
from teamhub.environment.team.file import BadTeamFile, Item, Section, Sections, compose, parse
from teamhub_shared import TeamhubError
from teamhub_shared.project_names import canonical_name

#: A conda spec or a pip requirement up to the end of its name.
NAME = re.compile(r"(?:[^\s\[]+::)?\s*([A-Za-z0-9][A-Za-z0-9_.-]*)")
INDENT = "  "
LISTS = ("channels", "dependencies", "pip")


class NotAsked(TeamhubError):
    """A package that is to be removed is not in environment.yml."""


def package_name(spec: str) -> str:
    """The name in a conda spec or a pip requirement, so that two spellings of one are equal.

    An option of pip's has none, and stands for itself: no package is called so.
    Raises BadTeamFile if there is none.
    """
    if pip_lines.option(spec):
        return spec
    match = NAME.match(spec)
    if match is None:
        raise BadTeamFile(f"{spec!r} has no name", "write it as NAME, NAME=VERSION or NAME>=1")
    return canonical_name(match[1])


def with_packages(text: str, path: Path, key: str, specs: Sequence[str]) -> str:
    """The file's text with these entries below `key` (channels, dependencies or pip).

    A spec replaces the one that is there for its package.  Raises BadTeamFile if the file is
    written in a way that this function cannot change.
    """
    for spec in specs:
        found = parse(text, path)
        section: Section = getattr(found, key)
        same = [item for item in section.items if same_entry(key, item.text, spec)]
        if same:
            changed = replaced(text, same[0], spec)
        elif section.node is None and key == "pip":
            changed = with_pip_section(text, found.dependencies, spec)
        else:
            changed = with_entry(text, key, section, spec)
        wanted = texts(found)
        place = wanted[key].index(same[0].text) if same else len(wanted[key])
        wanted[key][place : place + 1] = [spec]
        if not says(changed, path, wanted):
            raise BadTeamFile(
                f"{path}: cannot add {spec!r}", f"write `- {spec}` below `{key}:` with an editor"
            )
        text = changed
    return text


def without_packages(text: str, path: Path, names: Sequence[str]) -> str:
    """The file's text without the packages of these names, conda's and pip's.

    Raises NotAsked, naming the package.
    """
    for name in names:
        if not any(package_name(item.text) == package_name(name) for item in asked(text, path)):
            raise NotAsked(
                f"{name} is not in {path}",
                "see what the team asked for with: teamhub env list --team",
            )
        wanted = texts(parse(text, path))
        for key in ("dependencies", "pip"):
            section: Section = getattr(parse(text, path), key)
            gone = [i for i in section.items if package_name(i.text) == package_name(name)]
            if gone:
                text = without_items(text, section, gone)
                wanted[key] = [item.text for item in section.items if item not in gone]
                if not says(text, path, wanted):
                    raise BadTeamFile(
                        f"{path}: cannot take {name} out",
                        "take it out with an editor, then: teamhub env apply",
                    )
    return text


def texts(found: Sections) -> dict[str, list[str]]:
    """The entries of each list."""
    return {key: [item.text for item in getattr(found, key).items] for key in LISTS}


def says(text: str, path: Path, wanted: dict[str, list[str]]) -> bool:
    """Whether a text that was changed has these entries and no others."""
    try:
        return texts(parse(text, path)) == wanted
    except BadTeamFile:
        return False


def asked(text: str, path: Path) -> list[Item]:
    """All packages that the file asks for."""
    found = parse(text, path)
    return [*found.dependencies.items, *found.pip.items]


def same_entry(key: str, there: str, new: str) -> bool:
    """Whether two entries are for the same channel or package."""
    return there == new if key == "channels" else package_name(there) == package_name(new)


def replaced(text: str, item: Item, spec: str) -> str:
    """The text with another spec in an item's place."""
    start, end = item.node.start_mark.index, item.node.end_mark.index
    return text[:start] + scalar(spec) + text[end:]


def with_entry(text: str, key: str, section: Section, spec: str) -> str:
    """The text with one more entry in a list, which may be empty or missing."""
    node = section.node
    if node is None:
        ended = text if not text or text.endswith("\n") else text + "\n"
        return f"{ended}{key}:\n{INDENT}- {scalar(spec)}\n"
    if section.items:
        last = section.items[-1].node
        if in_brackets(node):
            end = last.end_mark.index
            return f"{text[:end]}, {scalar(spec)}{text[end:]}"
        dash = line_before(text, last)
        return with_line(text, last.end_mark.line, dash + scalar(spec))
    if isinstance(node, yaml.SequenceNode) and node.value:  # nothing but `- pip:`
        first = node.value[0]
        dash = line_before(text, first)
        return with_line(text, first.start_mark.line - 1, dash + scalar(spec))
    # `key:` with nothing, with `~` or with `[]`: the list starts on the next line.
    start, end = node.start_mark.index, node.end_mark.index
    indent = indentation(text, node) + INDENT
    emptied = text[:start].rstrip(" ") + text[end:]
    return with_line(emptied, node.start_mark.line, f"{indent}- {scalar(spec)}")


def with_pip_section(text: str, dependencies: Section, spec: str) -> str:
    """The text with a list for pip at the end of `dependencies`."""
    if dependencies.node is not None and in_brackets(dependencies.node) and dependencies.items:
        end = dependencies.items[-1].node.end_mark.index
        return f"{text[:end]}, {{pip: [{scalar(spec)}]}}{text[end:]}"
    marker = "teamhub-pip-list"
    text = with_entry(text, "dependencies", dependencies, marker)
    indent = next(line for line in text.splitlines() if marker in line).index("-")
    entry = f"{' ' * (indent + 2)}{INDENT}- {scalar(spec)}"
    return text.replace(f"- {marker}", f"- pip:\n{entry}")


def without_items(text: str, section: Section, gone: Sequence[Item]) -> str:
    """The text without some entries of one list."""
    node = section.node
    if node is not None and in_brackets(node):
        kept = [item.text for item in section.items if item not in gone]
        start, end = node.start_mark.index, node.end_mark.index
        return f"{text[:start]}[{', '.join(map(scalar, kept))}]{text[end:]}"
    lines = text.splitlines(keepends=True)
    for item in sorted(gone, key=lambda item: -item.node.start_mark.line):
        del lines[item.node.start_mark.line : item.node.end_mark.line + 1]
    return "".join(lines)


def in_brackets(node: yaml.Node) -> bool:
    """Whether a list is written as `[a, b]`."""
    return isinstance(node, yaml.SequenceNode) and bool(node.flow_style) and bool(node.value)


def line_before(text: str, node: yaml.Node) -> str:
    """The text before a node in its line: the indentation and the dash."""
    return text.splitlines()[node.start_mark.line][: node.start_mark.column]


def indentation(text: str, node: yaml.Node) -> str:
    """The white space that a node's line begins with."""
    line = text.splitlines()[node.start_mark.line]
    return line[: len(line) - len(line.lstrip())]


def with_line(text: str, after: int, line: str) -> str:
    """The text with one more line, after the line of that number (from 0)."""
    lines = text.splitlines()
    return "\n".join([*lines[: after + 1], line, *lines[after + 1 :]]) + "\n"


def scalar(word: str) -> str:
    """A word as YAML: in quotes only if it would mean something else without them."""
    plain = all(map(is_one_word, (f"[{word}]", f"- {word}"), (word, word)))
    return word if plain else json.dumps(word, ensure_ascii=False)


def is_one_word(text: str, word: str) -> bool:
    """Whether a text is a list of this word alone, by YAML's rules."""
    try:
        node = compose(text)
    except yaml.YAMLError:
        return False
    return isinstance(node, yaml.SequenceNode) and [
        (each.tag, each.value) for each in node.value
    ] == [("tag:yaml.org,2002:str", word)]
