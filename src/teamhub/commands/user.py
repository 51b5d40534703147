"""`teamhub user`: who may use the hub, and the passwords of their accounts."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping, Sequence

from teamhub.people import accounts, membership, passwords, root_rights, servers
from teamhub.system.report import report
from teamhub.system.tables import show
from teamhub_shared import TeamhubError

#: How often the two passwords that are typed may differ.
ATTEMPTS = 3

#: What the list says of one person.
Person = dict[str, str | bool]


class Interrupted(TeamhubError):
    """The questions for passwords were ended; the passwords given before hold."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__(
            f"interrupted; without a new password: {', '.join(left)}",
            f"give each of them one with: teamhub user passwd {left[0]}",
        )


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `user` to the command line."""
    command = commands.add_parser("user", help="who may use the hub, and their passwords")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    add = actions.add_parser("add", help="let people in; creates accounts that are missing")
    add.add_argument("names", nargs="+", metavar="NAME")
    add.add_argument("--admin", action="store_true", help="make them admins of the hub, too")
    add_password_options(add)
    add.set_defaults(run=add_people)

    listing = actions.add_parser("list", help="show the people who may use the hub")
    listing.add_argument("--json", action="store_true", help="print JSON, for programs")
    listing.set_defaults(run=list_people)

    remove = actions.add_parser("remove", help="take people off the list; accounts and homes stay")
    remove.add_argument("names", nargs="+", metavar="NAME")
    remove.set_defaults(run=remove_people)

    password = actions.add_parser("passwd", help="give somebody a new password")
    password.add_argument("name", metavar="NAME")
    add_password_options(password)
    password.set_defaults(run=change_password)


def add_password_options(command: argparse.ArgumentParser) -> None:
    """Add what the commands that give passwords have in common."""
    command.add_argument(
        "--generate", action="store_true", help="do not ask: make passwords up and print them"
    )
    command.add_argument(
        "--permanent", action="store_true", help="do not ask for a new password at the first login"
    )


def add_people(chosen: argparse.Namespace) -> None:
    """Let people in, and make sure that each has a password."""
    names = accounts.parse_names(" ".join(chosen.names))
    accounts.create_accounts(names, lambda name: report(f"created the account {name}"))
    membership.let_in(names, as_admins=chosen.admin)
    root_rights.warn(names)
    states = passwords.states(names)
    for name in names:
        if states[name] in ("locked", "expired"):
            report(f"warning: the account {name} is {states[name]} and cannot log in")
    give_passwords("initial", [name for name in names if states[name] == "none"], chosen)


def change_password(chosen: argparse.Namespace) -> None:
    """Give somebody on the list a new password."""
    (name,) = membership.check_on_list(accounts.parse_names(chosen.name))
    if passwords.states([name])[name] == "elsewhere":
        raise passwords.BadPassword(
            f"the password of {name} is kept by a directory service, not by this server",
            "change it in the directory service",
        )
    give_passwords("new", [name], chosen)


def give_passwords(kind: str, names: Sequence[str], chosen: argparse.Namespace) -> None:
    """Give each a password that is asked for or made up; one that is made up is printed, once.

    A password that was typed is given before the next one is asked for.
    Raises Interrupted, with the names that are left, when Ctrl-C ends the questions.
    """
    if chosen.generate or not sys.stdin.isatty():
        give(kind, dict.fromkeys(names, ""), permanent=chosen.permanent)
        return
    for position, name in enumerate(names):
        try:
            typed = ask(name)
        except (KeyboardInterrupt, EOFError):
            raise Interrupted(names[position:]) from None
        give(kind, {name: typed}, permanent=chosen.permanent)


def give(kind: str, typed: Mapping[str, str], *, permanent: bool) -> None:
    """Give passwords, by name; make up and print those that are empty."""
    made = {name: passwords.generate() for name, password in typed.items() if not password}
    if typed:
        passwords.give({**typed, **made}, permanent=permanent)
    until = "" if permanent else ", to be changed at the first login"
    for name, password in made.items():
        print(f"{name}: {kind} password {password}{until}", flush=True)


def ask(name: str) -> str:
    """The password that is typed twice for somebody; empty if one is to be made up.

    Raises BadPassword if the two differ each time.
    """
    for _ in range(ATTEMPTS):
        password = getpass.getpass(f"Password for {name} (leave empty to have one made up): ")
        if not password:
            return ""
        passwords.check(password)
        if getpass.getpass("The same password again: ") == password:
            return password
        report("the two passwords differ")
    raise passwords.BadPassword(
        f"no password for {name}: the two differed {ATTEMPTS} times",
        f"try again with: teamhub user passwd {name}",
    )


def list_people(chosen: argparse.Namespace) -> None:
    """Show who may use the hub."""
    accounts.check_groups()
    rows = describe(membership.current_membership())
    shown = rows if chosen.json else map(in_words, rows)
    show(shown, ("name", "admin", "password", "server"), as_json=chosen.json)


def describe(membership: membership.Membership) -> list[Person]:
    """One row for each person."""
    states = passwords.states(membership.users)
    busy = {server.user for server in servers.running()}
    return [
        {
            "name": name,
            "admin": name in membership.admins,
            "password": states[name],
            "server": name in busy,
        }
        for name in membership.users
    ]


def in_words(person: Person) -> Person:
    """A row of the table: words in place of true and false."""
    return {
        **person,
        "admin": "admin" if person["admin"] else "-",
        "server": "running" if person["server"] else "-",
    }


def remove_people(chosen: argparse.Namespace) -> None:
    """Take people off the list."""
    # unchecked: anyone who got into a group, under whatever name, can be taken off it
    names = sorted(set(chosen.names))
    membership.take_off(names)
    for name in names:
        report(f"{name} may no longer use the hub; the account and its home stay")
