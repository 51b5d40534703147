"""The `pip:` list of environment.yml: what pip puts beside conda's packages."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub_shared import TeamhubError
from teamhub_shared.project_names import canonical_name


class PipFailed(TeamhubError):
    """pip could not install what the team asks for."""


def install(
    prefix: Path, requirements: Sequence[str], before: Sequence[PipPackage], layout: Layout
) -> tuple[PipPackage, ...]:
    """Install `requirements` into `prefix`; returns all that pip brought, with its hashes.

    conda's packages stay as they are, and those in `before` keep their versions.
    Raises PipFailed with pip's own words.
    """
    if not requirements:
        return ()
    pinned = dict(distributions(prefix).values())
    pinned |= {package.name: package.version for package in before}
    # Where the next command removes it with all that is unfinished: this one may be killed.
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=prefix.parent) as folder:
        wanted, constraints, report_file = (
            Path(folder, name) for name in ("wanted", "pinned", "report")
        )
        wanted.write_text("".join(f"{line}\n" for line in requirements), "utf-8")
        constraints.write_text("".join(f"{n}=={v}\n" for n, v in pinned.items()), "utf-8")
        run_pip(prefix, wanted, constraints, report_file, layout)
        report = json.loads(report_file.read_text("utf-8"))
    installed = tuple(sorted(map(pip_package, report["install"]), key=lambda each: each.name))
    compare_hashes(installed, before, layout)
    return installed


def run_pip(
    prefix: Path, wanted: Path, constraints: Path, report_file: Path, layout: Layout
) -> None:
    """Have the prefix's own pip install; the admin's pip.conf and variables count."""
    done = subprocess.run(
        [
            *(str(prefix / "bin/python3"), "-s", "-m", "pip", "install", "--no-input", "--quiet"),
            *("--no-user", "--disable-pip-version-check", "--root-user-action=ignore"),
            *("--no-warn-script-location", "--cache-dir", str(layout.pip_cache)),
            *("--requirement", str(wanted), "--constraint", str(constraints)),
            *("--report", str(report_file)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        words = "; ".join(dict.fromkeys(line.removeprefix("ERROR: ") for line in said[-3:]))
        raise PipFailed(
            f"pip: {words or done.stderr.strip()[-300:]}",
            f"correct the list below `pip:` in {layout.team_file}, or what pip.conf says of its "
            "index, then: teamhub env apply",
        )


def pip_package(entry: dict[str, dict[str, dict[str, str | dict[str, str]]]]) -> PipPackage:
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
    """Refuse a file that has another content than the generation before had under its address."""
    known = {package.url: package.sha256 for package in before}
    for package in installed:
        if known.get(package.url, package.sha256) != package.sha256:
            raise PipFailed(
                f"{package.url}: its sha256 is {package.sha256}, and was {known[package.url]}",
                f"find out why it changed; if you trust it, take {package.name} out of "
                f"{layout.team_file}, apply, and put it in again",
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
