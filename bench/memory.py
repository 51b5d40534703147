"""What processes of a server take, what they share counted once (PSS)."""

from __future__ import annotations

from dataclasses import dataclass

from support.container import BootedServer

#: The sum over the processes that are given, in kB.
PSS = "cat $(printf '/proc/%s/smaps_rollup ' $(cat)) | awk '/^Pss:/ {sum += $2} END {print sum}'"


@dataclass(frozen=True)
class Running:
    """Where a hub's own processes are: in these units of systemd's, by these accounts, by commas.

    A hub that starts people's servers by itself has them in its unit, too.
    """

    units: tuple[str, ...]
    accounts: str

    def memory(self, server: BootedServer) -> float:
        """The MB that they take."""
        groups = " ".join(
            f"/sys/fs/cgroup/*/system.slice/{unit}.service/cgroup.procs" for unit in self.units
        )
        listed = server.output("sh", "-c", f"cat {groups} 2>/dev/null | sort -u")
        mine = set(server.output("pgrep", "--uid", self.accounts).split())
        return pss(server, sorted(set(listed.split()) & mine))


TEAMHUB = Running(("teamhub", "teamhub-proxy"), "root,rhea")


def of_person(server: BootedServer, person: str) -> float:
    """The MB of somebody's processes."""
    return pss(server, server.output("pgrep", "--uid", person).split())


def pss(server: BootedServer, pids: list[str]) -> float:
    """The MB of processes."""
    return int(server.run("sh", "-c", PSS, given=" ".join(pids)).stdout) / 1000
