"""Folders of hash-pinned wheels: read the pins, check what is there, fetch what is missing.

Used before anything is installed, so the standard library has to do.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.commands import CommandError, run_logged
from teamhub_build.progress import Progress
from teamhub_shared import TeamhubError
from teamhub_shared.project_names import canonical_name

#: pip's words about a download that is not what the pin says (pip/_internal/exceptions.py,
#: HashMismatch): "NAME==VERSION from URL (...):", "Expected sha256 ...", "Got ...".
PIP_MISMATCH = re.compile(
    r"^ {4}(?P<what>\S+).*:\n +Expected sha256 (?P<expected>\w+)\n(?: +Expected +or \w+\n)*"
    r" +Got +(?P<got>\w+)$",
    re.MULTILINE,
)


class InputError(TeamhubError):
    """An input of the build is missing, or is not what its pin says."""


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file: a package in one version, by the hashes of its files."""

    name: str
    version: str
    hashes: frozenset[str]
    #: The requirement as pip reads it, with its hashes.
    text: str


@dataclass(frozen=True)
class Target:
    """The interpreter and the system that wheels are fetched for."""

    #: The minor version, such as "3.13".
    python: str
    #: The oldest glibc that has to run them; the build's own tools get by with bookworm's.
    glibc: str = "2.36"

    @property
    def pip_options(self) -> list[str]:
        """pip download's options for it; pip wants every platform tag named."""
        return [
            "--implementation=cp",
            f"--python-version={self.python}",
            *(f"--platform={platform}" for platform in manylinux_platforms(self.glibc)),
        ]


def manylinux_platforms(glibc: str) -> list[str]:
    """The platform tags of wheels that run on a glibc of this version, newest first (PEP 600)."""
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for minor in range(int(glibc.partition(".")[2]), 4, -1):
        platforms.append(f"manylinux_2_{minor}_x86_64")
        if minor in legacy:
            platforms.append(f"{legacy[minor]}_x86_64")
    return [*platforms, "linux_x86_64"]


def read_pins(lock: Path) -> list[Pin]:
    """The pins of a requirements file with hashes, in the file's order.

    Raises InputError for a line that pins no version or carries no hash.
    """
    pins = []
    joined = lock.read_text("utf-8").replace("\\\n", " ")
    for line in joined.splitlines():
        text = " ".join(line.partition("#")[0].split())
        if not text:
            continue
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", text)
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
        if match is None or not hashes:
            raise InputError(f"{lock} has a line without an exact pin: {text}", "run `make lock`")
        pins.append(Pin(canonical_name(match[1]), match[2], hashes, text))
    return pins


def check_wheels(pins: Sequence[Pin], folder: Path) -> tuple[list[Path], list[Pin]]:
    """The wheels of `pins` that are in `folder`, and the pins that have none there.

    Wheels that no pin names any more are deleted.
    Raises InputError for a wheel whose hash is none of its pin's.
    """
    present = []
    by_key = {(pin.name, pin.version): pin for pin in pins}
    for wheel in sorted(folder.glob("*.whl")):
        pin = by_key.pop(_wheel_key(wheel), None)
        if pin is None:
            wheel.unlink()
            continue
        _check_hash(wheel, pin)
        present.append(wheel)
    return present, list(by_key.values())


def fetch_wheels(
    lock: Path,
    folder: Path,
    *,
    target: Target,
    pip: Sequence[str | Path],
    log: Path,
    offline: bool,
    progress: Progress,
    names: frozenset[str] | None = None,
) -> list[Path]:
    """Fill `folder` with the wheels of `lock` (of `names` only, if given) and return them.

    Every file is checked against its pin, whether it was there before or not.
    Raises InputError, with the package and both hashes, for one that differs, and for one that is
    missing while `offline`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pins = [pin for pin in read_pins(lock) if names is None or pin.name in names]
    present, missing = check_wheels(pins, folder)
    if missing and offline:
        raise InputError(
            f"{len(missing)} of {len(pins)} wheels were not fetched yet, the first of them "
            f"{missing[0].name} {missing[0].version}",
            "build once without --offline",
        )
    if missing:
        _download(missing, folder, target=target, pip=pip, log=log, progress=progress)
        present, missing = check_wheels(pins, folder)
    if missing:
        raise InputError(
            f"pip fetched no wheel of {missing[0].name} {missing[0].version}",
            f"read {log}, then renew the pins with `make lock`",
        )
    return present


def _download(
    pins: Sequence[Pin],
    folder: Path,
    *,
    target: Target,
    pip: Sequence[str | Path],
    log: Path,
    progress: Progress,
) -> None:
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    wanted = partial / "requirements.txt"
    wanted.write_text("".join(f"{pin.text}\n" for pin in pins), "utf-8")
    count = 0

    def show(line: str) -> None:
        nonlocal count
        # pip collects from an index, and processes what is already a file on this machine
        if line.startswith(("Collecting ", "Processing ")):
            count += 1
            progress(f"[{count}/{len(pins)}] {Path(line.split()[1]).name}")

    try:
        run_logged(
            [
                *pip,
                *("download", "--require-hashes", "--no-deps", "--only-binary=:all:"),
                *target.pip_options,
                *("--dest", partial, "--requirement", wanted),
            ],
            log=log,
            show=show,
        )
    except CommandError as error:
        if mismatch := PIP_MISMATCH.search(error.output):
            raise _mismatch(
                mismatch["what"], mismatch["expected"], mismatch["got"], "what was downloaded"
            ) from error
        raise
    for wheel in partial.glob("*.whl"):
        wheel.rename(folder / wheel.name)
    shutil.rmtree(partial)


def _check_hash(wheel: Path, pin: Pin) -> None:
    with wheel.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got not in pin.hashes:
        expected = " or ".join(sorted(pin.hashes))
        raise _mismatch(f"{pin.name}=={pin.version}", expected, got, str(wheel))


def _mismatch(what: str, expected: str, got: str, where: str) -> InputError:
    return InputError(
        f"{what} is not what its pin says: expected sha256 {expected}, got {got} ({where})",
        "find out who changed it; a damaged copy is deleted and fetched again, and a change that "
        "you trust is pinned with `make lock`",
    )


def _wheel_key(wheel: Path) -> tuple[str, str]:
    name, version = wheel.name.split("-")[:2]
    return canonical_name(name), version
