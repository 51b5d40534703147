"""The peer of a recipe: JupyterHub as root, with the spawner that starts servers itself.

It runs on the same server, from the same packages, next to ours, without TLS.
"""

from __future__ import annotations

from bench.memory import Running
from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation

UNIT = "plain-hub"
RUNNING = Running((UNIT,), "root")
PORT = 8000
FOLDER = "/srv/plain-hub"
HUB = "/opt/teamhub/current/hub/bin"
CONFIG = f"""\
c = get_config()
c.JupyterHub.bind_url = "http://:{PORT}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
c.JupyterHub.db_url = "sqlite:///{FOLDER}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{FOLDER}/cookie_secret"
c.ConfigurableHTTPProxy.command = ["{HUB}/configurable-http-proxy"]
c.ConfigurableHTTPProxy.pid_file = "{FOLDER}/proxy.pid"
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.cmd = ["/opt/teamhub/current/user/bin/jupyterhub-singleuser"]
c.Spawner.default_url = "/lab"
"""


def start(server: BootedServer) -> None:
    """Run it as a unit of its own, so that systemd knows its processes; unless it runs."""
    if server.run("systemctl", "is-active", UNIT, check=False).returncode == 0:
        return
    server.run("mkdir", "--mode=700", FOLDER)
    server.run("tee", f"{FOLDER}/config.py", given=CONFIG)
    server.run(
        "systemd-run", f"--unit={UNIT}", f"--working-directory={FOLDER}",
        f"--setenv=PATH={HUB}:/usr/bin:/bin", "--property=KillMode=process",
        f"{HUB}/jupyterhub", "-f", f"{FOLDER}/config.py",
    )  # fmt: skip


def url(installation: Installation) -> str:
    """Where people reach it."""
    return f"http://{installation.target.host.domain_name}:{PORT}"


def wait(installation: Installation) -> None:
    """Wait until it shows its login page."""
    somebody = HubClient(url(installation), installation.ca, "nobody")

    def serves() -> bool:
        try:
            return somebody.get("/hub/login").status_code == 200
        except OSError:
            return False

    wait_for("login page of the plain hub", serves, 60)
