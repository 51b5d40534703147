"""What the admin has set for pip, in a form that the account which pip runs as can read.

pip itself finds files in root's home, and those that only root may read; that account does not.
So there is one file with what all of them say, and a copy of each certificate that they name.
"""

from __future__ import annotations

import configparser
import netrc
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from teamhub_shared import TeamhubError

#: Variables that count for pip, for what it fetches with, and for what it builds a package with.
VARIABLES = re.compile(
    r"PIP_\w+|(?:HTTP|HTTPS|FTP|ALL|NO)_PROXY|(?:http|https|ftp|all|no)_proxy"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|LANG|LC_\w+"
    r"|CC|CXX|(?:C|CPP|CXX|LD)FLAGS|CMAKE_ARGS|SOURCE_DATE_EPOCH"
)
#: A variable that pip puts into a line of a requirements file.
IN_REQUIREMENTS = re.compile(r"\$\{([A-Z0-9_]+)\}")
#: Of the former, the ones that name a file, and the settings that do.
NAME_FILES = (
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
CERTIFICATES = ("cert", "client-cert")
#: The sections that count for `pip install`.
SECTIONS = ("global", "install")
PATH = "/usr/local/bin:/usr/bin:/bin"
SYSTEM = Path("/etc/pip.conf")


class BadPipConfiguration(TeamhubError):
    """One of pip's own configuration files cannot be read."""


@dataclass(frozen=True)
class Settings:
    """How pip is to be called."""

    environment: dict[str, str]
    #: The packages that may be built from source, as `--no-binary` names them.
    no_binary: tuple[str, ...]
    #: Where it is to write a log.
    logs: bool


def provide(own: Path, requirements: Sequence[str], given: Mapping[str, str]) -> Settings:
    """Write pip's settings into the folder `own`, whose `home` pip will have.

    `given` are root's variables.  Raises BadPipConfiguration.
    """
    merged = read(files(given))
    asked = set(IN_REQUIREMENTS.findall("\n".join(requirements)))
    variables = {
        name: value for name, value in given.items() if name in asked or VARIABLES.fullmatch(name)
    }
    copies = own / "certificates"
    copies.mkdir(mode=0o700)
    for section in merged.sections():
        for key in CERTIFICATES:
            if merged.has_option(section, key):
                merged.set(section, key, copied(merged.get(section, key), copies))
    for name in NAME_FILES:
        if name in variables:
            variables[name] = copied(variables[name], copies)
    with (own / "pip.conf").open("w", encoding="utf-8") as file:
        merged.write(file)
    told = "\n".join([(own / "pip.conf").read_text("utf-8"), *variables.values(), *requirements])
    write_logins(own / "home/.netrc", told, given)
    # With the first, pip reads no file at all.
    nothing = given.get("PIP_CONFIG_FILE") == os.devnull
    config = os.devnull if nothing else f"{own}/pip.conf"
    return Settings(
        {"LANG": "C.UTF-8", **variables, "PATH": PATH, "PIP_CONFIG_FILE": config},
        tuple(said(merged, variables, "no-binary")),
        logs=any(said(merged, variables, "log")),
    )


def files(given: Mapping[str, str]) -> list[Path]:
    """The files that pip run by root would read, the one that overrides all others last."""
    named = given.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(given.get("HOME") or Path("~").expanduser())
    system = (given.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    users = Path(given.get("XDG_CONFIG_HOME") or home / ".config")
    found = [*(Path(folder, "pip/pip.conf") for folder in system), SYSTEM]
    if named and Path(named).exists():
        return [*found, Path(named)]
    return [*found, home / ".pip/pip.conf", users / "pip/pip.conf"]


def read(paths: Sequence[Path]) -> configparser.RawConfigParser:
    """What these files set; those that are not there set nothing."""
    merged = configparser.RawConfigParser()
    # As pip takes the names of settings.
    merged.optionxform = normal  # type: ignore[method-assign, assignment]
    for path in paths:
        try:
            merged.read_string(path.read_text("utf-8"), str(path))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            raise BadPipConfiguration(
                f"{path}: {' '.join(str(error).split())}", "fix that file of pip's, and try again"
            ) from error
    return merged


def normal(name: str) -> str:
    """A setting's name, of which pip knows several spellings."""
    return name.lower().replace("_", "-").removeprefix("--")


def said(
    merged: configparser.RawConfigParser, variables: Mapping[str, str], key: str
) -> Iterator[str]:
    """The values of a setting, in the order in which pip takes them."""
    for section in SECTIONS:
        if merged.has_option(section, key):
            yield merged.get(section, key)
    variable = f"PIP_{key.upper().replace('-', '_')}"
    if variables.get(variable):
        yield variables[variable]


def copied(path: str, folder: Path) -> str:
    """The path of a copy of a certificate; what is no file is pip's to complain of."""
    source = Path(path).expanduser()
    if not source.is_file():
        return path
    copy = folder / f"{len(list(folder.iterdir()))}.pem"
    copy.touch(mode=0o600)
    shutil.copyfile(source, copy)
    return str(copy)


def write_logins(file: Path, told: str, given: Mapping[str, str]) -> None:
    """Write the logins of root's .netrc for the hosts that pip has been told of, and no others."""
    home = Path(given.get("HOME") or Path("~").expanduser())
    source = given.get("NETRC") or str(home / ".netrc")
    try:
        logins = netrc.netrc(source)
    except (OSError, netrc.NetrcParseError):
        return  # as pip does
    logins.hosts = {
        host: login
        for host, login in logins.hosts.items()
        if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", told)
    }
    logins.macros = {}
    file.touch(mode=0o600)
    file.write_text(repr(logins), "utf-8")
