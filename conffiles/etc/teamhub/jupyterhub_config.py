# JupyterHub's configuration for teamhub.
#
# Settings that most teams change are in /etc/teamhub/teamhub.conf.  For anything else put a file
# NAME.py into /etc/teamhub/jupyterhub_config.d/: those are read last, in the order of their names,
# and an upgrade never asks about them, as it does once this file here was changed.
import os
import shlex
import sys
from pathlib import Path

c = get_config()

settings = dict(
    word.split("=", 1)
    for word in shlex.split(Path("/etc/teamhub/teamhub.conf").read_text("utf-8"), comments=True)
)

# --- The proxy is a unit of its own: the hub restarts without one browser noticing.
c.JupyterHub.bind_url = f"https://:{settings['HTTPS_PORT']}/"
# Ports under 1024: while the hub or the proxy restarts, no person's program can take their place.
c.JupyterHub.hub_bind_url = "http://127.0.0.1:808"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:801"
c.ConfigurableHTTPProxy.auth_token = Path(
    os.environ["CREDENTIALS_DIRECTORY"], "proxy-token"
).read_text("ascii")
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.cleanup_servers = False

# The hub itself is spoken to over plain HTTP by the proxy, and would not say Secure by itself.
c.JupyterHub.tornado_settings = {
    "cookie_options": {"secure": True},
    "xsrf_cookie_kwargs": {"secure": True},
}

# --- State
c.JupyterHub.db_url = "sqlite:////var/lib/teamhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/var/lib/teamhub/cookie_secret"
c.JupyterHub.template_paths = ["/usr/share/teamhub/templates"]

# --- Who may log in: members of two Unix groups, asked anew at each login.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.service = "teamhub"
c.PAMAuthenticator.open_sessions = False  # sudo opens the session, as the person (teamhub-spawn)
c.PAMAuthenticator.admin_groups = {"jupyterhub-admin"}
c.LocalAuthenticator.allowed_groups = {"jupyterhub"}
c.LocalAuthenticator.create_system_users = False
c.Authenticator.allow_existing_users = False
c.Authenticator.blocked_users = {"root", "rhea"}

# --- People's servers
c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"
c.SudoSpawner.sudospawner_path = "/usr/lib/teamhub/sudospawner"
c.Spawner.notebook_dir = "~/notebooks"
c.Spawner.default_url = {"lab": "/lab", "notebook": "/tree"}[settings["INTERFACE"]]
c.Spawner.http_timeout = 60
c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": "/etc/teamhub/jupyter",
    # plots carry bokeh's own scripts: browsers of the team need not reach any other server
    "BOKEH_RESOURCES": "inline",
}

# --- Servers that nobody uses
if int(settings["IDLE_HOURS"]) > 0:
    c.JupyterHub.load_roles = [
        {
            "name": "idle-culler",
            "services": ["idle-culler"],
            "scopes": [
                "list:users",
                "read:users:activity",
                "read:servers",
                "delete:servers",
            ],
        }
    ]
    culler = shlex.join(
        [
            sys.executable,
            "-m",
            "jupyterhub_idle_culler",
            f"--timeout={int(settings['IDLE_HOURS']) * 3600}",
            "--cull-every=600",
        ]
    )
    # Servers tell the hub of their work every five minutes.  After an outage of the hub the first
    # look has to come later than that, or it stops people who were busy all along.
    c.JupyterHub.services = [
        {"name": "idle-culler", "command": ["sh", "-c", f"sleep 660; exec {culler}"]}
    ]

for snippet in sorted(Path("/etc/teamhub/jupyterhub_config.d").glob("*.py")):
    load_subconfig(str(snippet))
