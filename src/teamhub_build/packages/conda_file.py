"""The .conda file format: a stored zip of two zstd-compressed tars, the content and its metadata.

Sources: conda's package specification (index.json, paths.json, link.json) and CEP 26 of the .conda
format.  The same tree and metadata give the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

#: Written where a text file must name its prefix; the program that installs the package
#: replaces it.  This is conda's own default placeholder: long enough for text, which is all that we
#: rewrite.
PREFIX_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"

#: The mtime of every file, in seconds: 2020-01-01.  A constant, so that a package's bytes depend on
#: its content alone, and an unchanged package stays the same from one release to the next.
MTIME = 1577836800

#: The window of this level is 8 MB: what unpacking a package takes in memory on the server.  Longer
#: windows and level 22 would gain 1 % and take up to 128 MB for each of several packages at once;
#: level 9 would be 12 % larger.
COMPRESSION_LEVEL = 19


@dataclass(frozen=True)
class CondaPackage:
    """What a solver knows about a package (info/index.json)."""

    name: str
    version: str
    build: str
    subdir: str
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    build_number: int = 0
    #: "python" where the installer chooses the site-packages folder, "generic" for data.
    noarch: str | None = None
    license: str = ""
    summary: str = ""
    #: What it is made of, or stands for, in the words of other ecosystems: package URLs
    #: (https://github.com/package-url/purl-spec), which lock and prefix keep.
    purls: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The file's name in a channel."""
        return f"{self.stem}.conda"

    @property
    def stem(self) -> str:
        """Name, version and build, which no other package of a channel shares."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, Any]:
        """The JSON object of info/index.json, also the package's entry in repodata.json."""
        index: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "depends": list(self.depends),
            "license": self.license,
            "subdir": self.subdir,
            "timestamp": MTIME * 1000,
        }
        if self.purls:
            index["purls"] = list(self.purls)
        if self.constrains:
            index["constrains"] = list(self.constrains)
        if self.noarch:
            index["noarch"] = self.noarch
        if self.subdir != "noarch":
            index |= {"arch": "x86_64", "platform": "linux"}
        return index


def write_conda(
    tree: Path, out: Path, package: CondaPackage, entry_points: tuple[str, ...] = ()
) -> None:
    """Writes the files under `tree` as the .conda file `out`.

    `entry_points` ("name = module:function") become scripts at install; noarch python only.
    """
    content, paths = _content_tar(tree)
    info = {
        "about.json": {"license": package.license, "summary": package.summary},
        "index.json": package.index(),
        "paths.json": {"paths": paths, "paths_version": 1},
    }
    if package.noarch == "python":
        noarch = {"entry_points": list(entry_points), "type": "python"}
        info["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    members = {
        "metadata.json": json.dumps({"conda_pkg_format_version": 2}).encode(),
        f"pkg-{package.stem}.tar.zst": content,
        f"info-{package.stem}.tar.zst": _info_tar(info),
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def _content_tar(tree: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """The compressed content and its entries for info/paths.json, in the same order."""
    tarball, entries = io.BytesIO(), []
    with _tar(tarball) as tar:
        for path in sorted(tree.rglob("*"), key=lambda path: _place(path.relative_to(tree))):
            name = path.relative_to(tree).as_posix()
            if path.is_symlink():
                target = str(path.readlink())
                _add_symlink(tar, name, target)
                entries.append(_paths_entry(name, "softlink", target.encode()))
            elif path.is_file():
                data = path.read_bytes()
                _add_file(tar, name, data, executable=bool(path.stat().st_mode & stat.S_IXUSR))
                entries.append(_paths_entry(name, "hardlink", data))
    return _compressed(tarball), entries


def _place(path: Path) -> tuple[str, ...]:
    """Sorts a module's bytecode right behind its source, so that one window holds both."""
    if path.parent.name == "__pycache__":
        return (*path.parent.parent.parts, f"{path.name.partition('.')[0]}.py", path.name)
    return path.parts


def _info_tar(info: dict[str, Any]) -> bytes:
    tarball = io.BytesIO()
    with _tar(tarball) as tar:
        for name, content in sorted(info.items()):
            data = json.dumps(content, indent=2, sort_keys=True).encode()
            _add_file(tar, f"info/{name}", data)
    return _compressed(tarball)


def _tar(out: io.BytesIO) -> tarfile.TarFile:
    return tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT)


def _compressed(tarball: io.BytesIO) -> bytes:
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(tarball.getbuffer())


def _add_file(tar: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.mode, entry.size = MTIME, 0o755 if executable else 0o644, len(data)
    tar.addfile(entry, io.BytesIO(data))


def _add_symlink(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.mode, entry.type, entry.linkname = MTIME, 0o777, tarfile.SYMTYPE, target
    tar.addfile(entry)


def _paths_entry(name: str, path_type: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "_path": name,
        "path_type": path_type,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_in_bytes": len(data),
    }
    if path_type == "hardlink" and PREFIX_PLACEHOLDER.encode() in data:
        entry |= {"file_mode": "text", "prefix_placeholder": PREFIX_PLACEHOLDER}
    return entry
