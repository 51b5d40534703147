"""The lintian of the package's suite finds no error and no warning; overrides have reasons."""

from __future__ import annotations

import shutil
from pathlib import Path

from package.built import BuiltPackage
from support.checkout import REPOSITORY
from teamhub_build.lint import LINTIAN, Tag, lint, parse_tags, read_overrides, refused_tags
from teamhub_build.progress import Progress
from teamhub_build.root import CHECKOUT, clean_root, run_in_root
from teamhub_build.suites import machine_suite
from teamhub_build.workspace import Workspace


def tags(package: BuiltPackage) -> list[Tag]:
    """What the lintian of the package's suite finds; another suite's runs in its clean root."""
    if package.suite == machine_suite():
        return lint(package.deb)
    workspace = Workspace(REPOSITORY)
    inside = workspace.folder / "lint" / package.deb.name
    inside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(package.deb, inside)
    root = clean_root(workspace, package.suite, offline=False, progress=Progress())
    output = run_in_root(
        root,
        [*LINTIAN, CHECKOUT / inside.relative_to(REPOSITORY)],
        repository=REPOSITORY,
        log=workspace.logs / "lint.log",
        progress=Progress(),
    )
    return parse_tags(output)


def test_no_errors_and_no_warnings(package: BuiltPackage) -> None:
    assert [str(tag) for tag in refused_tags(tags(package))] == []


def test_every_override_has_its_reason_above_it(package: BuiltPackage) -> None:
    shipped = package.root / "usr/share/lintian/overrides/teamhub"
    unexplained = [override.line for override in read_overrides(shipped) if not override.reason]
    assert unexplained == []


def test_the_overrides_are_those_of_the_repository(package: BuiltPackage) -> None:
    shipped = package.root / "usr/share/lintian/overrides/teamhub"
    assert (
        shipped.read_bytes() == Path(REPOSITORY / "debian/teamhub.lintian-overrides").read_bytes()
    )
