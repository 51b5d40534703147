"""Whether a power cut has torn a conffile, and putting back what the package ships.

dpkg does not fsync the conffiles that it puts in place.  Cut short there, it finds them empty when
it goes on, and takes them for what the package has: its record (${Conffiles}) then has the hash of
an empty file.  So a conffile is compared with the copy that ships beside, too.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from teamhub.environment.store.generations import CURRENT
from teamhub.system import sandbox
from teamhub.system.remedies import retry_command
from teamhub.system.run import run, write_file
from teamhub_shared import TeamhubError

#: A copy of each conffile, by its path.  dpkg syncs it, and has its hash.
SHIPPED = Path("/usr/share/teamhub/conffiles")
SUDOERS = Path("/etc/sudoers.d/teamhub")
#: What the hub cannot do without.  That another one is missing is the admin's choice.
NECESSARY = (
    SUDOERS,
    Path("/etc/pam.d/teamhub"),
    Path("/etc/pam.d/teamhub-spawn"),
    Path("/etc/teamhub/jupyterhub_config.py"),
)
REPAIR = "teamhub repair conffiles"
REINSTALL = "apt-get install --reinstall teamhub"
#: Has Python say on one line why a file is none.
PARSE = "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read())"
#: States in which dpkg's record may be of the version before (dpkg(1)).
UNPACKED = ("unpacked", "half-installed")


class TornConffile(TeamhubError):
    """A conffile is missing, empty or damaged."""


class TornCopy(TeamhubError):
    """The copy of a conffile that ships is damaged itself."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with a conffile."""

    path: Path
    reason: str
    is_missing: bool = False

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


def check(root: Path = Path("/")) -> None:
    """Raise TornConffile with every conffile that is torn; what an admin has edited is not."""
    found = list(damages(root))
    if found:
        raise TornConffile(
            "\n  ".join(map(str, found)),
            f"put back what the package ships: {REPAIR} (what is there stays beside it), "
            f"then: {retry_command()}",
        )


def repair(root: Path = Path("/"), *, missing_alone: bool = False) -> list[str]:
    """Put back each conffile that is torn, or only missing; what was done, in words.

    Raises TornCopy, and changes nothing, if what ships is torn as well.
    """
    found = [damage for damage in damages(root) if damage.is_missing or not missing_alone]
    texts = [(damage, whole_copy(damage.path, root)) for damage in found]
    return [put_back(damage, text, root) for damage, text in texts]


def damages(root: Path = Path("/")) -> Iterator[Damage]:
    """What is wrong with each conffile."""
    copies = below(SHIPPED, root)
    recorded: dict[str, str] | None = None
    for copy in sorted(p for p in copies.rglob("*") if p.is_file()):
        path = Path("/", copy.relative_to(copies))
        place = below(path, root)
        if not place.exists():
            if path in NECESSARY:
                yield Damage(path, "is missing", is_missing=True)
            continue
        text, shipped = place.read_bytes(), copy.read_bytes()
        if text == shipped:
            continue
        if recorded is None:
            recorded = dpkg_record(root)
        if reason := fault_of(path, text, recorded):
            yield Damage(path, reason)


def fault_of(path: Path, text: bytes, recorded: dict[str, str]) -> str:
    """Why a text that is not what ships cannot be an admin's; empty if it can.

    `recorded` is dpkg's MD5 sum of each conffile.
    """
    if not text:
        return "is empty"
    if not text.strip(b"\0"):
        return "holds nothing but NUL bytes"
    if hashlib.md5(text, usedforsecurity=False).hexdigest() == recorded.get(str(path)):
        return "is not what the package ships, though nobody has edited it since"
    return PARSERS[kind](text) if (kind := kind_of(path)) else ""


def kind_of(path: Path) -> str:
    """What parses a conffile; empty if nothing does."""
    if path.parent == SUDOERS.parent:
        return "sudoers"
    return path.suffix if path.suffix in PARSERS else ""


def sudoers_fault(text: bytes) -> str:
    """Why sudo would not read a file, in visudo's words."""
    done = subprocess.run(["visudo", "-c", "-f", "-"], input=text, capture_output=True, check=False)
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return f"is not for sudo: {said[0] if said else 'visudo refuses it'}" if done.returncode else ""


def json_fault(text: bytes) -> str:
    """Why a text is not JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {error}"
    return ""


def python_fault(text: bytes) -> str:
    """Why a text is not Python, for the Python that the hub has, if it has one."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        said = str(error)
    except (MemoryError, RecursionError):
        said = "it is nested too deeply"
    else:
        return ""
    own = CURRENT / "hub/bin/python3"
    if own.exists():  # it may be newer, and know more
        with sandbox.folder(CURRENT.resolve().parent, ".parse-") as folder:
            (folder / "text").write_bytes(text)
            command = [str(own), "-I", "-S", "-c", PARSE, f"{folder}/text"]
            if sandbox.run(command, folder, {}).returncode == 0:
                return ""
    return f"is not Python: {said}"


PARSERS: dict[str, Callable[[bytes], str]] = {
    "sudoers": sudoers_fault,
    ".json": json_fault,
    ".py": python_fault,
}


def dpkg_record(root: Path) -> dict[str, str]:
    """dpkg's own MD5 sum of each conffile, where it is of the version that is unpacked."""
    shown = query(root, "--show", "--showformat=${db:Status-Status}\n${Conffiles}\n", "teamhub")
    status, *lines = shown.splitlines()
    words = [line.split() for line in lines if line]
    return {} if status in UNPACKED else {entry[0]: entry[1] for entry in words}


def whole_copy(path: Path, root: Path) -> bytes:
    """What ships for a conffile.  Raises TornCopy if dpkg has another hash of it."""
    copy = SHIPPED / path.relative_to("/")
    text = below(copy, root).read_bytes()
    wanted = f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}  {copy.relative_to('/')}"
    if wanted not in query(root, "--control-show", "teamhub", "md5sums").splitlines():
        raise TornCopy(f"{copy} is damaged, too", f"put the package's files back: {REINSTALL}")
    return text


def query(root: Path, *question: str) -> str:
    """What dpkg's database says."""
    database = below(Path("/var/lib/dpkg"), root)
    return run(["dpkg-query", f"--admindir={database}", *question], remedy=REINSTALL)


def put_back(damage: Damage, text: bytes, root: Path) -> str:
    """Put a conffile back, and what was there beside it; in words."""
    place = below(damage.path, root)
    kept = ""
    if place.exists() or place.is_symlink():
        aside = free_name(place)
        shutil.copy2(place, aside, follow_symlinks=False)
        kept = f"; what was there is {aside.name} beside it"
    place.parent.mkdir(parents=True, exist_ok=True)
    write_file(place, text, mode=0o440 if damage.path == SUDOERS else 0o644)
    return f"put {damage.path} back, which {damage.reason}{kept}"


def free_name(place: Path) -> Path:
    """A name beside a file that is not taken; sudo skips one with a dot in it (sudoers(5))."""
    names = [place.with_name(f"{place.name}.damaged{number or ''}") for number in range(1000)]
    return next(name for name in names if not name.exists())


def below(path: Path, root: Path) -> Path:
    """A path of a server's, in the folder that is its root."""
    return root / path.relative_to("/")
