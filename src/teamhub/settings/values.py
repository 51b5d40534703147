"""Which values a setting may have: each function says what is wrong with one, or nothing."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal

Fault = Callable[[str], str | None]

#: Of these, systemd takes K to mean 1024 bytes (systemd.resource-control(5), MemoryMax=).
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
#: Below these a Jupyter server does not start: 132 MB and one kernel of 53, their threads.
LEAST_MEMORY = 256 * UNITS["M"]
LEAST_CPUS = Decimal("0.1")
LEAST_TASKS = 128
#: Where the hub and the proxy talk to each other (docs/design.md).
INNER_PORTS = {801: "the proxy", 808: "the hub"}

#: One part of a host name (RFC 1123, section 2.1).
LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")

#: What sh, systemd, sed and Python read in the same way between double quotes.
UNSAFE = re.compile(r"""["'\\$`]""")


def text_fault(value: str) -> str | None:
    """What no value may hold: each reader of the file would make something else of it."""
    if not value.isprintable():
        return "it holds a line break or another control character"
    found = UNSAFE.search(value)
    return f"it holds the character {found[0]}" if found else None


def choice_fault(*choices: str) -> Fault:
    """One of some words."""
    words = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return lambda value: None if value in choices else f"write {words}"


def port_fault(value: str) -> str | None:
    """A TCP port that is not one of the hub's own."""
    if not re.fullmatch(r"[1-9][0-9]{0,4}", value) or int(value) > 65535:
        return "a port is a number from 1 to 65535"
    if int(value) in INNER_PORTS:
        return f"that port is for {INNER_PORTS[int(value)]} itself, choose another"
    return None


def optional_port_fault(value: str) -> str | None:
    """A port, or `off`."""
    fault = port_fault(value)
    return f"{fault}, or off" if fault and value != "off" else None


def names_fault(value: str) -> str | None:
    """Host names and IP addresses, separated by spaces."""
    bad = [name for name in value.split() if not is_address(name) and not is_host_name(name)]
    return f"{bad[0]!r} is neither a host name nor an address" if bad else None


def address_fault(value: str) -> str | None:
    """One IP address, or nothing."""
    return None if not value or is_address(value) else "write one IP address, or nothing for all"


def path_fault(value: str) -> str | None:
    """The absolute path of a file, or nothing."""
    return None if not value or value.startswith("/") else "write the whole path, from / on"


def memory_fault(value: str) -> str | None:
    """An amount of memory as systemd writes it, or `none`."""
    if value == "none":
        return None
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,2})?)([KMGT])", value)
    if not found:
        return f"an amount of memory is a number and K, M, G or T: {memory_hint(value)}"
    if Decimal(found[1]) * UNITS[found[2]] < LEAST_MEMORY:
        return "a Jupyter server does not start with less than 256M"
    return None


def memory_hint(value: str) -> str:
    """What somebody who wrote `value` may have meant."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,2})?) ?([kmgt])(?:i?b)?", value, re.IGNORECASE)
    if found and f"{found[1]}{found[2].upper()}" != value:
        return f"write {found[1]}{found[2].upper()}"
    if re.fullmatch("0+", value):
        return "write none for no limit"
    return "write something like 2G, or none"


def cpu_fault(value: str) -> str | None:
    """A number of processor cores, or `none`."""
    if value == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", value):
        return "a share of the processors is a number of cores: write something like 1.5, or none"
    if Decimal(value) < LEAST_CPUS:
        return f"a Jupyter server needs {LEAST_CPUS} cores or more; write none for no limit"
    return None


def tasks_fault(value: str) -> str | None:
    """A number of processes and threads, or `none`."""
    if value == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,7}", value):
        return "a number of tasks is a whole number: write something like 512, or none"
    if int(value) < LEAST_TASKS:
        return f"a Jupyter server needs {LEAST_TASKS} tasks or more; write none for no limit"
    return None


def hours_fault(value: str) -> str | None:
    """A whole number of hours."""
    if re.fullmatch(r"[0-9]{1,5}", value):
        return None
    return "the idle time is a whole number of hours, 0 for never"


def is_address(name: str) -> bool:
    """Whether `name` is an IP address; one with a zone (fe80::1%eth0) is of no use to others."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return "%" not in name


def is_host_name(name: str) -> bool:
    """Whether `name` is a host name; one that ends in a number would be an address."""
    labels = name.split(".")
    return (
        len(name) <= 253
        and all(LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
