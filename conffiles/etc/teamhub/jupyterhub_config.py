# JupyterHub's configuration for teamhub.
#
# Settings that most teams change are in /etc/teamhub/teamhub.conf.  For anything else put a file
# NAME.py into /etc/teamhub/jupyterhub_config.d/: those are read last, in the order of their names,
# and an upgrade never asks about them.  If you change this file, it asks about this one.
import os
from pathlib import Path

from teamhub_hub import services
from teamhub_hub import settings as teamhub
from teamhub_shared import sockets

c = get_config()
# teamhub.conf, as systemd gave it to the hub
settings = teamhub.read(os.environ)

# --- The proxy is a unit of its own: the hub restarts without one browser noticing.
c.JupyterHub.bind_url = teamhub.public_url(settings)
# Unix sockets, not ports: no person's program can take the place of the hub, the proxy or a server.
c.JupyterHub.hub_bind_url = sockets.url(sockets.HUB)
c.JupyterHub.hub_connect_url = sockets.url(sockets.HUB)
c.JupyterHub.hub_socket_mode = 0o666
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = sockets.url(sockets.PROXY_API)
c.ConfigurableHTTPProxy.auth_token = Path(
    os.environ["CREDENTIALS_DIRECTORY"], "proxy-token"
).read_text("ascii")
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.cleanup_servers = False

# The proxy speaks plain HTTP to the hub, so the hub would not mark its cookies as Secure.
c.JupyterHub.tornado_settings = {
    "cookie_options": {"secure": True},
    "xsrf_cookie_kwargs": {"secure": True},
}

# A code that somebody has seen is of no use without what the browser began with (RFC 7636).
c.JupyterHub.oauth_require_pkce = True

# --- State
c.JupyterHub.db_url = "sqlite:////var/lib/teamhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/var/lib/teamhub/cookie_secret"
c.JupyterHub.template_paths = ["/usr/share/teamhub/templates"]

# --- Members of group jupyterhub may log in; members of jupyterhub-admin administer.  The groups
# are asked at each request (0 would mean never), so that anyone who leaves them is out at once.
c.JupyterHub.authenticator_class = "teamhub_hub.authenticator.TeamAuthenticator"
c.Authenticator.auth_refresh_age = -1
c.Authenticator.auth_refresh_strict = True  # also for API tokens
c.Authenticator.refresh_pre_spawn = True
c.Authenticator.allow_existing_users = False
c.Authenticator.blocked_users = {"root", "rhea"}
c.LocalAuthenticator.allowed_groups = {"jupyterhub"}
c.PAMAuthenticator.service = "teamhub"
c.PAMAuthenticator.open_sessions = False  # sudo opens the session, as the person (teamhub-spawn)

# --- People's servers
c.JupyterHub.spawner_class = "teamhub_hub.spawner.TeamSpawner"
c.SudoSpawner.sudospawner_path = "/usr/lib/teamhub/sudospawner"
c.Spawner.notebook_dir = "~/notebooks"
c.Spawner.default_url = {"lab": "/lab", "notebook": "/tree"}[settings["INTERFACE"]]
# some servers start at a time, and the others wait their turn: when a class begins, for minutes
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 60
# shown to people's servers; systemd enforces them
for limit, value in teamhub.shown_limits(settings).items():
    setattr(c.Spawner, limit, value)
c.Spawner.environment = {
    # the admin's, and behind it what loads teamhub's notices in JupyterLab
    "JUPYTER_CONFIG_PATH": "/etc/teamhub/jupyter:/usr/share/teamhub/jupyter",
    # plots carry bokeh's own scripts, so that browsers do not need to reach any other server
    "BOKEH_RESOURCES": "inline",
}

# --- Services and roles of the team's own, which a snippet may assign or append to
c.JupyterHub.services = []
c.JupyterHub.load_roles = []

for snippet in sorted(Path("/etc/teamhub/jupyterhub_config.d").glob("*.py")):
    load_subconfig(str(snippet))

# --- Servers that nobody uses: after the snippets, so that none drops this service by its own
services.add_ours(c, settings)
