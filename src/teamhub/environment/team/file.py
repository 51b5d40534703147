"""/etc/teamhub/environment.yml: the packages that the team asks for, in conda's own form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from teamhub.environment.team import pip_lines
from teamhub.system.run import write_file
from teamhub_shared import TeamhubError

#: conda's word for "and no other channels".
NO_DEFAULTS = "nodefaults"
#: Keys of conda's form that say nothing about packages.
OTHER_KEYS = ("name", "prefix")


class BadTeamFile(TeamhubError):
    """environment.yml cannot be read, or is not in the form of conda's."""


@dataclass(frozen=True)
class TeamPackages:
    """What the team asks for in addition to the packages that came with teamhub."""

    #: Names, URLs or file:// URLs of conda channels, the first one preferred; or NO_DEFAULTS.
    channels: tuple[str, ...] = ()
    #: conda's specs, such as "polars >=1".
    specs: tuple[str, ...] = ()
    #: pip's requirements, and options of pip's (pip_lines).
    pip: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.specs or self.pip)

    def __add__(self, other: TeamPackages) -> TeamPackages:
        """Both; an entry that is in both appears once."""
        return TeamPackages(
            tuple(dict.fromkeys((*self.channels, *other.channels))),
            tuple(dict.fromkeys((*self.specs, *other.specs))),
            tuple(dict.fromkeys((*self.pip, *other.pip))),
        )


@dataclass(frozen=True)
class Item:
    """One entry of a list in the file, and its place."""

    text: str
    node: yaml.ScalarNode


@dataclass(frozen=True)
class Section:
    """A list in the file; `node` is None if the file has no such key."""

    items: tuple[Item, ...] = ()
    node: yaml.Node | None = None


@dataclass(frozen=True)
class Sections:
    """The lists of the file that count."""

    channels: Section
    dependencies: Section
    pip: Section


def read(path: Path) -> TeamPackages:
    """What the file asks for; nothing if there is no file.

    Raises BadTeamFile, naming the line.
    """
    text = text_of(path)
    if text is None:
        return TeamPackages()
    found = parse(text, path)
    return TeamPackages(
        tuple(dict.fromkeys(item.text for item in found.channels.items)),
        tuple(item.text for item in found.dependencies.items),
        tuple(item.text for item in found.pip.items),
    )


def text_of(path: Path) -> str | None:
    """The file's text; None if there is no file.

    Raises BadTeamFile if it is not text.
    """
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadTeamFile(f"{path}: {error}", "fix the file, then: teamhub env apply") from error


@contextmanager
def edited(path: Path, edit: Callable[[str], str]) -> Iterator[None]:
    """Change the file, and put it back if what follows fails.

    Raises BadTeamFile if it is not text.
    """
    before = text_of(path)
    try:
        write(path, edit(before or ""), before)
        yield
    except BaseException:
        if before is None:
            path.resolve().unlink(missing_ok=True)
        else:
            write(path, before, text_of(path))
        raise


def write(path: Path, text: str, before: str | None) -> None:
    """Write the file with its present mode and owner, unless it has this text already.

    `before` is its present text.  A link stays one: the file that it points at changes.
    """
    if text == (before or ""):
        return
    path = path.resolve()
    if path.exists():
        status = path.stat()
        mode, uid, gid = status.st_mode & 0o7777, status.st_uid, status.st_gid
        write_file(path, text.encode(), mode=mode, uid=uid, gid=gid)
    else:
        write_file(path, text.encode(), mode=0o644)


def parse(text: str, path: Path) -> Sections:
    """The lists in a file's text, with their places; `path` is for errors.

    Raises BadTeamFile, naming the line.
    """
    try:
        top = compose(text)
    except yaml.YAMLError as error:
        raise BadTeamFile(
            yaml_problem(error, path),
            "write it as conda's environment.yml, each package as `  - NAME` below `dependencies:`",
        ) from error
    if top is None:
        return Sections(Section(), Section(), Section())
    keys = mapping(top, path)
    for key, (key_node, _) in keys.items():
        if key not in (*OTHER_KEYS, "channels", "dependencies"):
            raise complaint(key_node, path, f"{key!r} is not a key of conda's environment.yml")
    dependencies, pip = split_pip(section(keys, "dependencies", path), path)
    return Sections(scalars(section(keys, "channels", path), path), dependencies, pip)


def compose(text: str) -> yaml.Node | None:
    """The YAML in a text as nodes; None if it has none.  Raises yaml.YAMLError alone."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
    except (ValueError, OverflowError) as error:
        raise yaml.YAMLError("an escape in it is no character") from error
    return node


def yaml_problem(error: yaml.YAMLError, path: Path) -> str:
    """The parser's message, after the line that it is about."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"{path}: {' '.join(str(error).split())}"
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    return f"{path}:{line}: {error.problem or error.context}"


def mapping(node: yaml.Node, path: Path) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """A mapping's keys, each with its own node and its value's."""
    if not isinstance(node, yaml.MappingNode):
        raise complaint(node, path, "`dependencies:` with a list below it was expected here")
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise complaint(key, path, "a word and a colon were expected here")
        if key.value in found:
            raise complaint(key, path, f"{key.value!r} is here a second time")
        found[str(key.value)] = (key, value)
    return found


def section(
    keys: dict[str, tuple[yaml.Node, yaml.Node]], name: str, path: Path
) -> yaml.Node | None:
    """The node of a list, which may also be empty; None if the key is missing."""
    if name not in keys:
        return None
    node = keys[name][1]
    empty = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
    if not (empty or isinstance(node, yaml.SequenceNode)):
        raise complaint(node, path, f"{name!r} must be a list, each entry as `  - NAME`")
    for entry in entries(node):
        # pip would take a second line of an entry for an option of its own
        if isinstance(entry, yaml.ScalarNode) and not entry.value.strip().isprintable():
            raise complaint(entry, path, f"{entry.value!r} has a character that no name has")
    return node


def entries(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """The entries of a list that may be empty or missing."""
    if isinstance(node, yaml.SequenceNode):
        yield from node.value


def scalars(node: yaml.Node | None, path: Path) -> Section:
    """A list of plain words."""
    items = []
    for entry in entries(node):
        if not isinstance(entry, yaml.ScalarNode) or not entry.value.strip():
            raise complaint(entry, path, "a name was expected here")
        items.append(Item(entry.value.strip(), entry))
    return Section(tuple(items), node)


def split_pip(node: yaml.Node | None, path: Path) -> tuple[Section, Section]:
    """The conda specs of `dependencies`, and the list below its `pip:`."""
    specs: list[Item] = []
    pip = Section()
    for entry in entries(node):
        if isinstance(entry, yaml.MappingNode):
            keys = mapping(entry, path)
            if set(keys) != {"pip"}:
                raise complaint(entry, path, "only `pip:` may have a list of its own here")
            if pip.node is not None:
                raise complaint(entry, path, "`pip:` is here a second time")
            pip = scalars(section(keys, "pip", path), path)
            refuse_faults(pip, path)
        elif isinstance(entry, yaml.ScalarNode) and entry.value.strip():
            specs.append(Item(entry.value.strip(), entry))
        else:
            raise complaint(entry, path, "a package's name was expected here")
    return Section(tuple(specs), node), pip


def refuse_faults(pip: Section, path: Path) -> None:
    """Raise BadTeamFile for a line of pip's that cannot be meant."""
    for item in pip.items:
        problem = pip_lines.fault(item.text)
        if problem:
            raise complaint(item.node, path, problem)


def complaint(node: yaml.Node, path: Path, problem: str) -> BadTeamFile:
    """The error for something in the file, with its line."""
    return BadTeamFile(
        f"{path}:{node.start_mark.line + 1}: {problem}", "fix that line, then: teamhub env apply"
    )
