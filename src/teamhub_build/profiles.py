"""What a team gets: the conda specs of the hub's environment and of the people's."""

from __future__ import annotations

from teamhub_build.suites import Suite

HUB = ("jupyterhub", "sudospawner", "configurable-http-proxy", "jupyterhub-idle-culler")

MINIMAL = ("jupyterhub", "jupyterlab", "notebook", "ipykernel", "pip")

SCIENTIFIC = (
    *MINIMAL,
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "scikit-learn",
    "bokeh",
    "jupyter_bokeh",
    "ipywidgets",
)

PROFILES = {"minimal": MINIMAL, "scientific": SCIENTIFIC}
DEFAULT_PROFILE = "scientific"


def requested_specs(profile: str, suite: Suite) -> dict[str, list[str]]:
    """The conda specs asked for, by environment (the keys are `teamhub_shared.ENVIRONMENTS`)."""
    python = f"python {suite.python}.*"
    return {"hub": [python, *HUB], "user": [python, *PROFILES[profile]]}
