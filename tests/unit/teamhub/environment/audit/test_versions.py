"""Each ecosystem's versions have its own order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.audit import versions
from teamhub.environment.audit.versions import COMPARE, DEBIAN, NPM, PYPI, NotAVersion

#: The oldest first; the order is that of the ecosystem's own specification.
ORDERED = {
    PYPI: ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.2", "1.10", "1!0.1"],
    # the example of Semantic Versioning, section 11
    NPM: ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
          "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0"],
    DEBIAN: ["1.0~rc1-1", "1.0-1", "1.0-1+deb12u1", "1.0-2", "1.10-1", "1:0.1-1"],
}  # fmt: skip


@pytest.mark.parametrize("ecosystem", ORDERED)
def test_the_order_is_the_ecosystems_own(ecosystem: str) -> None:
    for one, other in itertools.combinations(ORDERED[ecosystem], 2):
        assert versions.compare(ecosystem, one, other) < 0
        assert versions.compare(ecosystem, other, one) > 0


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [(PYPI, "1.0", "1.0.0"), (PYPI, "1.0-alpha.1", "1.0a1"), (NPM, "1.0.0+x", "1.0.0+y"),
     (DEBIAN, "1.0-1", "0:1.0-1")],
)  # fmt: skip
def test_two_spellings_of_one_version_are_the_same(ecosystem: str, one: str, other: str) -> None:
    assert versions.compare(ecosystem, one, other) == 0


@pytest.mark.parametrize(
    ("ecosystem", "word"),
    [(PYPI, "latest"), (PYPI, ""), (NPM, "1.0"), (NPM, "1.0.0-"), (NPM, "\u0661.0.0"),
     (DEBIAN, "--help"), (DEBIAN, "1.0\0"), (DEBIAN, "x1"),
     *((ecosystem, "1" * 257) for ecosystem in COMPARE)],
)  # fmt: skip
def test_what_is_no_version_has_no_place(ecosystem: str, word: str) -> None:
    for pair in ((word, "1.0.0"), ("1.0.0", word)):
        with pytest.raises(NotAVersion):
            versions.compare(ecosystem, *pair)


@given(ecosystem=st.sampled_from([PYPI, NPM]), one=st.text(), other=st.text())
def test_any_text_is_a_version_or_is_refused(ecosystem: str, one: str, other: str) -> None:
    try:
        there, back = (versions.compare(ecosystem, *pair) for pair in ((one, other), (other, one)))
    except NotAVersion:
        return
    assert there == -back
