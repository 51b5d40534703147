#!/usr/bin/python3
"""Builds teamhub's Debian package: `python3 build.py --help` says how.

Needs nothing but Debian's own python3; what else the build takes, it installs first.
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY / "src"))
    from teamhub_build.cli import main

    sys.exit(main(REPOSITORY, sys.argv[1:]))
