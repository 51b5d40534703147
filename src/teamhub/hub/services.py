"""Which of the two services runs with something that has changed since, and restarting those alone.

The environment of a process has the settings that it was started with: the units read teamhub.conf
as an EnvironmentFile.
"""

from __future__ import annotations

import datetime
import http.client
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from teamhub.environment import checks
from teamhub.environment.store.generations import CURRENT
from teamhub.hub import tokens
from teamhub.people import accounts
from teamhub.system import units
from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError, sockets
from teamhub_shared.accounts import SERVICE_ACCOUNT
from teamhub_shared.settings import HUB, PROXY, SETTINGS, keys_read_by

#: The team's own configuration, in which a file that is gone is a change too.
SNIPPETS = Path("/etc/teamhub/jupyterhub_config.d")

#: Files and folders that the hub reads when it starts, in addition to its unit.
HUB_FILES = (
    Path("/etc/teamhub/jupyterhub_config.py"),
    SNIPPETS,
    Path("/usr/lib/teamhub/hub"),
    # the link to it in the folder above is not followed
    Path("/usr/lib/teamhub/teamhub_shared"),
    Path("/usr/share/teamhub/templates"),
    tokens.COOKIE_SECRET,
    CURRENT,
)

#: What the hub answers without a login, and without asking its database.
HEALTH = "/hub/health"
#: A unit that runs, or that systemd is about to start or to start again.
STARTED = ("active", "activating", "reloading")
#: A hub with a thousand people takes seconds to read them.
START_SECONDS = 60.0
LOOK_SECONDS = 0.2
#: The hub may lose one race for its port with the hub before.
ENDINGS = 3

#: In the proxy's unit: a digest of the programs that it runs, made by the build.
PROXY_DIGEST = "TEAMHUB_PROXY"
#: In the proxy's environment: the token that the hub has to show.
PROXY_SECRET = "CONFIGPROXY_AUTH_TOKEN"  # noqa: S105


class HubDoesNotStart(TeamhubError):
    """The hub was started, but does not answer."""


def restart_stale(values: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Restart the proxy or the hub if it runs with something old, and report why.

    Services that do not run are left alone (see `start_stopped`).  A proxy that restarts has
    forgotten its routes, so its unit takes the hub with it: one restart for both.
    """
    first = next(stale(values), None)
    if first:
        unit, reasons = first
        report(f"restarting {unit}, since this has changed: {', '.join(reasons)}")
        units.restart(unit)


def start_stopped(report: Callable[[str], None]) -> None:
    """Start the proxy and the hub if they do not run, and report it.

    One that the admin has disabled or masked stays as it is, and so does the hub if that is the
    proxy, which it needs.
    """
    if not units.systemd_runs():
        return
    for unit in (units.PROXY, units.HUB):
        if units.show(unit)["ActiveState"] in STARTED:
            continue
        state = units.is_enabled(unit)
        if state.startswith(("disabled", "masked")):
            unmask = f"systemctl unmask {unit}; " if state.startswith("masked") else ""
            report(
                f"{unit} does not run, since it is {state}; "
                f"to have it run: {unmask}systemctl enable --now {unit}"
            )
            return
        report(f"starting {unit}, which did not run")
        units.start(unit)
        if units.show(unit)["ActiveState"] not in STARTED:
            report(f"warning: {unit} still does not run; see: systemctl status {unit}")


def wait_for_hub(report: Callable[[str], None]) -> None:
    """Return when the hub answers; at once if it is not to run.

    Raises HubDoesNotStart for one that ends and is started again and again, or
    DamagedEnvironment if its own files are the reason.
    """
    if not units.systemd_runs():
        return
    end = time.monotonic() + START_SECONDS
    first = unit = units.show(units.HUB)
    while unit["ActiveState"] in STARTED and not responds(sockets.HUB):
        if int(unit["NRestarts"]) - int(first["NRestarts"]) > ENDINGS:
            checks.refuse_damage(CURRENT)
            raise HubDoesNotStart(
                "the hub ends as soon as it has started",
                f"see why with: journalctl --unit=teamhub, fix it, then: {retry_command()}",
            )
        if time.monotonic() > end:
            # it may listen elsewhere, by a snippet of the admin's
            report(f"warning: nothing answers at {sockets.HUB} after {START_SECONDS:.0f} s")
            return
        time.sleep(LOOK_SECONDS)
        unit = units.show(units.HUB)


def responds(path: Path) -> bool:
    """Whether a page is served at a Unix socket, whatever its status."""
    connection = http.client.HTTPConnection("hub")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(LOOK_SECONDS * 10)
        try:
            connection.sock.connect(str(path))
            connection.request("GET", HEALTH)
            connection.getresponse().close()
        except (OSError, http.client.HTTPException):
            return False
    return True


def hub_is_to_start(values: Mapping[str, str]) -> bool:
    """Whether a hub will read its configuration: one that is stale or does not run."""
    return not units.is_active(units.HUB) or any(stale(values))


def stale(values: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The services that run with something old, the proxy first, each with what is old."""
    for unit, reasons_of in ((units.PROXY, proxy_reasons), (units.HUB, hub_reasons)):
        if units.is_active(unit):
            reasons = reasons_of(values, units.show(unit))
            if reasons:
                yield unit, reasons


def proxy_reasons(values: Mapping[str, str], unit: Mapping[str, str]) -> list[str]:
    """Why a running proxy has to restart: what differs from a proxy that is started now."""
    environment = environment_of(unit)
    reasons = differing(keys_read_by(PROXY), environment, values)
    if f"{PROXY_DIGEST}={environment.get(PROXY_DIGEST)}" not in unit["Environment"].split():
        reasons.append("its own programs")
    token = environment.get(PROXY_SECRET)
    # a process that has not become node yet has none
    if token is not None and token.encode() != tokens.content(tokens.PROXY_TOKEN):
        reasons.append(str(tokens.PROXY_TOKEN))
    return reasons


def differing(
    keys: Iterable[str], environment: Mapping[str, str], values: Mapping[str, str]
) -> list[str]:
    """Those of `keys` in which a process's settings make another service than `values` would."""
    before = {s.key: environment.get(s.key, s.default) for s in SETTINGS}
    return [key for key in keys if effect(key, before) != effect(key, values)]


def effect(key: str, values: Mapping[str, str]) -> str:
    """A setting, as far as it matters to a running service.

    A new certificate needs no restart; without one, HTTPS_PORT is not used.
    """
    plain = values["CERTIFICATE"] == "none"
    if key == "CERTIFICATE":
        return "none" if plain else "some"
    return "" if key == "HTTPS_PORT" and plain else values[key]


def hub_reasons(values: Mapping[str, str], unit: Mapping[str, str]) -> list[str]:
    """Why a running hub has to restart: settings and files that are not what it has read."""
    reasons = differing(keys_read_by(HUB), environment_of(unit), values)
    if uid_of(unit["MainPID"]) != accounts.service_account().pw_uid:
        reasons.append(f"the uid of {SERVICE_ACCOUNT}")
    own_files = [Path(name) for name in (unit["FragmentPath"], *unit["DropInPaths"].split())]
    start = seconds(unit["ExecMainStartTimestamp"])
    return reasons + [str(path) for path in changed_since(start, [*HUB_FILES, *own_files])]


def environment_of(unit: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a unit's main process was started."""
    text = Path(f"/proc/{unit['MainPID']}/environ").read_text("utf-8", "replace")
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def uid_of(pid: str) -> int:
    """The uid of a process (proc(5)); /proc/PID itself may be root's."""
    (line,) = re.findall(r"^Uid:\t(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(line)


def seconds(timestamp: str) -> float:
    """Seconds since 1970 of a time as systemd shows it (us+utc)."""
    moment = datetime.datetime.strptime(timestamp.split(maxsplit=1)[1], "%Y-%m-%d %H:%M:%S.%f %Z")
    return moment.replace(tzinfo=datetime.UTC).timestamp()


def changed_since(start: float, paths: Iterable[Path]) -> list[Path]:
    """Those of `paths` that were put in place, moved or edited since; a folder with its files.

    By the inode's change time: dpkg and `cp -p` give a new file an old modification time.
    """
    return [path for path in paths if any(f.lstat().st_ctime > start for f in all_in(path))]


def all_in(path: Path) -> Iterator[Path]:
    """A file, or the files in a folder; bytecode comes and goes there at each reconfigure."""
    if path.is_dir() and not path.is_symlink():
        yield from (f for f in path.rglob("*") if f.is_file() and f.suffix != ".pyc")
    if path.is_file() or path.is_symlink() or (path == SNIPPETS and path.is_dir()):
        yield path
