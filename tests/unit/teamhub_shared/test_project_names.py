"""One form of a Python package's name, for the build before its tools are there, and the server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from teamhub_shared.project_names import canonical_name


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", fullmatch=True))
def test_it_is_what_pythons_own_tools_take_for_it(name: str) -> None:
    assert canonical_name(name) == canonicalize_name(name)
