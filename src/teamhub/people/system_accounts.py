"""The package's own accounts, groups and folders: systemd-sysusers makes again what is lost."""

from __future__ import annotations

import contextlib
import pwd
from collections.abc import Callable, Iterable
from pathlib import Path

from teamhub.people.accounts import find_group, has_account, service_account
from teamhub.system.remedies import retry_command
from teamhub.system.run import run
from teamhub_shared import sockets
from teamhub_shared.accounts import ADMINS_GROUP, PACKAGES_ACCOUNT, SERVICE_ACCOUNT, USERS_GROUP

#: The name of the package's file in /usr/lib/sysusers.d, and of that in /usr/lib/tmpfiles.d.
OWN = "teamhub.conf"
REINSTALL = "put the package's files back: apt-get install --reinstall teamhub"
FOLDERS = (*map(Path, ("/etc/teamhub/tls", "/opt/teamhub", "/var/lib/teamhub")), sockets.SERVERS)
#: The account's home in /etc/passwd, and what an earlier version wrote there.
NO_HOME, EARLIER_HOME = "/nonexistent", "/var/lib/teamhub"
#: What /etc/group was before its last change (group(5), shadow's BUGS aside).
GROUPS_BEFORE = Path("/etc/group-")


def put_back(report: Callable[[str], None]) -> None:
    """Make the accounts, groups and folders that are missing, and report what that costs."""
    groups = [group for group in (USERS_GROUP, ADMINS_GROUP) if find_group(group) is None]
    own = (SERVICE_ACCOUNT, PACKAGES_ACCOUNT)
    lost_accounts = [account for account in own if not has_account(account)]
    # systemd-sysusers writes the file anew
    before = text_of(GROUPS_BEFORE)
    is_incomplete = find_group(sockets.GROUP) is None
    if groups or lost_accounts or is_incomplete:
        run(["systemd-sysusers", OWN], remedy=REINSTALL)
    for account in lost_accounts:
        report(f"made the account {account} again, which was missing")
    if is_incomplete:
        report(f"made the group {sockets.GROUP} again, which was missing")
    for group in groups:
        report(f"made the group {group} again, which was missing; {words_for(group, before)}")
    lost = [folder for folder in FOLDERS if not folder.exists()]
    if lost:
        run(["systemd-tmpfiles", "--create", OWN], remedy=REINSTALL)
        report(f"made missing folders again: {', '.join(map(str, lost))}")


def has_earlier_home() -> bool:
    """Whether the account has the home that an earlier version gave it."""
    return service_account().pw_dir == EARLIER_HOME


def leave_home(report: Callable[[str], None]) -> None:
    """Give the account no home, as a new one has none.

    Whoever breaks into the hub could write there what cron and sshd read.  usermod changes no
    account that runs something, so the hub has to be stopped.
    """
    if runs_something(service_account().pw_uid):
        report(
            f"warning: the account {SERVICE_ACCOUNT} runs something and keeps its home "
            f"{EARLIER_HOME}; to try again: {retry_command()}"
        )
        return
    run(
        ["usermod", "--home", NO_HOME, SERVICE_ACCOUNT],
        remedy=f"look at /etc/passwd, then: {retry_command()}",
    )


def runs_something(uid: int) -> bool:
    """Whether there is a process of an account."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError):  # it has ended
            if process.stat().st_uid == uid:
                return True
    return False


def words_for(group: str, groups_before: str) -> str:
    """What has become of the members of a group that was lost, and how to have them back."""
    role = "--admin " if group == ADMINS_GROUP else ""
    add = f"teamhub user add {role}"
    names = members_in(group, groups_before)
    if not names:
        return f"it has no members now; to let people in: {add}NAME..."
    return (
        f"it has no members now; {GROUPS_BEFORE} has those of before, "
        f"whom this lets in: {add}{' '.join(names)}"
    )


def members_in(group: str, text: str) -> list[str]:
    """The members of a group by the text of an /etc/group."""
    for line in text.splitlines():
        fields = line.split(":")
        if fields[0] == group and len(fields) == 4:
            return list(filter(None, fields[3].split(",")))
    return []


def take_over(folder: Path, report: Callable[[str], None]) -> None:
    """Give the account what an older one of its name, with another uid, has in its folder.

    What is root's stays so, and links are not followed; the kernel lets no account make hard links
    to others' files (proc(5), protected_hardlinks).
    """
    account = pwd.getpwnam(SERVICE_ACCOUNT)
    for uid in strangers(folder, account.pw_uid):
        run(
            [
                *("chown", "--recursive", "--no-dereference", f"--from={uid}"),
                *(f"{SERVICE_ACCOUNT}:", str(folder)),
            ],
            remedy=f"look at the owners of what is in {folder}",
        )
        report(f"gave what belonged to uid {uid} in {folder} to {SERVICE_ACCOUNT}")


def strangers(folder: Path, own: int) -> Iterable[int]:
    """The uids, but root's and `own`, that own a folder or what is right in it."""
    found = [folder, *folder.iterdir()] if folder.is_dir() else []
    return sorted({path.lstat().st_uid for path in found} - {0, own})


def text_of(path: Path) -> str:
    """The text of a file, empty where there is none."""
    return path.read_text("utf-8", "replace") if path.exists() else ""
