"""The admin's files (CERTIFICATE=files), watched by systemd: a renewed pair is taken up at once.

The unit is a transient one, which the next start of the server makes again.  One that ships would
have to name a path of its own, and could be changed only by writing below /etc/systemd, which the
daily look at the certificate must not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from teamhub.system import units
from teamhub.system.run import run
from teamhub_shared import TeamhubError

WATCH = "teamhub-certificates.path"
#: What systemd starts when one of the files has changed: `teamhub setup certificates`.
LOOK = "teamhub-certificates.service"
REMEDY = f"look at `systemctl status {WATCH}`"
#: The settings that name the files.
FILES = ("CERTIFICATE_FILE", "KEY_FILE")
#: A path takes no more links than this (path_resolution(7)).
MOST_LINKS = 40


def apply(values: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Have systemd watch the files that the settings name, and nothing else.

    If it cannot, that is reported: they are still looked at once a day.
    """
    if not units.systemd_runs():
        return
    try:
        replace(paths(values))
    except TeamhubError as error:
        report(
            f"warning: a renewed certificate is taken up within a day, not at once: {error.problem}"
        )


def paths(values: Mapping[str, str]) -> set[str]:
    """What has to be watched: the files, and each folder in which a link leads to one.

    PathChanged= follows links, and does not see that one takes the place of another, which is how
    certbot renews.
    """
    if values["CERTIFICATE"] != "files":
        return set()
    files = [Path(values[key]) for key in FILES]
    folders = [folder for file in files for folder in folders_of_links(file)]
    return {str(path) for path in (*files, *folders)}


def folders_of_links(path: Path) -> Iterator[Path]:
    """The folder of each link that leads to a file, one after the other as the kernel goes."""
    here, ahead, links = Path("/"), list(path.parts[1:]), 0
    while ahead and links < MOST_LINKS:
        part = ahead.pop(0)
        place = here.parent if part == ".." else here / part
        if not place.is_symlink():
            here = place
            continue
        yield here
        links += 1
        target = place.readlink()
        if target.is_absolute():
            here = Path("/")
        ahead = [name for name in target.parts if name != "/"] + ahead


def replace(wanted: set[str]) -> None:
    """Watch `wanted` in place of what is watched now."""
    present = watched()
    if wanted == present:
        return
    if present:
        run(["systemctl", "stop", WATCH], remedy=REMEDY)
    if wanted:
        options = [f"--path-property=PathChanged={path}" for path in sorted(wanted)]
        described = "--description=Certificate and key of the team's JupyterHub"
        run(
            ["systemd-run", "--quiet", "--collect", f"--unit={LOOK}", described, *options],
            remedy=REMEDY,
        )


def watched() -> set[str]:
    """What systemd watches now; nothing if the unit does not run."""
    command = ["systemctl", "show", "--property=ActiveState", "--property=Paths", WATCH]
    shown = run(command, remedy=REMEDY)
    if "ActiveState=active" not in shown.splitlines():
        return set()
    return set(re.findall(r"^Paths=(.*) \(PathChanged\)$", shown, re.MULTILINE))
