"""What of src/ the package installs: the server's code, and what it shares with the build.

The rest of src/ runs on the build machine only.  The version is debian/changelog's.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
# next to src/ in the checkout, in the same folder as this file in the Debian source package
CHANGELOGS = [HERE / "debian/changelog", HERE.parent / "debian/changelog"]


def version() -> str:
    """The newest version in the changelog, without the suite's suffix."""
    changelog = next(path for path in CHANGELOGS if path.exists())
    match = re.match(r"\S+ \(([0-9.]+)", changelog.read_text("utf-8"))
    if match is None:
        raise SystemExit(f"{changelog} has no version")
    return match[1]


setup(
    name="teamhub",
    version=version(),
    description="A team's Jupyter server in one Debian package",
    long_description="The teamhub command and what the package's maintainer scripts call.",
    maintainer="teamhub maintainers",
    maintainer_email="teamhub@localhost",
    python_requires=">=3.11",
    packages=find_packages(include=["teamhub", "teamhub.*", "teamhub_shared", "teamhub_shared.*"]),
    package_data={"": ["*.j2"]},
)
