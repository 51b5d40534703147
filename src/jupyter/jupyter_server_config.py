# What people's servers load of teamhub's: notices in JupyterLab.  This is no place for settings:
# yours belong in /etc/teamhub/jupyter, which counts more.
import sys

# behind everything else: it holds teamhub_server alone
sys.path.append("/usr/lib/teamhub/server")

c = get_config()
for app in (c.LabApp, c.JupyterNotebookApp):
    app.extra_labextensions_path = ["/usr/share/teamhub/jupyter/labextensions"]
