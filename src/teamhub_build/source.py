"""The Debian source tree that dpkg-buildpackage turns into the package.

stdeb makes the source package of the server's Python code; the repository's debian/ replaces the
one that stdeb writes, which knows neither maintscripts nor anything but Python.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from teamhub_build import settings
from teamhub_build.commands import run_logged
from teamhub_build.hub_schema import hub_revisions
from teamhub_build.release import Release
from teamhub_build.render import render_tree, write_rendered
from teamhub_build.repodata import read_repodata
from teamhub_build.variant import Variant
from teamhub_build.workspace import Workspace

MAINTSCRIPTS = ("config", "preinst", "postinst", "prerm", "postrm")

#: What of src/ is Python code that stdeb packs.
PYTHON_CODE = ("setup.py", "teamhub", "teamhub_shared")

#: What of the channel the proxy runs.
PROXY_PACKAGES = ("nodejs", "configurable-http-proxy")

#: What of tests/ the DEP-8 test of debian/tests needs in addition to itself.
DEP8_CLIENT = ("__init__.py", "hub_client.py", "waiting.py")

#: What of src/ never leaves the build machine.
BUILD_CODE = "teamhub_build"


def write_source_tree(
    folder: Path,
    *,
    workspace: Workspace,
    release: Release,
    variant: Variant,
    python_source: Path,
    payload: Path,
) -> Path:
    """Write folder/teamhub-VERSION and return it; every file is dated by the changelog.

    `python_source` is what `write_python_source` made and `payload` what `write_payload` did; both
    move there.  Raises RenderError for a template that fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tree = python_source.rename(folder / python_source.name)
    shutil.rmtree(tree / "debian")
    write_rendered_sources(
        tree,
        repository=workspace.repository,
        channel=workspace.shipped_channel(variant),
        release=release,
        variant=variant,
    )
    write_dep8_client(tree / "tests/support", workspace.repository)
    payload.rename(tree / payload.name)
    clamp_times(tree, release.epoch)
    return tree


def write_rendered_sources(
    tree: Path, *, repository: Path, channel: Path, release: Release, variant: Variant
) -> None:
    """What of the repository is rendered, in `tree`: debian/, conffiles/ and src/'s data.

    `channel` is the one that ships.  Raises RenderError for a template that fails.
    """
    context = {
        "suite": variant.suite,
        "variant": variant,
        "version": release.version,
        "proxy_digest": proxy_digest(repository, channel),
        "schema_revisions": hub_revisions(channel),
        **settings.context(),
    }
    write_debian_folder(tree / "debian", repository, release, context)
    render_tree(repository / "conffiles", tree / "conffiles", context)
    for folder_of_data in (repository / "src").iterdir():
        if folder_of_data.is_dir() and folder_of_data.name not in (*PYTHON_CODE, BUILD_CODE):
            render_tree(folder_of_data, tree / "src" / folder_of_data.name, context)


def write_debian_folder(
    debian: Path, repository: Path, release: Release, context: dict[str, object]
) -> None:
    """debian/ with its templates and the maintscripts rendered, and the suite in its changelog.

    debian/NEWS need not be there.
    """
    render_tree(repository / "debian", debian, context)
    for name, of_suite in (("changelog", release.changelog), ("NEWS", release.news)):
        if (debian / name).exists():
            text = (debian / name).read_text("utf-8")
            (debian / name).write_text(of_suite(text), "utf-8")
    for name in MAINTSCRIPTS:
        for script in (repository / "maintscripts").glob(f"{name}*"):
            if script.name in (name, f"{name}.j2"):
                write_rendered(script, debian / f"teamhub.{script.name}", context)


def write_dep8_client(folder: Path, repository: Path) -> None:
    """The client that the tests log in with, for debian/tests/log_in.py."""
    folder.mkdir(parents=True)
    for name in DEP8_CLIENT:
        write_rendered(repository / "tests/support" / name, folder / name, {})


def proxy_digest(repository: Path, channel: Path) -> str:
    """What tells one proxy from another: all that its unit runs, and the unit itself.

    An upgrade that brings the same lets the proxy run, and nobody's connection ends.
    """
    unit = repository / "debian/teamhub.teamhub-proxy.service.j2"
    programs = (repository / "src/programs").glob("proxy*")
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in [unit, *programs]
    }
    hashes |= {
        record["fn"]: record["sha256"]
        for record in read_repodata(channel)
        if record["name"] in PROXY_PACKAGES
    }
    lines = "".join(f"{name} {sha256}\n" for name, sha256 in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def write_python_source(folder: Path, repository: Path, release: Release, *, log: Path) -> Path:
    """The source package that stdeb makes of the server's code, unpacked below `folder`.

    Raises CommandError where stdeb fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    code = folder / "src"
    # setup.py reads the version in there
    (folder / "debian").mkdir(parents=True)
    shutil.copy(repository / "debian/changelog", folder / "debian")
    write_python_code(code, repository)
    run_logged(
        [
            *(sys.executable, "setup.py", "--command-packages=stdeb.command"),
            *("sdist_dsc", "--dist-dir", folder),
        ],
        cwd=code,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(release.epoch)},
        log=log,
    )
    return folder / f"teamhub-{release.upstream}"


def write_python_code(folder: Path, repository: Path) -> None:
    """The server's Python code with its setup.py, in `folder`."""
    folder.mkdir(exist_ok=True)
    for name in PYTHON_CODE:
        source = repository / "src" / name
        if source.is_dir():
            render_tree(source, folder / name, {})
        else:
            write_rendered(source, folder / name, {})


def write_payload(folder: Path, channel: Path, vendored: Iterable[Path]) -> Path:
    """What ships as it came, in `folder`: the channel, and the import packages of some wheels."""
    render_tree(channel, folder / "channel", {})
    for wheel in vendored:
        unpack_packages(wheel, folder)
    return folder


def unpack_packages(wheel: Path, target: Path) -> None:
    """The import packages of a wheel, without what only installers read."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".dist-info/" not in name:
                archive.extract(name, target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def clamp_times(tree: Path, epoch: int) -> None:
    """Date every file and folder of `tree` at `epoch`, in seconds since 1970."""
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)
