"""The `pip:` list of environment.yml: what pip installs in addition to conda's packages."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from teamhub.environment import pip_settings
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub.environment.team.pip_lines import is_wheel, lets_build
from teamhub.system import handover, sandbox
from teamhub.system.remedies import retry_env_command
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import PACKAGES_ACCOUNT
from teamhub_shared.project_names import canonical_name

#: Runs the pip of a prefix.  No .pth file, by which any package runs code in every Python that
#: starts, has a part in that: pip knows the login of an index, and writes what it keeps for later.
RUN_PIP = """
import runpy, sys

prefix, packages = sys.argv[1:3]
del sys.argv[1:3]
sys.prefix = sys.exec_prefix = prefix
sys.path.append(packages)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
#: What pip says of a package that it cannot have; one that has no wheel is such a one.
NO_WHEEL = re.compile(r"No matching distribution found for ([A-Za-z0-9][\w.-]*)", re.ASCII)
#: The cache for what needs no code of a package's to be run.
WHEELS = "wheels"


class PipFailed(TeamhubError):
    """pip could not install what the team asks for."""


def install(
    prefix: Path,
    requirements: Sequence[str],
    before: Sequence[PipPackage],
    layout: Layout,
    report: Callable[[str], None],
) -> tuple[PipPackage, ...]:
    """Install `requirements` into `prefix`; returns all that pip brought, with its hashes.

    conda's packages and their files do not change, and packages in `before` keep their versions.
    Raises PipFailed with pip's own words, StrangeFile or BadPipConfiguration.
    """
    if not requirements:
        return ()
    requirements = [*built_before(before), *requirements]
    pinned = dict(distributions(prefix).values())
    pinned |= {package.name: package.version for package in before}
    # In the prefix's folder, which the next command removes if this one is killed.
    with sandbox.folder(prefix.parent, ".pip-") as own:
        (own / "root").mkdir(mode=0o700)
        (own / "wanted").write_text("".join(f"{line}\n" for line in requirements), "utf-8")
        (own / "pinned").write_text("".join(f"{n}=={v}\n" for n, v in pinned.items()), "utf-8")
        entries = run_pip(prefix, own, requirements, layout)
        refuse_unasked_sources(entries, layout)
        installed = tuple(sorted(map(pip_package, entries), key=lambda each: each.name))
        compare_hashes(installed, before, layout)
        inside = prefix.relative_to("/")
        are_closed = sandbox.ends_all()
        for path in handover.take_over(own / "root", inside, prefix, are_closed=are_closed):
            report(f"warning: pip: {prefix}/{path} is of another package already, and stays so")
    return installed


def built_before(before: Sequence[PipPackage]) -> list[str]:
    """The lines by which pip may build what it has built before: no upgrade may stop at that."""
    return [f"--no-binary {package.name}" for package in before if not is_wheel(package.url)]


def run_pip(
    prefix: Path, own: Path, requirements: Sequence[str], layout: Layout
) -> list[dict[str, Any]]:
    """Have the prefix's own pip install below `own`; what its report says of each package.

    The admin's pip.conf and variables count.  An sdist, whose code runs when it is built, has to be
    asked for: by the list or by them.
    """
    settings = pip_settings.provide(own, requirements, os.environ)
    cache = cache_folder(layout, [*filter(lets_build, requirements), *settings.no_binary])
    (packages,) = prefix.glob("lib/python3*/site-packages")
    done = sandbox.run(
        [
            *(str(prefix / "bin/python3"), "-I", "-S", "-c", RUN_PIP),
            *(str(prefix), str(packages), "install", "--no-input", "--quiet", "--no-user"),
            *("--disable-pip-version-check", "--no-warn-script-location", "--report", "-"),
            *("--cache-dir", str(cache), "--root", f"{own}/root", "--only-binary", ":all:"),
            *(word for names in settings.no_binary for word in ("--no-binary", names)),
            *(("--log", f"{own}/home/pip.log") if settings.logs else ()),
            *("--requirement", f"{own}/wanted", "--constraint", f"{own}/pinned"),
        ],
        own,
        settings.environment,
        network=True,
        writable=(cache,),
    )
    if done.returncode:
        raise failed(done, layout)
    try:
        entries: list[dict[str, Any]] = json.loads(done.stdout)["install"]
        for entry in entries:
            pip_package(entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PipFailed(
            f"pip does not say what it has installed: {done.stdout[-300:]!r}",
            f"take a package that has changed pip out of {layout.team_file}, "
            f"then: {retry_env_command()}",
        ) from error
    return entries


def cache_folder(layout: Layout, building: Sequence[str]) -> Path:
    """The folder of what pip has downloaded and built, which is the account's.

    Code of a package that is built could change what is in there.  So what the package is built
    for has a folder of its own, which goes when no such package is asked for any more.
    """
    who = sandbox.account()
    layout.pip_cache.mkdir(exist_ok=True)
    layout.pip_cache.chmod(0o755)
    digest = hashlib.sha256("\n".join(sorted(building)).encode()).hexdigest()[:12]
    wanted = layout.pip_cache / (digest if building else WHEELS)
    for found in layout.pip_cache.iterdir():
        if found != wanted or found.lstat().st_uid != who.pw_uid:
            remove(found)
    if not wanted.exists():
        wanted.mkdir(mode=0o700)
        os.chown(wanted, who.pw_uid, who.pw_gid)
    return wanted


def remove(path: Path) -> None:
    """Remove what lies in the folder of the caches."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def failed(done: subprocess.CompletedProcess[str], layout: Layout) -> PipFailed:
    """The error for a pip that has failed, in its own words."""
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    words = "; ".join(dict.fromkeys(line.removeprefix("ERROR: ") for line in said[-3:]))
    if words in ("", "Exception:"):
        last = done.stderr.strip().splitlines()[-1:]
        words = "".join(last) or f"exit status {done.returncode}"
    remedy = (
        f"correct the list below `pip:` in {layout.team_file}, or the index that pip.conf names, "
        f"then: {retry_env_command()}"
    )
    if without := NO_WHEEL.search(words):
        remedy += (
            " (if there is no wheel, and the package's own code may run to build one: "
            f"add the line `--no-binary {without[1]}` to that list)"
        )
    elif "Permission denied" in words or "Read-only" in words or "No such file" in words:
        remedy += (
            f" (pip runs as the account {PACKAGES_ACCOUNT}, which reads what everybody can read, "
            "outside of /tmp, and writes nowhere)"
        )
    return PipFailed(f"pip: {words}", remedy)


def refuse_unasked_sources(entries: Sequence[dict[str, Any]], layout: Layout) -> None:
    """Raise PipFailed for a package that another one has had pip build from a place it names."""
    for entry in entries:
        url = str(entry["download_info"]["url"])
        if entry.get("is_direct") and not entry.get("requested") and not is_wheel(url):
            name = canonical_name(str(entry["metadata"]["name"]))
            raise PipFailed(
                f"pip: a package asks for {name} from {url}, which is no wheel",
                f"if its code may run to build it, add the line `{name} @ {url}` below `pip:` in "
                f"{layout.team_file}, then: {retry_env_command()}",
            )


def pip_package(entry: dict[str, Any]) -> PipPackage:
    """One package of pip's installation report (PyPA's specification of it)."""
    metadata, download = entry["metadata"], entry["download_info"]
    archive = download.get("archive_info", {})
    hashes = archive.get("hashes", {})
    return PipPackage(
        name=canonical_name(str(metadata["name"])),
        version=str(metadata["version"]),
        url=str(download["url"]),
        sha256=str(hashes.get("sha256", "")) if isinstance(hashes, dict) else "",
    )


def compare_hashes(
    installed: Sequence[PipPackage], before: Sequence[PipPackage], layout: Layout
) -> None:
    """Refuse a file whose content is not the one that the generation before had by its URL."""
    known = {package.url: package.sha256 for package in before}
    for package in installed:
        if known.get(package.url, package.sha256) != package.sha256:
            raise PipFailed(
                f"{package.url}: its sha256 is {package.sha256}, but was {known[package.url]}",
                f"find out why it changed; if you trust it, take {package.name} out of "
                f"{layout.team_file}, type: teamhub env apply, and put it in again",
            )


def distributions(prefix: Path) -> dict[str, tuple[str, str]]:
    """Every Python package in a prefix: its metadata's folder, with its name and version."""
    folders = prefix.glob("lib/python3*/site-packages/*-*.dist-info")
    relative = (folder.relative_to(prefix).as_posix() for folder in folders)
    return {folder: name_and_version(folder) for folder in relative}


def name_and_version(folder: str) -> tuple[str, str]:
    """The package that a folder `NAME-VERSION.dist-info` is of."""
    name, _, version = Path(folder).name.removesuffix(".dist-info").rpartition("-")
    return canonical_name(name), version
