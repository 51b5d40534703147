"""The settings that the admin may change: their keys, their checks, and where they come from.

teamhub.conf is the truth.  It is generated, edits by hand are kept, and debconf shows what the file
says: its answers come back as KEY=VALUE.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from teamhub.settings import file as settings_file
from teamhub.settings.values import (
    Fault,
    address_fault,
    choice_fault,
    cpu_fault,
    hours_fault,
    memory_fault,
    names_fault,
    optional_port_fault,
    path_fault,
    port_fault,
    tasks_fault,
    text_fault,
)
from teamhub.system.remedies import in_maintainer_script, retry_command
from teamhub_shared import TeamhubError

PATH = settings_file.PATH


class BadSetting(TeamhubError):
    """A value of a setting cannot be used."""


@dataclass(frozen=True)
class Setting:
    """One key of teamhub.conf."""

    key: str
    default: str
    #: What follows from the value, in words for the admin; one or more lines.
    meaning: str
    fault: Fault

    @property
    def question(self) -> str:
        """The debconf question that asks for it; LISTEN_ADDRESS alone has none."""
        return f"teamhub/{self.key.lower().replace('_', '-')}"


SETTINGS = (
    Setting(
        "SERVER_NAMES",
        "",
        "The names and addresses that people type to reach the server, separated by spaces.\n"
        "Empty: the host's own names and all its addresses.",
        names_fault,
    ),
    Setting("HTTPS_PORT", "443", "The port of the hub.", port_fault),
    Setting(
        "HTTP_PORT",
        "80",
        "A port that sends browsers on to HTTPS, or off.",
        optional_port_fault,
    ),
    Setting(
        "LISTEN_ADDRESS",
        "",
        "The one address that the ports above are opened on.  Empty: all addresses of the server,\n"
        "and with CERTIFICATE=none only 127.0.0.1.",
        address_fault,
    ),
    Setting(
        "CERTIFICATE",
        "own",
        "Where the certificate comes from.  own: made and renewed here, by an authority of this\n"
        "server's own, which people import once (teamhub tls ca).  files: the two files below.\n"
        "none: another proxy in front of this one has it; the hub is then plain HTTP on HTTP_PORT.",
        choice_fault("own", "files", "none"),
    ),
    Setting(
        "CERTIFICATE_FILE",
        "",
        "With CERTIFICATE=files: the certificate and its chain (PEM), the server's own first.\n"
        "Both files are looked at once a day, and after a renewal with: teamhub setup certificates",
        path_fault,
    ),
    Setting("KEY_FILE", "", "With CERTIFICATE=files: its key (PEM, no passphrase).", path_fault),
    Setting(
        "INTERFACE",
        "lab",
        "What people see after login: lab (JupyterLab) or notebook (Jupyter Notebook).",
        choice_fault("lab", "notebook"),
    ),
    Setting(
        "MEMORY_LIMIT",
        "none",
        "The memory that all of one person's processes on this server may take together, such as\n"
        "512M or 2G, or none.  What goes beyond it is killed; usually that is one kernel.",
        memory_fault,
    ),
    Setting(
        "CPU_LIMIT",
        "none",
        "The processor cores that one person may use at a time, such as 2 or 1.5, or none.",
        cpu_fault,
    ),
    Setting(
        "TASKS_LIMIT",
        "none",
        "The processes and threads that one person may have, such as 512, or none.",
        tasks_fault,
    ),
    Setting(
        "IDLE_HOURS",
        "0",
        "A server that nobody has used for so many hours is stopped; 0: never.",
        hours_fault,
    ),
    Setting(
        "CREATE_ACCOUNTS",
        "yes",
        "Whether somebody who may use the hub and has no Unix account is given one: yes or no.",
        choice_fault("yes", "no"),
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}


def read(path: Path = PATH) -> dict[str, str]:
    """Every setting's value: from the file, or its default.

    Raises BadLine for the file, BadSetting naming the key, the value and what is wrong with it.
    """
    return answers((), path)


def answers(pairs: Iterable[str], path: Path = PATH) -> dict[str, str]:
    """Every setting's value: from `pairs` (KEY=VALUE), or the file, or its default.

    Raises as `read` does.
    """
    text = settings_file.read_text(path)
    present = settings_file.parse(text, path)
    given = dict(map(tidy, pairs))
    values = {}
    for key in given.keys() - BY_KEY.keys():
        raise BadSetting(f"{key!r} is no setting of teamhub", f"use one of {', '.join(BY_KEY)}")
    for setting in SETTINGS:
        before = present.get(setting.key, setting.default)
        value = values[setting.key] = given.get(setting.key, before)
        fault = text_fault(value) or setting.fault(value)
        if fault:
            line = settings_file.line_of(setting.key, text) if value == before else 0
            raise bad(setting, value, fault, f"{path}, line {line}" if line else "")
    check_together(values)
    return values


def tidy(pair: str) -> tuple[str, str]:
    """An answer's key and value, without spaces around it, a list of names without commas."""
    key, _, value = pair.partition("=")
    if key == "SERVER_NAMES":
        value = " ".join(filter(None, re.split("[, ]", value)))
    return key, value.strip(" ")


def written(path: Path = PATH) -> dict[str, str]:
    """What the file says, unchecked.  Raises BadLine."""
    return settings_file.parse(settings_file.read_text(path), path)


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


def bad(setting: Setting, value: str, fault: str, place: str = "") -> BadSetting:
    """The error for a value that came from `place`, or from the dialogue."""
    if place:
        change = "mend that line"
    elif in_maintainer_script():
        change = f"choose another value ({setting.question} in debconf)"
    else:
        change = f"change {setting.key} in {PATH}"
    remedy = f"{change}, then: {retry_command()}"
    return BadSetting(f"{place}{': ' if place else ''}{setting.key}={value!r}: {fault}", remedy)


def unknown_keys(path: Path = PATH) -> dict[str, str]:
    """The keys in the file that are no settings, each with the setting that may be meant, or ""."""
    return {
        key: next(iter(difflib.get_close_matches(key.upper(), BY_KEY, n=1)), "")
        for key in written(path)
        if key not in BY_KEY
    }


def write(values: Mapping[str, str], path: Path = PATH) -> None:
    """Write the settings into the file; what else is in it stays as it is."""
    meanings = {setting.key: setting.meaning for setting in SETTINGS}
    text = settings_file.render(settings_file.read_text(path), values, meanings)
    settings_file.write(text, path)
