"""Where a file of the rendered tree goes on the server: what debian/rules does, for laying alone.

What else the package has is made by a build: the channel, rattler, the manual page, the control
file with its dependencies.  There the installed .deb's stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from teamhub_build.source import PYTHON_CODE

#: What a build lays out and the working tree does not have (debian/teamhub.install).
PAYLOAD = "payload/"
LIBRARY = "/usr/lib/teamhub"
UNITS = "/usr/lib/systemd/system"
#: A unit in debian/ is called PACKAGE.NAME.KIND, or PACKAGE.KIND (dh_installsystemd(1)).
UNIT = re.compile(r"debian/teamhub\.(?:(?P<name>[\w@-]+)\.)?(?P<kind>service|timer|socket|path)")
#: What debian/rules installs by itself.
BY_RULES = {
    "debian/teamhub.sysusers": "/usr/lib/sysusers.d/teamhub.conf",
    "debian/teamhub.tmpfiles": "/usr/lib/tmpfiles.d/teamhub.conf",
}
#: Folders in which all files are the package's own, so that one which the tree has no more is gone.
OWN_FOLDERS = (f"{LIBRARY}/", "/usr/share/teamhub/", f"{UNITS}/")


def places(names: Iterable[str], install: str) -> dict[str, str]:
    """The path on the server of each file that goes there, and the file's name in the tree.

    `names` are all files of the rendered tree; `install` is the text of debian/teamhub.install.
    """
    names = list(names)
    found = {}
    for source, folder in _rules(install):
        for name in names:
            if name == source or name.startswith(f"{source}/"):
                below = PurePosixPath(name).relative_to(PurePosixPath(source).parent)
                found[str(PurePosixPath("/", folder, below))] = name
    for name in names:
        unit = UNIT.fullmatch(name)
        if unit:
            found[f"{UNITS}/{unit['name'] or 'teamhub'}.{unit['kind']}"] = name
        elif name in BY_RULES:
            found[BY_RULES[name]] = name
        elif name.startswith("src/") and name.split("/")[1] in PYTHON_CODE:
            found[f"{LIBRARY}/{name.removeprefix('src/')}"] = name
    # it packs the code, and is none of it
    found.pop(f"{LIBRARY}/setup.py", None)
    return found


def links(text: str) -> dict[str, str]:
    """The symbolic links of debian/teamhub.links, by their paths on the server, and their targets.

    As dh_link(1) makes them: relative within a folder of the root (Debian Policy 10.5).
    """
    found = {}
    for line in text.splitlines():
        target, path = line.split()
        beside = target.split("/")[0] == path.split("/")[0]
        relative = os.path.relpath(target, PurePosixPath(path).parent)
        found[f"/{path}"] = relative if beside else f"/{target}"
    return found


def gone(listed: Iterable[str], placed: Container[str], install: str) -> list[str]:
    """Those of the paths that dpkg lists which a package of this tree would not have."""
    of_payload = [
        str(PurePosixPath("/", folder, PurePosixPath(source).name))
        for source, folder in _rules(install, payload=True)
    ]
    return [
        path
        for path in listed
        if canonical(path).startswith(OWN_FOLDERS)
        and canonical(path) not in placed
        and not any(path == kept or path.startswith(f"{kept}/") for kept in of_payload)
    ]


def canonical(path: str) -> str:
    """The path behind the links of a merged /usr: bookworm's debhelper still puts units in /lib."""
    return re.sub(r"^/(bin|sbin|lib)/", r"/usr/\1/", path)


def mode(path: str, source: int) -> int:
    """The mode that the package gives a file; `source` is the rendered file's."""
    return 0o440 if path.startswith("/etc/sudoers.d/") else source & 0o777


def is_conffile(path: str) -> bool:
    """Whether dpkg treats it as a conffile: debhelper marks all of /etc (dh_installdeb(1))."""
    return path.startswith("/etc/")


def _rules(install: str, *, payload: bool = False) -> list[tuple[str, str]]:
    """What teamhub.install copies into which folder: the tree's own, or the payload's."""
    rules = [line.split() for line in install.splitlines() if line and not line.startswith("#")]
    return [(source, to) for source, to in rules if source.startswith(PAYLOAD) == payload]
