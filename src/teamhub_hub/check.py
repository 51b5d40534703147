"""Whether the hub could start: loads its configuration as the hub does, and looks at its database.

`teamhub` runs it as the hub's account, on the hub's own Python, in the environment of the hub's
unit, and gives it the path of the main file.  It changes nothing, and prints JSON: an object with
`errors` and `warnings`, which are lists of [file, line, message], the line being 0 if it is
not known; and `database`, which is [problem, remedy], or null if the hub can read its database.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyterhub.app import JupyterHub
from traitlets import HasTraits, TraitError
from traitlets.config import Config, Configurable
from traitlets.config.loader import LazyConfigValue

from teamhub_hub import copies, database
from teamhub_hub.configuration import Finding, Loader


@dataclass
class Findings:
    """What is wrong with a configuration; with an error the hub could not start."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


def check_config(main_file: Path) -> Findings:
    """Load a configuration and check its values against the hub's classes."""
    loader = Loader(main_file.name, str(main_file.parent))
    loader.load_main_file()
    findings = Findings(errors=loader.errors)
    if not loader.errors:
        # the main file is noted when it has ended, and the snippets in it are loaded last
        files = [loader.loaded[-1], *loader.loaded[:-1]]
        check_values(loader.config, files, findings)
    return findings


def check_values(config: Config, files: Sequence[str], findings: Findings) -> None:
    """Values of the wrong kind are errors; names that the hub does not know are warnings."""
    # the hub's own first: they name the classes that the others are for
    check_section("JupyterHub", config.JupyterHub, [JupyterHub], files, findings)
    if findings.errors:
        return
    classes = known_classes(config)
    for section, values in config.items():
        if section not in classes:
            text = unknown("the hub has no class", section, classes)
            findings.warnings.append(Finding(*place_in(files, f"c.{section}"), text))
        elif section != "JupyterHub":
            readers = [cls for cls in classes.values() if issubclass(cls, classes[section])]
            check_section(section, values, readers, files, findings)
    # as they are read, and not as a value of an earlier file has ordered them
    findings.errors.sort(key=lambda finding: (files.index(finding.file), finding.line))


def known_classes(config: Config) -> dict[str, type[Configurable]]:
    """The classes that read the configuration, and those that they inherit from, by name."""
    hub = JupyterHub(config=config)
    chosen = [hub.authenticator_class, hub.spawner_class, hub.proxy_class, *hub.classes]
    return {
        parent.__name__: parent
        for cls in (JupyterHub, *chosen)
        for parent in cls.__mro__
        if issubclass(parent, Configurable)
    }


def check_section(
    section: str,
    values: Mapping[str, Any],
    readers: Sequence[type[Configurable]],
    files: Sequence[str],
    findings: Findings,
) -> None:
    """What is wrong with the values for one class and those that inherit from it."""
    known = {name: cls for cls in readers for name in cls.class_traits(config=True)}
    for name, value in values.items():
        setting = f"c.{section}.{name}"
        if name not in known:
            text = unknown(f"{section} has no setting", name, known)
            findings.warnings.append(Finding(*place_in(files, setting), text))
        elif fault := fault_of(known[name], name, value):
            findings.errors.append(Finding(*place_in(files, setting), fault))


def fault_of(cls: type[HasTraits], name: str, value: object) -> str:
    """Why a class cannot take a value; empty when it can."""
    instance = HasTraits.__new__(cls)  # __init__ would want a running hub
    if isinstance(value, LazyConfigValue):
        value = value.get_value(getattr(instance, name))
    try:
        with instance.cross_validation_lock:
            cls.class_traits()[name]._validate(instance, value)
    except TraitError as error:
        return f"TraitError: {error}"
    return ""


def place_in(files: Sequence[str], name: str) -> tuple[str, int]:
    """The last place that mentions `name`: the last assignment counts."""
    for file in reversed(files):
        lines = list(lines_with(Path(file), name))
        if lines:
            return file, max(lines)
    return files[-1], 0


def lines_with(file: Path, name: str) -> Iterator[int]:
    """The lines of a Python file that mention an attribute, such as c.Spawner.args."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == name:
            yield node.lineno


def unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    """A warning about a name, with the one that may be meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"{what} {name}" + (f"; did you mean {close[0]}?" if close else "")


def check_database(path: Path) -> tuple[str, str] | None:
    """Why the hub cannot read its database, and what to do; None if it can."""
    try:
        database.check(path)
    except database.UnreadableDatabase as error:
        return error.problem, error.remedy
    return None


def main(main_file: str, database_file: Path = copies.DATABASE) -> None:
    """Check both, and print what was found."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a configuration prints must not get into the JSON
    unreadable = check_database(database_file)
    findings = check_config(Path(main_file))
    json.dump({**asdict(findings), "database": unreadable}, results)
    results.close()
    # what a configuration printed may still be in the buffer, which the next line would drop
    sys.stdout.flush()
    os._exit(0)  # a thread that a configuration has started may never end


if __name__ == "__main__":
    main(sys.argv[1])
