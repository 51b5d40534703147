"""The tries to get a certificate by ACME: when one begins, and when it is begun again.

Authorities count: Let's Encrypt takes five failed tries an hour for one name, and asks for longer
and longer pauses.  So a row of failures is as long again before the next try, an hour at least and
a day at most; a command of the admin's (`teamhub tls renew`) does not wait.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509

from teamhub.system import units
from teamhub.system.run import run, write_file
from teamhub.tls import acme, authority, key_pair, names
from teamhub_shared import TeamhubError

#: Each start of it is one try; it waits for the proxy, and is not started without.
UNIT = "teamhub-acme.service"
#: Has systemd look each hour whether a try is due.
TIMER = "teamhub-acme.timer"
#: Somewhat less than the timer's hour.
SHORTEST = 50 * 60.0
LONGEST = 24 * 3600.0
#: A row of failures ends with a pause that is longer than any between two of them.
ROW_ENDS = 2 * LONGEST


class NoProxy(TeamhubError):
    """Nothing listens at the port at which the authority looks."""


@dataclass(frozen=True)
class Row:
    """Tries of one order of which nothing has come yet; times in seconds since 1970."""

    order: str
    first: float
    last: float

    @property
    def next_try(self) -> float:
        """When the next one may begin."""
        return self.last + min(max(self.last - self.first, SHORTEST), LONGEST)


def order_of(values: Mapping[str, str]) -> str:
    """What tells one order from another: a new name or authority is tried at once."""
    return " ".join([values["ACME_DIRECTORY"], *names.acme_hosts(values)])


def record() -> Path:
    """Where the row is kept."""
    return authority.LEAF.key_path.with_name("acme-tries.json")


def row(values: Mapping[str, str]) -> Row | None:
    """The tries of this order; none if there was none lately."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        found = Row(**json.loads(record().read_text("utf-8")))
        if found.order == order_of(values) and 0 <= time.time() - found.last < ROW_ENDS:
            return found
    return None


def note(values: Mapping[str, str]) -> None:
    """Write down that a try begins."""
    now = time.time()
    before = row(values)
    noted = Row(order_of(values), before.first if before else now, now)
    write_file(record(), json.dumps(asdict(noted)).encode(), mode=0o600)


def end_row(values: Mapping[str, str]) -> None:
    """Forget the tries if they have come to what they were for."""
    if not acme.is_due(acme.given(values), values):
        record().unlink(missing_ok=True)


def may_begin(values: Mapping[str, str]) -> bool:
    """Whether a certificate is due, and the last try long enough ago."""
    if values["CERTIFICATE"] != "acme" or not units.systemd_runs():
        return False
    if not acme.is_due(acme.given(values), values):
        return False
    before = row(values)
    return before is None or time.time() >= before.next_try


def begin(values: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Begin a try if it is time for one, and do not wait for it."""
    if not may_begin(values):
        return
    note(values)
    try:
        run(["systemctl", "--no-block", "start", UNIT], remedy=f"systemctl status {UNIT}")
    except TeamhubError as error:
        report(f"warning: no certificate is being fetched: {error.problem}; {error.remedy}")
    else:
        report(f"{words_on_order(values)}; what becomes of it: teamhub tls show")


def words_on_order(values: Mapping[str, str]) -> str:
    """What is being done."""
    hosts = " ".join(names.acme_hosts(values))
    return f"fetching a certificate for {hosts} from {values['ACME_DIRECTORY']}"


def fetch(
    values: Mapping[str, str], report: Callable[[str], None], *, seconds: float | None = None
) -> bool:
    """Try now, and wait; whether it came to an end within `seconds`.

    Raises FetchFailed with the authority's reason, NoProxy, or what `acme.check` raises.
    """
    acme.check(values)
    if not units.is_active(units.PROXY):
        raise NoProxy(
            f"{units.PROXY} does not run, at whose port 80 the authority looks", "teamhub apply"
        )
    note(values)
    report(words_on_order(values))
    try:
        done = subprocess.run(
            ["systemctl", "start", UNIT], capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode:
        raise acme.last_failure() or acme.FetchFailed(
            f"{UNIT} has failed", f"journalctl --unit={UNIT}, then: teamhub tls renew"
        )
    return True


def fault(values: Mapping[str, str], kept: x509.Certificate) -> str:
    """Why the proxy has `kept` in place of a certificate that the authority gives; empty if not."""
    found = acme.given(values)
    if not acme.is_due(found, values):
        is_taken_up = found is not None and found.certificate == kept
        return "" if is_taken_up else "the authority has given another; teamhub apply takes it up"
    failure = acme.last_failure()
    words = [
        "it has expired" if key_pair.end_of(kept) < key_pair.now() else "",
        failure.problem if failure else f"another is to come from {values['ACME_DIRECTORY']}",
        words_on_next(values),
        failure.remedy if failure else "",
    ]
    return "; ".join(filter(None, words))


def words_on_next(values: Mapping[str, str]) -> str:
    """When the next try may begin."""
    found = row(values)
    if found is None or found.next_try <= time.time():
        return "tried again within an hour"
    return f"tried again after {time.strftime('%Y-%m-%d %H:%M', time.gmtime(found.next_try))} UTC"


def keep_timer(values: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Have systemd look each hour with CERTIFICATE=acme, and not otherwise."""
    if not units.systemd_runs():
        return
    wanted = values["CERTIFICATE"] == "acme"
    if wanted != units.is_active(TIMER):
        try:
            run(
                ["systemctl", "start" if wanted else "stop", TIMER],
                remedy=f"look at `systemctl status {TIMER}`",
            )
        except TeamhubError as error:
            report(f"warning: a certificate is looked at once a day alone: {error.problem}")
