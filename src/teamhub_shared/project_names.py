"""Names of Python packages."""

from __future__ import annotations

import re


def canonical_name(name: str) -> str:
    """A Python package's name in the one form that all its spellings have (PEP 503).

    As packaging.utils.canonicalize_name has it, which Debian's Python does not bring.
    """
    return re.sub(r"[-_.]+", "-", name).lower()
