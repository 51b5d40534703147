"""What the server tests need from the network, fetched before they leave it.

Run as `python -m support.roots CACHE SUITE=DEB,DEB...`, as root, in a mount namespace of its own.
For each suite CACHE then holds `root-SUITE-KEY`, a plain Debian server, and, where .debs are named,
`mirror/SUITE`, an apt repository of exactly what apt fetches when they are installed on it; with
several suites also `mirror/OLD-to-NEW`, what a release upgrade takes.  The wheels are the build's:
they are only fetched where another machine has built.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from support.checkout import REPOSITORY
from support.layers import Overlay
from teamhub_build.progress import Progress
from teamhub_build.suites import SUITES
from teamhub_build.wheelhouse import Target, fetch_wheels
from teamhub_build.workspace import Workspace

#: What a Debian server that boots has in addition to the packages of priority "important".
SERVER_PACKAGES = ("systemd-sysv", "dbus", "libpam-systemd")
#: Where tests/run.py has this module put things.
CACHE = Path(".build/server").resolve()
#: What tests install on a server by themselves: languages, debconf's favourite terminal, R, and
#: what the DEP-8 test takes; what else a package of a conda channel asks for; accounts that are not
#: in /etc/passwd; and what teamhub may have beside it.
EXTRA_PACKAGES = (
    "autopkgtest",
    "ca-certificates",
    "fail2ban",
    "faketime",
    "jupyterhub",
    "libnss-extrausers",
    "libterm-readline-gnu-perl",
    "locales",
    "python3-requests",
    "python3-systemd",
    "python3-websocket",
    "r-cran-irkernel",
    "uacme",
    "unattended-upgrades",
)
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
    with _made_once(cache / "mirror" / suite, key) as (folder, missing):
        if missing:
            _download_closure(server_root(suite, cache), packages, folder, cache)
    return folder


def release_upgrade_mirror(old: str, new: str, package: Path, cache: Path) -> Path:
    """An apt repository of what brings the server of a suite, with `package`, to the next suite."""
    key = _short_hash(_dependencies(package) + ",".join(SERVER_PACKAGES))
    needed = re.findall(r"(?:^|, )([a-z0-9][a-z0-9.+-]+)", _dependencies(package))
    with _made_once(cache / "mirror" / f"{old}-to-{new}", key) as (folder, missing):
        if missing:
            with _connected(server_root(old, cache), cache / f"{folder.name}.download") as root:
                sources = root / "etc/apt/sources.list"
                sources.write_text(sources.read_text().replace(old, new))
                _download_known(root, {*_installed(["chroot", str(root)]), *needed}, folder)
    return folder


def _installed(in_root: Sequence[str]) -> set[str]:
    command = [*in_root, "dpkg-query", "--show", "--showformat=${Package}\n"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def known_packages(in_root: Sequence[str], names: Iterable[str]) -> list[str]:
    """Those of `names` that the suite of apt's sources has."""
    command = [*in_root, "apt-cache", "madison", *sorted(names)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({line.split("|")[0].strip() for line in listed.splitlines()})


def _dependencies(package: Path) -> str:
    command = ["dpkg-deb", "--field", str(package), *DEPENDENCY_FIELDS]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _download_closure(root: Path, packages: Sequence[Path], folder: Path, cache: Path) -> None:
    with _connected(root, cache / f"{folder.name}.download") as overlay:
        in_root = ["chroot", str(overlay), "apt-get", "--quiet=2", "--yes"]
        subprocess.run([*in_root, "update"], check=True)
        fetch = [*in_root, "install", "--download-only"]
        for package in packages:
            shutil.copyfile(package, overlay / "tmp" / package.name)
            command = [*fetch, f"/tmp/{package.name}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        # what R recommends are compilers and 600 MB; apt passes over what the mirror does not have
        _download(overlay, [*fetch, "--no-install-recommends", *EXTRA_PACKAGES], folder)


def packages_mirror(suite: str, names: Sequence[str], name: str, cache: Path) -> Path:
    """An apt repository of what installing those of `names` takes that the suite has."""
    key = _short_hash(",".join((*SERVER_PACKAGES, *names)))
    with _made_once(cache / "mirror" / name, key) as (folder, missing):
        if missing:
            with _connected(server_root(suite, cache), cache / f"{name}.download") as root:
                _download_known(root, set(names), folder)
    return folder


def _download_known(root: Path, names: set[str], folder: Path) -> None:
    """Fetch those of `names` that the root's suite has, and what they depend on."""
    in_root = ["chroot", str(root)]
    subprocess.run([*in_root, "apt-get", "--quiet=2", "update"], check=True)
    install = [*in_root, "apt-get", "--quiet=2", "--yes", "install", "--download-only"]
    _download(root, [*install, "--no-install-recommends", *known_packages(in_root, names)], folder)


@contextlib.contextmanager
def _made_once(folder: Path, key: str) -> Iterator[tuple[Path, bool]]:
    """A repository's folder, and whether it is to be filled: it was made of something else."""
    key_file = folder / ".key"
    missing = not key_file.exists() or key_file.read_text() != key
    if missing:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    yield folder, missing
    if missing:
        _write_index(folder)
        key_file.write_text(key)


@contextlib.contextmanager
def _connected(root: Path, work: Path) -> Iterator[Path]:
    """A root to write on that reaches what this machine does, for as long as the block lasts."""
    shutil.rmtree(work, ignore_errors=True)
    overlay = Overlay(work, [root])
    try:
        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copyfile(f"/{name}", overlay.root / name)
        yield overlay.root
    finally:
        overlay.discard()


def _download(root: Path, command: Sequence[str], folder: Path) -> None:
    """Run apt, and move all that it has downloaded into `folder`."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for fetched in (root / "var/cache/apt/archives").glob("*.deb"):
        shutil.move(fetched, folder)


def _write_index(folder: Path) -> None:
    for kind in ("packages", "release"):
        index = subprocess.run(
            ["apt-ftparchive", kind, "."], cwd=folder, check=True, capture_output=True
        ).stdout
        (folder / kind.capitalize()).write_bytes(index)


def pip_wheels(suite: str) -> list[Path]:
    """Packages as PyPI has them for a suite's Python: those that the lock pins, by their hashes."""
    workspace, of = Workspace(REPOSITORY), SUITES[suite]
    workspace.logs.mkdir(parents=True, exist_ok=True)
    return fetch_wheels(
        REPOSITORY / "locks" / suite / "wheels.txt",
        workspace.channel_wheels(of),
        target=Target(of.python, of.glibc),
        pip=[sys.executable, "-m", "pip"],
        log=workspace.logs / f"wheels-{suite}.log",
        offline=False,
        progress=Progress(),
    )


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main(arguments: Sequence[str]) -> None:
    """Prepare every suite that the arguments name."""
    cache = Path(arguments[0])
    asked = [argument.partition("=")[::2] for argument in arguments[1:]]
    for suite, _ in asked:
        print(f"{suite}: {server_root(suite, cache).name}", flush=True)
    packages = {suite: [Path(deb) for deb in debs.split(",")] for suite, debs in asked if debs}
    for suite, debs in packages.items():
        folder = mirror(suite, debs, cache)
        fetched = len(list(folder.glob("*.deb")))
        wheels = len(pip_wheels(suite))
        print(f"{suite}: a mirror of {fetched} packages, {wheels} wheels", flush=True)
    for (old, debs), (new, _) in itertools.pairwise(packages.items()):
        folder = release_upgrade_mirror(old, new, debs[0], cache)
        print(f"{folder.name}: a mirror of {len(list(folder.glob('*.deb')))} packages", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
