"""The embedded channel: PyPI's wheels and npm's proxy as conda packages over Debian's Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from teamhub_build.packages.debian import debian_recipes
from teamhub_build.packages.node import proxy_recipe
from teamhub_build.packages.recipe import Recipe, write_package
from teamhub_build.packages.wheel import Wheel, WheelError, conda_package
from teamhub_build.packages.wheel_tree import write_wheel_tree
from teamhub_build.repodata import empty_channel, repodata_record, write_repodata
from teamhub_build.suites import Suite


def write_channel(
    out: Path,
    *,
    suite: Suite,
    wheels: Path,
    npm_prefix: Path,
    cache: Path,
    progress: Callable[[str], None],
    specs: Iterable[str] | None = None,
) -> None:
    """Makes the channel of `suite` in `out`: `{noarch,linux-64}/*.conda` and their repodata.

    With `specs` it has what these ask for and need, and nothing else.

    `wheels` is a folder of wheels whose hashes were checked, `npm_prefix` a finished `npm ci` tree
    of locks/npm, `cache` where packages are kept between builds.  `progress` gets one line a
    package.  Raises TeamhubError where an input cannot become a package, or where this machine's
    Python is not the suite's.
    """
    recipes = [*debian_recipes(suite), proxy_recipe(npm_prefix), *_wheel_recipes(wheels, suite)]
    if specs is not None:
        recipes = needed_recipes(recipes, specs)
    empty_channel(out)
    records = []
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as workers:
        started = {
            workers.submit(write_package, recipe, out, cache, suite): recipe for recipe in recipes
        }
        try:
            for count, finished in enumerate(as_completed(started), start=1):
                package = started[finished].package
                records.append(repodata_record(package, finished.result()))
                progress(f"[{count}/{len(recipes)}] {package.name} {package.version}")
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    write_repodata(out, records)


def needed_recipes(recipes: Iterable[Recipe], specs: Iterable[str]) -> list[Recipe]:
    """Those of `recipes` that `specs` name, and all that those depend on, in their order.

    Exact, since the channel has one version of each package.
    """
    by_name = {recipe.package.name: recipe for recipe in recipes}
    needed: set[str] = set()
    wanted = [spec.split()[0] for spec in specs]
    while wanted:
        name = wanted.pop()
        # a virtual package, such as __glibc, has no recipe
        if name in by_name and name not in needed:
            needed.add(name)
            wanted += [spec.split()[0] for spec in by_name[name].package.depends]
    return [recipe for name, recipe in by_name.items() if name in needed]


def _wheel_recipes(folder: Path, suite: Suite) -> list[Recipe]:
    """The recipes of all wheels, the largest first, so that no core waits for it at the end."""
    paths = sorted(folder.glob("*.whl"), key=lambda path: (-path.stat().st_size, path.name))
    wheels: dict[str, Wheel] = {}
    for wheel in map(Wheel, paths):
        other = wheels.setdefault(wheel.project, wheel)
        if other != wheel:
            raise WheelError(
                f"{folder} has two wheels of {wheel.project}: {other.path.name}, {wheel.path.name}",
                "delete the folder and build again, which fetches what the pins name",
            )
    return [_wheel_recipe(wheel, wheels, suite) for wheel in wheels.values()]


def _wheel_recipe(wheel: Wheel, wheels: Mapping[str, Wheel], suite: Suite) -> Recipe:
    return Recipe(
        conda_package(wheel, wheels, suite),
        lambda tree: write_wheel_tree(wheel, tree, suite),
        source_sha256=wheel.sha256,
    )
