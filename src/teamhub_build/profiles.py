"""What a team gets: the conda specs of the hub's environment and of the people's."""

from __future__ import annotations

from teamhub_build.variant import Variant

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


#: What people have where Python is a channel's own: the conda command, which could do nothing for
#: them over Debian's.
CONDA = "conda"


def requested_specs(variant: Variant) -> dict[str, list[str]]:
    """The conda specs asked for, by environment (the keys are `teamhub_shared.ENVIRONMENTS`)."""
    people = PROFILES[variant.profile]
    if variant.is_embedded:
        python = f"python {variant.suite.python}.*"
        return {"hub": [python, *HUB], "user": [python, *people]}
    python = f"python >={variant.suite.python}"
    return {"hub": [python, *HUB], "user": [python, CONDA, *people]}
