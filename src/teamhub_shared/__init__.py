"""What the build and the server both have to know, and nothing else.

This package is carried by both sides: `teamhub_build` imports it on the build
machine, and the package installs it next to `teamhub`.  The hub imports it too, on
the environment's Python (3.10 or newer).  It needs only the standard library; its
`conda`, which the hub does not import, needs py-rattler, which the other two have.
"""

from __future__ import annotations

from pathlib import Path

#: The conda environments of one generation: what runs the hub, and what people compute with.
ENVIRONMENTS = ("hub", "user")

#: Where the package puts the channel that it carries.
CHANNEL_DIR = Path("/usr/share/teamhub/channel")

#: The package's bill of materials (SBOM), in CycloneDX's form.
BILL = Path("/usr/share/teamhub/teamhub.cdx.json")

#: The lock that names every conda package of both environments, in rattler's lock format.
LOCK_NAME = "teamhub.lock"

#: The specs that were asked for, by environment: a JSON object of lists.  conda keeps them in each
#: prefix's history, and prunes what no spec asks for when they are missing.
SPECS_NAME = "specs.json"


class TeamhubError(Exception):
    """Something failed in a way that its reader can put right.

    `remedy` says what to type or change next; every subclass keeps it to one sentence.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)  # both, or the error could not cross a process
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  What to do: {self.remedy}"
