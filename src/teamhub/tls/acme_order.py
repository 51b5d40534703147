"""One order at an authority by ACME (RFC 8555), with Debian's uacme: all that speaks to strangers.

`teamhub-acme.service` runs this under an account that is made for it and owns nothing but its two
folders: its state, in which the key and the certificate are left for root to look at (tls/acme.py),
and the one in which the proxy finds the answers to the authority's questions.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from teamhub.settings import conf
from teamhub.system.run import write_file
from teamhub.tls import names
from teamhub_shared import TeamhubError

UACME = "uacme"
#: What uacme calls to have a question of the authority's answered, and to take the answer away.
HOOK = "/usr/lib/teamhub/acme-challenge"
#: What it prints of an account key that the authority does not know (any more).
NO_ACCOUNT = "Consider trying 'new'"
#: Before the authority's own words, which are an object of JSON (RFC 7807).
SAID = "the server reported the following error:\n"
#: It waits up to an hour for an authority that does not decide.
SECONDS = 240.0
#: For node to start on a busy machine.
PROXY_SECONDS = 60.0
PAUSE = 0.2

#: In the state folder: why the last order failed, the problem and the remedy, one line each.
FAILURE = "failure"


class OrderFailed(TeamhubError):
    """The authority gave no certificate."""


def main() -> int:
    """Order one certificate under the settings of the server; return the exit status."""
    state = Path(os.environ["STATE_DIRECTORY"])
    (state / FAILURE).unlink(missing_ok=True)
    try:
        order(conf.read(), state)
    except TeamhubError as error:
        put(state / FAILURE, f"{error.problem}\n{error.remedy}\n".encode())
        print(f"teamhub: {error}", file=sys.stderr)
        return 1
    return 0


def order(values: Mapping[str, str], state: Path) -> None:
    """Have the authority sign a new key for the server's names, and leave both in `state`.

    Raises OrderFailed with what the authority says, or why it could not be asked; NoFullName.
    """
    directory, hosts = values["ACME_DIRECTORY"], names.acme_hosts(values)
    wait_for_proxy(values)
    folder = state / folder_name(directory)
    # uacme uses a key again that is there
    places = (folder / "private" / hosts[0], folder / hosts[0])
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    try:
        client = Client(folder, directory, values["ACME_EMAIL"])
        client.run("issue", *hosts)
    except OrderFailed as error:
        problem = f"no certificate for {' '.join(hosts)} from {directory}: {error.problem}"
        raise OrderFailed(problem, error.remedy) from error
    key, chain = places[0] / "key.pem", places[1] / "cert.pem"
    # in one file, so that nobody finds one of the two with another's counterpart
    put(state / file_name(directory), key.read_bytes() + chain.read_bytes())


def wait_for_proxy(values: Mapping[str, str]) -> None:
    """Return when the proxy listens where the authority looks: systemd calls it started before.

    Raises OrderFailed if it does not, of which the authority should know nothing.
    """
    place = (values["LISTEN_ADDRESS"] or "127.0.0.1", int(values["HTTP_PORT"]))
    end = time.monotonic() + PROXY_SECONDS
    while True:
        try:
            socket.create_connection(place, PROXY_SECONDS).close()
        except OSError as error:
            if time.monotonic() > end:
                problem = f"the proxy does not listen on port {place[1]}: {error.strerror}"
                raise OrderFailed(problem, "teamhub apply, then: teamhub tls renew") from error
            time.sleep(PAUSE)
        else:
            return


def put(path: Path, content: bytes) -> None:
    """Write a file of this account's own."""
    write_file(path, content, mode=0o600, uid=os.getuid(), gid=os.getgid())


def folder_name(directory: str) -> str:
    """Where uacme keeps its account at an authority: each address has a folder of its own."""
    digest = hashlib.sha256(directory.encode()).hexdigest()
    return f"{urlsplit(directory).hostname}-{digest[:8]}".replace(":", "-")


def file_name(directory: str) -> str:
    """The file with what that authority gave last: the key, then the certificate and its chain."""
    return f"{folder_name(directory)}.pem"


class Client:
    """uacme, for one account at one authority."""

    def __init__(self, folder: Path, directory: str, email: str) -> None:
        """Have the authority know the account and `email`, which may be empty."""
        self.folder = folder
        self.email = email
        self.command = [UACME, "--confdir", str(folder), "--acme-url", directory, "--type", "EC"]
        if not (folder / "private/key.pem").exists():
            self.create_account()
        elif self.known_email() != email:
            self.run("update", *filter(None, [email]))
            self.email_file.write_text(email)

    @property
    def email_file(self) -> Path:
        """What the authority was told; it stands beside the account's key."""
        return self.folder / "email"

    def known_email(self) -> str | None:
        """The address that the authority was told last; none if that is not known."""
        return self.email_file.read_text() if self.email_file.exists() else None

    def create_account(self) -> None:
        """Make the account, which accepts the authority's terms: so does CERTIFICATE=acme."""
        self.call("--yes", "new", *filter(None, [self.email]))
        self.email_file.write_text(self.email)

    def run(self, *arguments: str) -> None:
        """Have uacme do something with the account, which an authority may have forgotten."""
        try:
            self.call(*arguments)
        except OrderFailed as error:
            if NO_ACCOUNT not in error.problem:
                raise
            self.create_account()
            self.call(*arguments)

    def call(self, *arguments: str) -> None:
        """Run uacme once.  Raises OrderFailed."""
        try:
            done = subprocess.run(
                [*self.command, "--hook", HOOK, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise OrderFailed(f"nothing decided in {SECONDS:.0f} s", "wait for it") from error
        except OSError as error:
            raise OrderFailed(f"cannot run {UACME}: {error.strerror}", INSTALL) from error
        if done.returncode:
            # all of it, for the journal
            print(done.stderr, end="", file=sys.stderr, flush=True)
            raise failure(done.stderr)


INSTALL = "apt install uacme, then: teamhub tls renew"
REACH_SERVER = (
    "see that each name leads to this server in DNS and that the authority reaches its port 80, "
    "then: teamhub tls renew"
)
REACH_AUTHORITY = (
    "see that this server reaches that address, and trusts its certificate (that of an authority "
    "of your own: /usr/local/share/ca-certificates, update-ca-certificates), "
    "then: teamhub tls renew"
)


def failure(printed: str) -> OrderFailed:
    """Why uacme failed, out of what it printed: the authority's own words if there are any."""
    if said := authority_says(printed):
        return OrderFailed(said, REACH_SERVER)
    tries = re.findall(r"(?:GET|POST) (\S+) failed: (.+)", printed)
    if tries and re.search("curl_(get|post) failed", printed):
        return OrderFailed(": ".join(tries[-1]), REACH_AUTHORITY)
    lines = [line.removeprefix(f"{UACME}: ") for line in printed.splitlines() if line.strip()]
    return OrderFailed("; ".join(lines[-2:]) or f"{UACME} says nothing", REACH_AUTHORITY)


def authority_says(printed: str) -> str:
    """What the authority has against it, in one line; empty if it said nothing."""
    _, mark, after = printed.partition(SAID)
    if not mark:
        return ""
    try:
        problem, _ = json.JSONDecoder(strict=False).raw_decode(after)
    except ValueError:
        return " ".join(after.split())
    kind = str(problem.get("type", "")).rpartition(":")[2]
    detail = " ".join(str(problem.get("detail", "")).split())
    return f"{detail} ({kind})" if detail and kind else detail or kind
