"""Loads the hub's configuration as the hub does, and says what is wrong with it.

Runs as the hub's account on the hub's own Python, started by `teamhub check-config`, which gives it
the main file's path.  Prints JSON: {"errors": [...], "warnings": [...]}, each a list of
[file, line, message]; line 0 where there is none to name.
"""

import ast
import difflib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.app import JupyterHub
from traitlets import HasTraits, TraitError
from traitlets.config import Configurable
from traitlets.config.loader import LazyConfigValue, PyFileConfigLoader

Finding = tuple[str, int, str]


class Loader(PyFileConfigLoader):
    """Loads the main file and the snippets; an error in one does not hide those of the next."""

    #: Of all files, in the order in which they ended.
    loaded: ClassVar[list[str]] = []
    errors: ClassVar[list[Finding]] = []

    def load_or_note(self) -> None:
        """Load this file; what it raises is noted with its place, SystemExit too."""
        try:
            self.load_config()
        except BaseException as error:
            # a file that is not there was found nowhere
            file = self.full_filename or str(Path(self.path or "", self.filename))
            self.errors.append(place_of(error, file))
        self.loaded.append(self.full_filename)

    def load_subconfig(self, fname: str, path: str | None = None) -> None:
        """What a configuration file calls to load another."""
        inner = Loader(fname, path or self.path)
        inner.load_or_note()
        self.config.merge(inner.config)


def place_of(error: BaseException, file: str) -> Finding:
    """An exception's text, and the line of the configuration that was running."""
    words = "".join(traceback.format_exception_only(error)).split("\n")
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0, words[-2]  # after the line itself and a mark
    text = " ".join(words).strip()
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return file, (lines[-1] if lines else 0) or 0, text


def known_classes(config: Any) -> dict[str, type[Configurable]]:  # noqa: ANN401
    """The classes that read the configuration, and those that they inherit from, by name."""
    hub = JupyterHub(config=config)
    chosen = [hub.authenticator_class, hub.spawner_class, hub.proxy_class, *hub.classes]
    return {
        parent.__name__: parent
        for cls in (JupyterHub, *chosen)
        for parent in cls.__mro__
        if issubclass(parent, Configurable)
    }


def check_values(config: Any, files: list[str]) -> Iterator[tuple[str, Finding]]:  # noqa: ANN401
    """Values of the wrong kind (errors), and names that the hub does not know (warnings)."""
    # the hub's own first: they name the classes that the others are for
    wrong = list(check_section("JupyterHub", config.JupyterHub, [JupyterHub], files))
    yield from wrong
    if any(kind == "errors" for kind, _ in wrong):
        return
    classes = known_classes(config)
    for section, values in config.items():
        if section not in classes:
            where = place_in(files, f"c.{section}")
            yield "warnings", (*where, unknown("the hub has no class", section, classes))
        elif section != "JupyterHub":
            readers = [cls for cls in classes.values() if issubclass(cls, classes[section])]
            yield from check_section(section, values, readers, files)


def check_section(
    section: str, values: dict[str, Any], readers: list[type[Configurable]], files: list[str]
) -> Iterator[tuple[str, Finding]]:
    """What is wrong with the values for one class and those that inherit from it."""
    known = {name: cls for cls in readers for name in cls.class_traits(config=True)}
    for name, value in values.items():
        where = place_in(files, f"c.{section}.{name}")
        if name not in known:
            yield "warnings", (*where, unknown(f"{section} has no setting", name, known))
        elif fault := fault_of(known[name], name, value):
            yield "errors", (*where, fault)


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


def place_in(files: list[str], name: str) -> tuple[str, int]:
    """The last place that mentions `name`: what was set last holds."""
    for file in reversed(files):
        tree = ast.parse(Path(file).read_bytes())
        lines = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node) == name
        ]
        if lines:
            return file, max(lines)
    return files[-1], 0


def unknown(what: str, name: str, known: dict[str, Any]) -> str:
    """A warning about a name, with the one that may be meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"{what} {name}" + (f"; did you mean {close[0]}?" if close else "")


def main() -> None:
    """Check the file named on the command line."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a configuration prints must not come between
    path = Path(sys.argv[1])
    loader = Loader(path.name, str(path.parent))
    loader.load_or_note()
    found: dict[str, list[Finding]] = {"errors": loader.errors, "warnings": []}
    if not loader.errors:
        # the main file is noted when it has ended, and the snippets in it are loaded last
        files = [loader.loaded[-1], *loader.loaded[:-1]]
        for kind, finding in check_values(loader.config, files):
            found[kind].append(finding)
    json.dump(found, results)
    results.close()


main()
