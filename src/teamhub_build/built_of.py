"""Which files of the checkout a package was built of, kept next to it as NAME.tree.

In the format of sha256sum(1), so that `sha256sum --check` reads it too.  It is next to the package
and not in it: the package is the same to the byte wherever it is built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

#: What a build reads of the checkout.
SOURCES = (
    "build.py",
    "conffiles",
    "debian",
    "locks",
    "maintscripts",
    "requirements/build.txt",
    "src",
)

#: How many files a message names before it only counts them.
NAMED = 3


def read_tree(repository: Path) -> dict[str, str]:
    """The sha256 of each file that a build reads, by its path in the checkout."""
    return {
        str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _files(repository)
    }


def write_tree(deb: Path, tree: Mapping[str, str]) -> Path:
    """Write down next to `deb` that it was built of `tree`; the file."""
    record = _record(deb)
    record.write_text("".join(f"{sha256}  {name}\n" for name, sha256 in tree.items()), "utf-8")
    return record


def staleness(deb: Path, repository: Path) -> str:
    """Why `deb` is not what `repository` builds now; "" where it is."""
    record = _record(deb)
    if not record.exists():
        return f"{record.name}, which names the files that it was built of, is missing"
    lines = record.read_text("utf-8").splitlines()
    then = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    now = read_tree(repository)
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if not changed:
        return ""
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return f"changed since it was built: {', '.join(changed[:NAMED])}{more}"


def _record(deb: Path) -> Path:
    return deb.with_suffix(".tree")


def _files(repository: Path) -> Iterator[Path]:
    for source in SOURCES:
        path = repository / source
        if path.is_dir():
            below = (file for file in sorted(path.rglob("*")) if file.is_file())
            yield from (file for file in below if file.parent.name != "__pycache__")
        else:
            yield path
