"""Two years pass: certificates are renewed, copies and generations made and removed; it adds up.

The clock of the machine stays as it is: libfaketime gives the units of the timers another one.
"""

from __future__ import annotations

import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from support.clock import fake_clock
from support.container import BootedServer, wait_for
from support.environment import TeamChannel, env, generations
from support.trials import Count
from teamhub.environment.store.prune import KEPT

SECTION = "Two years"
RENEWAL = "teamhub-certificates.service"
COPY = "teamhub-database.service"
TLS = "etc/teamhub/tls"
NIGHTLY = "var/lib/teamhub/nightly"
NIGHTS = 7
#: What the history of generations and the search for packages keep of each change.
MORE_KB = 20
#: systemd's three, what the copy says, and what the unit took.
LINES_OF_A_NIGHT = 6
CLOCK = "/run/simulated-clock"
#: MemoryDenyWriteExecute and the other confinements stay: the library needs none of them lifted.
DROP_IN = f"""\
[Unit]
StartLimitIntervalSec=0

[Service]
EnvironmentFile={CLOCK}
"""


@pytest.fixture(scope="module")
def days(pytestconfig: pytest.Config) -> range:
    """The days that pass, counted from the installation; in a part, those with a renewal."""
    return range(1, 731) if pytestconfig.getoption("--soak") else range(310, 370)


@pytest.fixture(scope="module")
def set_clock(server: BootedServer) -> Iterator[Callable[[int], datetime]]:
    """Sets the clock that the units have to so many days after today; that time."""
    library = fake_clock(server)
    for unit in (RENEWAL, COPY):
        server.run("mkdir", "-p", f"/etc/systemd/system/{unit}.d")
        server.run("tee", f"/etc/systemd/system/{unit}.d/clock.conf", given=DROP_IN)
    server.run("systemctl", "daemon-reload")
    begin = datetime.now(UTC)

    def set_to(day: int) -> datetime:
        now = begin + timedelta(days=day)
        lines = [f"LD_PRELOAD={library}", f'FAKETIME="@{now:%Y-%m-%d %H:%M:%S}"', "TZ=UTC"]
        server.run("tee", CLOCK, given="\n".join([*lines, ""]))
        return now

    yield set_to
    for unit in (RENEWAL, COPY):
        server.run("rm", "-r", f"/etc/systemd/system/{unit}.d")
    server.run("systemctl", "daemon-reload")


def verify(authority: Path, certificate: Path, now: datetime) -> None:
    """Raises CalledProcessError where a browser with this import refuses a certificate then."""
    moment = ["-attime", str(int(now.timestamp()))]
    files = ["-CAfile", str(authority), str(certificate)]
    subprocess.run(["openssl", "verify", *moment, *files], check=True, capture_output=True)


def test_the_certificate_is_valid_on_each_day_and_the_import_stays(
    server: BootedServer,
    set_clock: Callable[[int], datetime],
    days: range,
    trial: Count,
    figure: Callable[[str], None],
) -> None:
    authority, certificate = (server.root / TLS / name for name in ("ca.crt", "server.crt"))
    imported = server.log.parent / "imported.crt"
    imported.write_bytes(authority.read_bytes())
    shown = {certificate.read_text("utf-8")}
    with trial(f"{len(days)} days of the server's certificate", "valid on each, by one import"):
        for day in days:
            now = set_clock(day)
            verify(imported, certificate, now)
            server.run("systemctl", "start", RENEWAL)
            verify(imported, certificate, now)
            text = certificate.read_text("utf-8")
            if text not in shown:
                shown.add(text)
                wait_for("the new one at the proxy", partial(is_shown, server, text), 30)
        assert authority.read_bytes() == imported.read_bytes()
        figure(f"the certificate was renewed {len(shown) - 1} times in {len(days)} days")
        assert len(shown) - 1 == (2 if len(days) > 337 else 1)


def is_shown(server: BootedServer, chain: str) -> bool:
    """Whether a new connection is shown the certificate that a chain begins with."""
    got = ssl.get_server_certificate((server.host.address, 443), timeout=10)
    return got.strip() in chain


def test_a_week_of_sound_copies_is_kept_and_no_more(
    server: BootedServer,
    set_clock: Callable[[int], datetime],
    days: range,
    trial: Count,
    figure: Callable[[str], None],
) -> None:
    folder = server.root / NIGHTLY
    begun = time.monotonic()
    sizes = []
    with trial(f"{len(days)} nightly copies of the database", "the newest seven stay, all sound"):
        for number, day in enumerate(days, start=1):
            now = set_clock(day)
            server.run("systemctl", "start", COPY)
            copies = sorted(folder.iterdir())
            assert len(copies) == min(number, NIGHTS)
            assert copies[-1].name.startswith(f"{now:%Y%m%d}T")
            assert is_sound(copies[-1])
            sizes.append(sum(path.stat().st_size for path in copies))
        assert sizes[-1] <= 2 * sizes[min(30, len(sizes)) - 1]
        said = server.output("journalctl", f"--unit={COPY}", "--output=cat").splitlines()
        assert len(said) <= LINES_OF_A_NIGHT * len(days)
        beside = {path.name for path in (server.root / "var/lib/teamhub").iterdir()}
        assert not [name for name in beside if "damaged" in name or name.endswith(".new")]
    figure(f"{len(days)} copies: {time.monotonic() - begun:.0f} s")


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
        return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))


def test_changes_of_the_environment_do_not_fill_the_disk(
    server: BootedServer, channel: TeamChannel, days: range, trial: Count
) -> None:
    weeks = len(days) // 14
    taken = []
    with trial(f"{weeks} packages for the team, one after the other, each taken away again",
               "three generations stay, and the hub's, on as much disk as before"):  # fmt: skip
        for week in range(weeks):
            channel.add_python("monthly", f"{week}.0")
            env(server, "add", f"monthly={week}", "--channel", channel.url)
            env(server, "remove", "monthly")
            # and the one that the hub runs with
            assert len(generations(server)) <= KEPT + 1
            shown = server.output("du", "--summarize", "--block-size=1K", "/opt/teamhub")
            taken.append(int(shown.split()[0]))
        assert taken[-1] <= taken[1] + MORE_KB * weeks
