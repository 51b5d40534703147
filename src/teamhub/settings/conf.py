"""teamhub.conf: every setting's value out of it or the dialogue's answers, and writing it.

The file is the truth.  It is generated, edits by hand are kept, and debconf shows what the file
says: its answers come back as KEY=VALUE.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from teamhub.settings import syntax
from teamhub.settings.syntax import BadLine
from teamhub.system.remedies import in_maintainer_script, retry_command
from teamhub.system.run import CommandFailed
from teamhub_shared import TeamhubError
from teamhub_shared.rules import Names, is_full_name, text_fault
from teamhub_shared.settings import BY_KEY, SETTINGS, Setting

PATH = Path("/etc/teamhub/teamhub.conf")
#: What ucf knows (ucf(1), FILES): each file's hash, and its package.
UCF = (Path("/var/lib/ucf/hashfile"), Path("/var/lib/ucf/registry"))


class BadSetting(TeamhubError):
    """A value of a setting cannot be used."""


class LostSettings(TeamhubError):
    """The file of a server that is configured is gone."""


def check_is_there(path: Path = PATH) -> None:
    """Raise LostSettings if there is nothing: a file of defaults would change what the team has."""
    if not path.exists() or not path.read_bytes().strip():
        raise LostSettings(
            f"{path} is missing or empty, and nothing was changed",
            "put it back from a backup; or take what the last dialogue was answered: "
            "dpkg-reconfigure --frontend=noninteractive teamhub",
        )


def read(answers: Iterable[str] = (), *, path: Path = PATH) -> dict[str, str]:
    """Every setting's value: from `answers` (KEY=VALUE), or the file, or its default.

    Raises BadLine for the file, BadSetting naming the key, the value and what is wrong with it.
    """
    text = read_text(path)
    present = syntax.parse(text, path)
    given = dict(map(tidy, answers))
    values = {}
    for key in given.keys() - BY_KEY.keys():
        raise BadSetting(f"{key!r} is no setting of teamhub", f"use one of {', '.join(BY_KEY)}")
    for setting in SETTINGS:
        before = present.get(setting.key, setting.default)
        value = values[setting.key] = given.get(setting.key, before)
        fault = text_fault(value) or setting.rule.fault(value)
        if fault:
            line = syntax.line_of(setting.key, text) if value == before else 0
            raise bad(setting, value, fault, f"{path}, line {line}" if line else "")
    check_together(values)
    return values


def tidy(answer: str) -> tuple[str, str]:
    """An answer's key and value, without spaces around it, a list of names without commas."""
    key, _, value = answer.partition("=")
    if key in BY_KEY and isinstance(BY_KEY[key].rule, Names):
        value = " ".join(filter(None, re.split("[, ]", value)))
    return key, value.strip(" ")


def check_together(values: Mapping[str, str]) -> None:
    """Raise BadSetting for values that are fine alone and do not go together."""
    if values["CERTIFICATE"] == "none":
        if values["HTTP_PORT"] == "off":
            raise bad(BY_KEY["HTTP_PORT"], "off", "with CERTIFICATE=none that is the hub's port")
    elif values["HTTPS_PORT"] == values["HTTP_PORT"]:
        raise bad(BY_KEY["HTTP_PORT"], values["HTTP_PORT"], "HTTPS_PORT is the same port")
    if values["CERTIFICATE"] == "files":
        for key in ("CERTIFICATE_FILE", "KEY_FILE"):
            if not values[key]:
                raise bad(BY_KEY[key], "", "with CERTIFICATE=files it has to name a file")
    if values["CERTIFICATE"] == "acme":
        check_acme(values)


def check_acme(values: Mapping[str, str]) -> None:
    """Raise BadSetting for what an authority that looks by HTTP on port 80 cannot sign for."""
    names, below = values["SERVER_NAMES"], values["SUBDOMAIN_HOST"]
    if values["HTTP_PORT"] == "off":
        fault = "with CERTIFICATE=acme the authority looks at that port who asks"
        raise bad(BY_KEY["HTTP_PORT"], "off", fault)
    if below:
        fault = (
            "with CERTIFICATE=acme there is no certificate for the names below it: use "
            f"CERTIFICATE=own, or files with one for *.{below} (certbot gets it through DNS)"
        )
        raise bad(BY_KEY["SUBDOMAIN_HOST"], below, fault)
    if "*" in names:
        fault = "with CERTIFICATE=acme there is no certificate for *.NAME"
        raise bad(BY_KEY["SERVER_NAMES"], names, fault)
    if names and not any(map(is_full_name, names.split())):
        fault = "with CERTIFICATE=acme one has to be a full name, such as hub.example.org"
        raise bad(BY_KEY["SERVER_NAMES"], names, fault)


def bad(setting: Setting, value: str, fault: str, place: str = "") -> BadSetting:
    """The error for a value that came from `place`, or from the dialogue."""
    if place:
        change = "fix that line"
    elif in_maintainer_script() and setting.question:
        change = f"choose another value (teamhub/{setting.question} in debconf)"
    else:
        change = f"change {setting.key} in {PATH}"
    remedy = f"{change}, then: {retry_command()}"
    return BadSetting(f"{place}{': ' if place else ''}{setting.key}={value!r}: {fault}", remedy)


def unknown_keys(path: Path = PATH) -> dict[str, str]:
    """The keys in the file that are no settings, each with the setting that may be meant, or ""."""
    return {
        key: next(iter(difflib.get_close_matches(key.upper(), BY_KEY, n=1)), "")
        for key in syntax.parse(read_text(path), path)
        if key not in BY_KEY
    }


def read_text(path: Path = PATH) -> str:
    """The text of the file, empty where there is none.  Raises BadLine when it is not UTF-8."""
    if not path.exists():
        return ""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise BadLine(
            f"{path}, line {number}: it is not in UTF-8", f"write it anew, then: {retry_command()}"
        ) from error


def write(values: Mapping[str, str], path: Path = PATH) -> None:
    """Write the settings into the file; what else is in it stays as it is."""
    meanings = {setting.key: setting.meaning for setting in SETTINGS}
    put_in_place(syntax.render(read_text(path), values, meanings), path)


def is_registered(path: Path) -> bool:
    """Whether ucf knows a file as teamhub's; it may have been killed before it wrote that down.

    Its two registers are text: a file's hash, or its package, before the file's name.
    """
    names = [
        {line.split()[-1] for line in register.read_text("utf-8").splitlines() if line.strip()}
        for register in UCF
        if register.exists()
    ]
    return len(names) == len(UCF) and all(str(path) in listed for listed in names)


def put_in_place(text: str, path: Path) -> None:
    """Write the file through ucf, which keeps a copy of what was there.

    `text` is made out of the file as it is, so the admin's own lines are already in it: ucf need
    not ask whose version to keep.
    """
    if path.exists() and path.read_bytes() == text.encode() and is_registered(path):
        return
    with tempfile.NamedTemporaryFile("w", prefix="teamhub.conf.", encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fchmod(new.fileno(), 0o644)
        # ucf speaks to debconf in any case: in a maintainer script to the one that listens there,
        # on descriptors that it inherits from the script by way of us.  It first forgets what it
        # has seen: a text that it knows from before, it does not put over an edit made since.
        for command in (
            ["ucf", "--purge", str(path)],
            ["ucf", "--debconf-ok", new.name, str(path)],
            ["ucfr", "teamhub", str(path)],
        ):
            done = subprocess.run(
                command,
                env={**os.environ, "UCF_FORCE_CONFFNEW": "1"},
                close_fds=False,
                check=False,
            )
            if done.returncode:
                raise CommandFailed(
                    f"{' '.join(command)}: exit status {done.returncode}",
                    f"look at the permissions of {path.parent}, then: {retry_command()}",
                )
