"""The peer that Debian has: its own packages `jupyterhub` and what it has of Jupyter and science.

Run as `python -m bench.debian_hub CACHE SUITE`, as root, while there is a network: CACHE then holds
an apt repository of what installing them takes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.memory import Running
from support import roots
from support.container import BootedServer
from support.installation import APT
from support.network import Mirror

#: Those of them that a suite has: Debian 12 has no JupyterLab, no Debian has bokeh.
WANTED = (
    "jupyterhub",
    "jupyterlab",
    "jupyter-notebook",
    "python3-ipywidgets",
    "python3-matplotlib",
    "python3-numpy",
    "python3-pandas",
    "python3-scipy",
    "python3-sklearn",
)
#: What measures requests.
TOOLS = ("wrk",)
RUNNING = Running(("jupyterhub",), "root")
#: Where its hub listens, by its own settings.
PORT = 8000


def mirror_name(suite: str) -> str:
    """The folder of the repository."""
    return f"{suite}-peers"


def use_mirror(server: BootedServer, suite: str) -> None:
    """Have a server's apt read it, in addition to what it reads."""
    source = Mirror.source(suite) + Mirror.source(mirror_name(suite))
    server.run("tee", "/etc/apt/sources.list", given=source)
    server.run(*APT, "update")


if __name__ == "__main__":
    made = roots.packages_mirror(
        sys.argv[2], [*WANTED, *TOOLS], mirror_name(sys.argv[2]), Path(sys.argv[1])
    )
    print(f"{made.name}: a mirror of {len(list(made.glob('*.deb')))} packages", flush=True)
