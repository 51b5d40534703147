"""What dpkg keeps of a package, edited as unpacking another version of its files leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: debhelper's part of a maintainer script, which takes the token's place (dh_installdeb(1)).
TOKEN = "#DEBHELPER#"
SNIPPETS = re.compile(
    r"^# Automatically added by .*^# End automatically added section\n", re.MULTILINE | re.DOTALL
)


def with_snippets(script: str, installed: str) -> str:
    """A maintainer script with debhelper's part as the installed one has it."""
    found = SNIPPETS.search(installed)
    return script.replace(TOKEN, found[0] if found else "")


def is_same_script(one: str, other: str) -> bool:
    """Whether only empty lines differ: some of debhelper's snippets begin or end with one."""
    return list(filter(None, one.splitlines())) == list(filter(None, other.splitlines()))


@dataclass(frozen=True)
class Status:
    """The text of /var/lib/dpkg/status, and where teamhub's stanza is in it."""

    text: str
    start: int
    end: int

    @staticmethod
    def read(text: str) -> Status:
        """Raises ValueError where the package is not installed."""
        found = re.search(r"^Package: teamhub\n(?:.+\n)+", text, re.MULTILINE)
        if found is None:
            raise ValueError("dpkg knows no package teamhub")
        return Status(text, *found.span())

    @property
    def is_configured(self) -> bool:
        """Whether the package is neither unpacked alone nor half configured."""
        return "\nStatus: install ok installed\n" in self.text[self.start : self.end]

    @property
    def conffiles(self) -> dict[str, str]:
        """The MD5 of each conffile as the package had it; "newconffile" before it is configured."""
        block = re.search(r"^Conffiles:\n((?: .+\n)+)", self.text[self.start : self.end], re.M)
        lines = block[1].splitlines() if block else []
        return {line.split()[0]: line.split()[1] for line in lines}

    def unpacked(self, new_conffiles: Iterable[str] = ()) -> str:
        """The text with the package unpacked and not configured, as an upgrade leaves it.

        `dpkg --configure` then runs the postinst with the version that was configured before, and
        puts each conffile in place that lies next to it as NAME.dpkg-new.
        """
        stanza = self.text[self.start : self.end]
        stanza = re.sub(r"^Status: .*", "Status: install ok unpacked", stanza, flags=re.M)
        if "\nConfig-Version:" not in stanza:
            stanza = re.sub(r"^Version: (.*)", r"\g<0>\nConfig-Version: \1", stanza, flags=re.M)
        more = "".join(f" {path} newconffile\n" for path in sorted(new_conffiles))
        stanza = stanza.replace("Conffiles:\n", f"Conffiles:\n{more}")
        return self.text[: self.start] + stanza + self.text[self.end :]


def new_list(listed: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> str:
    """The text of teamhub.list; every folder of an added path is in it, too."""
    removed = set(removed)
    paths = [path for path in listed if path not in removed]
    known = set(paths)
    for path in added:
        parts = path.split("/")
        for length in range(2, len(parts) + 1):
            part = "/".join(parts[:length])
            if part not in known:
                known.add(part)
                paths.append(part)
    return "".join(f"{path}\n" for path in paths)


def new_md5sums(text: str, changed: Mapping[str, str], removed: Iterable[str]) -> str:
    """The text of teamhub.md5sums; `changed` and `removed` have the paths as dpkg lists them."""
    sums = {path: md5 for md5, path in (line.split(maxsplit=1) for line in text.splitlines())}
    sums |= {path.removeprefix("/"): md5 for path, md5 in changed.items()}
    for path in removed:
        sums.pop(path.removeprefix("/"), None)
    return "".join(f"{md5}  {path}\n" for path, md5 in sums.items())
