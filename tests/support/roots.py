"""What the server tests need from the network, fetched before they leave it.

Run as `python -m support.roots CACHE SUITE=DEB,DEB...`, as root, in a mount namespace of its own.
For each suite CACHE then holds `root-SUITE-KEY`, a plain Debian server, and `mirror/SUITE`, an apt
repository of exactly what apt fetches when the .debs are installed on it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.layers import Overlay

#: What a Debian server that boots has beside the packages of priority "important".
SERVER_PACKAGES = ("systemd-sysv", "dbus", "libpam-systemd")
#: Where tests/run.py has this module put things.
CACHE = Path(".build/server").resolve()
#: What tests install on a server by themselves: languages, and the terminal that debconf prefers.
EXTRA_PACKAGES = ("libterm-readline-gnu-perl", "locales")
DEPENDENCY_FIELDS = ("Pre-Depends", "Depends", "Recommends")


def server_root(suite: str, cache: Path) -> Path:
    """A root file system of the suite, made when it is not there yet."""
    packages = ",".join(SERVER_PACKAGES)
    root = cache / f"root-{suite}-{_short_hash(packages)}"
    if not root.exists():
        partial = cache / f"{root.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        command = ["mmdebstrap", "--quiet", "--variant=important", f"--include={packages}"]
        subprocess.run([*command, suite, partial], check=True)
        partial.rename(root)
    return root


def mirror(suite: str, packages: Sequence[Path], cache: Path) -> Path:
    """An apt repository of what installing `packages` and the extra ones takes, and no more."""
    wanted = "".join(_dependencies(package) for package in packages)
    key = _short_hash(wanted + "".join((*SERVER_PACKAGES, *EXTRA_PACKAGES)))
    folder = cache / "mirror" / suite
    key_file = folder / ".key"
    if not key_file.exists() or key_file.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _download_closure(server_root(suite, cache), packages, folder, cache)
        _write_index(folder)
        key_file.write_text(key)
    return folder


def _dependencies(package: Path) -> str:
    command = ["dpkg-deb", "--field", str(package), *DEPENDENCY_FIELDS]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _download_closure(root: Path, packages: Sequence[Path], folder: Path, cache: Path) -> None:
    work = cache / f"{folder.name}.download"
    shutil.rmtree(work, ignore_errors=True)
    overlay = Overlay(work, [root])
    try:
        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copyfile(f"/{name}", overlay.root / name)
        in_root = ["chroot", str(overlay.root), "apt-get", "--quiet=2", "--yes"]
        subprocess.run([*in_root, "update"], check=True)
        for package in packages:
            shutil.copyfile(package, overlay.root / "tmp" / package.name)
            install = ["install", "--download-only", f"/tmp/{package.name}", *EXTRA_PACKAGES]
            subprocess.run([*in_root, *install], check=True, stdout=subprocess.DEVNULL)
        for fetched in (overlay.root / "var/cache/apt/archives").glob("*.deb"):
            shutil.move(fetched, folder)
    finally:
        overlay.discard()


def _write_index(folder: Path) -> None:
    for kind in ("packages", "release"):
        index = subprocess.run(
            ["apt-ftparchive", kind, "."], cwd=folder, check=True, capture_output=True
        ).stdout
        (folder / kind.capitalize()).write_bytes(index)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main(arguments: Sequence[str]) -> None:
    """Prepare every suite that the arguments name."""
    cache = Path(arguments[0])
    for argument in arguments[1:]:
        suite, _, packages = argument.partition("=")
        root = server_root(suite, cache)
        folder = mirror(suite, [Path(package) for package in packages.split(",")], cache)
        fetched = len(list(folder.glob("*.deb")))
        print(f"{suite}: {root.name}, a mirror of {fetched} packages", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
