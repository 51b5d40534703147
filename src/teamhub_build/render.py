"""Copies a tree and renders the Jinja2 sources in it: `NAME.j2` becomes `NAME`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import jinja2

from teamhub_shared import TeamhubError

SUFFIX = ".j2"


class RenderError(TeamhubError):
    """A Jinja2 source does not parse, or names something that the build does not give it."""


def render_tree(source: Path, target: Path, context: Mapping[str, object]) -> None:
    """Copy `source` to `target`, which may exist; a `*.j2` arrives rendered and without the suffix.

    Modes come out as 0755 or 0644 by the source's own execute bit, so that the builder's umask
    does not reach the package.  Raises RenderError, with the file and the line.
    """
    for path in sorted(source.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        place = target / path.relative_to(source)
        if path.is_dir() and not path.is_symlink():
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o755)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_rendered(path, place, context)


def write_rendered(source: Path, target: Path, context: Mapping[str, object]) -> None:
    """Copy one file as `render_tree` does; `target` may or may not end in the suffix."""
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    if source.suffix == SUFFIX:
        target = target.with_name(target.name.removesuffix(SUFFIX))
        target.write_text(_rendered(source, context), "utf-8")
    else:
        shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def _rendered(source: Path, context: Mapping[str, object]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(source.parent),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        # what is rendered is shell and configuration, where HTML's escapes would be wrong
        autoescape=False,  # noqa: S701
    )
    try:
        return environment.get_template(source.name).render(context)
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(
            f"{source}, line {error.lineno}: {error.message}", "fix the template"
        ) from error
    except jinja2.UndefinedError as error:
        raise RenderError(
            f"{source}, line {_template_line(error, source)}: {error.message}",
            f"use only these names: {', '.join(sorted(context))}",
        ) from error


def _template_line(error: jinja2.UndefinedError, source: Path) -> int:
    """The line of the template in which the innermost frame of `error` is; Jinja2 maps it there."""
    lines = []
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(source):
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return lines[-1] if lines else 0
