"""Which accounts could become root by themselves, and by what.

The hub can act as any of its users, so anyone who breaks into it could use such an account, too.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable

from teamhub.people.accounts import has_account
from teamhub.system.report import report
from teamhub.system.run import CommandFailed, run

#: Groups whose members can become root, and how.  Members of adm cannot: they read logs.
GROUPS = {
    "root": "writes what belongs to it",  # base-passwd, users-and-groups.html
    "sudo": "may run any command as root",  # base-passwd
    "wheel": "may become root by su where pam_wheel says so",  # pam_wheel(8)
    "admin": "may run any command as root on systems that came from Ubuntu",  # sudo, sudoers(5)
    "docker": "starts containers as root",  # docker.io, README.Debian: "root-equivalent"
    "lxd": "starts containers as root",  # lxd, README.Debian
    "incus-admin": "starts containers as root",  # Incus' documentation, "Security"
    "libvirt": "gives virtual machines any disk of the server",  # polkit, 60-libvirt.rules
    "kvm": "reads the memory of other people's virtual machines",  # udev, 50-udev-default.rules
    "disk": "reads and writes every disk",  # base-passwd: "mostly equivalent to root access"
    "shadow": "reads the hash of root's password",  # base-passwd
    "staff": "writes programs in /usr/local, which root runs",  # base-passwd; Policy 9.1.2
    "lpadmin": "sets programs that the print server runs",  # cups-files.conf(5), SystemGroup
}


def reason(name: str) -> str:
    """How an account could become root by itself, as in "zoe ..."; empty if no way is known."""
    return reason_by_group(name) or reason_by_sudo(name)


def reason_by_group(name: str) -> str:
    """The same for an account's groups alone, also those that only a directory service knows."""
    try:
        numbers = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    except KeyError:
        return ""
    for number in numbers:
        group = name_of(number)
        if number == 0 or group in GROUPS:
            return f"is in group {group} ({GROUPS.get(group, GROUPS['root'])})"
    return ""


def reason_by_sudo(name: str) -> str:
    """The same for what sudo lets an account do, by every file and directory that sudo reads."""
    if not has_account(name):
        return ""
    shown = run(
        ["env", "LC_ALL=C", "sudo", "-n", "--list", f"--other-user={name}"],
        remedy="look at the rules: visudo --check",
    )
    return "may run commands through sudo" if "may run the following commands" in shown else ""


def name_of(number: int) -> str:
    """The name of a group, or its number if it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def warn(names: Iterable[str], already_in: Iterable[str] = ()) -> None:
    """Tell which of the people let in could become root by themselves.

    sudo takes 20 ms for each name, so it is not asked about those who were in before.
    """
    known = set(already_in)
    for name in names:
        why = reason_by_group(name)
        if not why and name not in known:
            try:
                why = reason_by_sudo(name)
            except CommandFailed as error:
                report(f"warning: what {name} may do through sudo cannot be seen: {error}")
        if why:
            report(
                f"warning: {name} {why} and could become root; "
                "the hub, which can act as any of its users, then could too"
            )
