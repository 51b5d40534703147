"""conda-forge's names for PyPI's projects."""

from __future__ import annotations

from packaging.utils import canonicalize_name

#: Only the names that differ, among the wheels that `locks/` pins (keys in PyPI's canonical form).
#: Source: the feedstocks of conda-forge.
CONDA_FORGE_NAMES = {
    "fastjsonschema": "python-fastjsonschema",
    "ipython-pygments-lexers": "ipython_pygments_lexers",
    "jupyter-bokeh": "jupyter_bokeh",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "jupyter-events": "jupyter_events",
    "jupyter-server": "jupyter_server",
    "jupyter-server-terminals": "jupyter_server_terminals",
    "jupyterlab-pygments": "jupyterlab_pygments",
    "jupyterlab-server": "jupyterlab_server",
    "jupyterlab-widgets": "jupyterlab_widgets",
    "prometheus-client": "prometheus_client",
    "pure-eval": "pure_eval",
    "stack-data": "stack_data",
    "typing-extensions": "typing_extensions",
    "tzdata": "python-tzdata",
    "uri-template": "uri_template",
}


def conda_name(project: str) -> str:
    """conda-forge's name of a PyPI project, however the project's name is spelt."""
    name = canonicalize_name(project)
    return CONDA_FORGE_NAMES.get(name, name)
