"""Lays a rendered tree over an installed server, in the state in which an upgrade unpacks it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from support.tree.dpkg_records import (
    Status,
    is_same_script,
    new_list,
    new_md5sums,
    with_snippets,
)
from support.tree.places import canonical, gone, is_conffile, links, mode, places
from support.tree.rendering import CONTROL

INSTALL = "debian/teamhub.install"
LINKS = "debian/teamhub.links"
STATUS = "var/lib/dpkg/status"
INFO = "var/lib/dpkg/info"


def lay(tree: Path, root: Path) -> list[str]:
    """Give the server in `root`, which may be running, the files of `tree`; the paths changed.

    The package is unpacked then, and `dpkg --configure teamhub` brings it into force; if nothing
    differs, nothing is changed.  Raises ValueError where teamhub is not installed.
    """
    status = Status.read((root / STATUS).read_text("utf-8"))
    names = [str(path.relative_to(tree)) for path in sorted(tree.rglob("*")) if path.is_file()]
    install = (tree / INSTALL).read_text("utf-8")
    placed = places(names, install)
    list_file = root / INFO / "teamhub.list"
    listed = list_file.read_text("utf-8").splitlines()
    linked = links(_text(tree / LINKS))
    have = {*placed, *linked}
    removed = [path for path in gone(listed, have, install) if _is_file(root / path[1:])]

    changed = [
        path
        for path, name in placed.items()
        if _lay_file(tree / name, root, path, status.conffiles)
    ]
    changed += [path for path, target in linked.items() if _lay_link(root / path[1:], target)]
    scripts = _lay_control(tree / CONTROL, root / INFO)
    for path in removed:
        remove_file(root / path[1:])
    if not (changed or scripts or removed):
        return []

    known = {canonical(path): path for path in listed}
    added = [path for path in (*placed, *linked) if path not in known]
    list_file.write_text(new_list(listed, added, removed), "utf-8")
    summed = [known.get(path, path) for path in changed if path in placed]
    _write_md5sums(root, summed, removed)
    new_conffiles = [path for path in added if is_conffile(path)]
    _add_conffiles(root / INFO / "teamhub.conffiles", new_conffiles)
    (root / STATUS).write_text(status.unpacked(new_conffiles), "utf-8")
    return [*changed, *scripts, *removed]


def is_configured(root: Path) -> bool:
    """Whether dpkg has brought into force what was laid last."""
    return Status.read((root / STATUS).read_text("utf-8")).is_configured


def _lay_file(source: Path, root: Path, path: str, conffiles: Mapping[str, str]) -> bool:
    """Lay one file; whether it differs from what the package had."""
    content = source.read_bytes()
    place = root / path[1:]
    wanted = mode(path, source.stat().st_mode)
    if is_conffile(path):
        if conffiles.get(path) == md5(content):
            return False
        # dpkg puts it in place, or asks, when it configures the package
        place = place.with_name(f"{place.name}.dpkg-new")
    elif place.is_file() and place.read_bytes() == content and _mode(place) == wanted:
        return False
    write_file(place, content, wanted)
    return True


def _lay_link(place: Path, target: str) -> bool:
    """Lay a symbolic link; whether there was another one, or none."""
    if place.is_symlink() and str(place.readlink()) == target:
        return False
    place.unlink(missing_ok=True)
    make_folder(place.parent)
    place.symlink_to(target)
    return True


def _lay_control(control: Path, info: Path) -> list[str]:
    """Lay maintainer scripts and templates into dpkg's database; those that differ."""
    changed = []
    for source in sorted(control.iterdir()):
        place = info / f"teamhub.{source.name}"
        installed = place.read_text("utf-8") if place.exists() else ""
        text = with_snippets(source.read_text("utf-8"), installed)
        if not is_same_script(text, installed):
            write_file(place, text.encode(), 0o644 if source.name == "templates" else 0o755)
            changed.append(place.name)
    return changed


def write_file(place: Path, content: bytes, mode: int) -> None:
    """Replace a file at once, so that a program which runs reads the old or the new one."""
    make_folder(place.parent)
    new = place.with_name(f".{place.name}.new")
    new.write_bytes(content)
    new.chmod(mode)
    new.rename(place)
    _remove_bytecode(place)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if they are missing, as a package has them."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def remove_file(place: Path) -> None:
    """Remove a file, and the folders that are empty without it."""
    place.unlink(missing_ok=True)
    _remove_bytecode(place)
    with contextlib.suppress(OSError):  # not empty: others have files in there
        for folder in place.parents:
            folder.rmdir()


def _remove_bytecode(source: Path) -> None:
    """Python takes bytecode for fresh when its source has the same size and second."""
    cache = source.parent / "__pycache__"
    for bytecode in cache.glob(f"{source.stem}.*.pyc") if source.suffix == ".py" else ():
        bytecode.unlink()
    with contextlib.suppress(OSError):
        cache.rmdir()


def _write_md5sums(root: Path, changed: list[str], removed: list[str]) -> None:
    file = root / INFO / "teamhub.md5sums"
    sums = {path: md5((root / path[1:]).read_bytes()) for path in changed if not is_conffile(path)}
    file.write_text(new_md5sums(file.read_text("utf-8"), sums, removed), "utf-8")


def _add_conffiles(file: Path, paths: list[str]) -> None:
    with file.open("a", encoding="utf-8") as text:
        text.writelines(f"{path}\n" for path in paths)


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _is_file(place: Path) -> bool:
    return place.is_symlink() or not place.is_dir()


def _mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def md5(content: bytes) -> str:
    """What dpkg compares files by."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
