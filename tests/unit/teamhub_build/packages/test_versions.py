"""A conda version spec accepts what PEP 440's specifiers accept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rattler import Version as CondaVersion
from rattler import VersionSpec

from teamhub_build.packages.versions import conda_spec, conda_version_spec

numbers = st.integers(min_value=0, max_value=3)
releases = st.lists(numbers, min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
suffixes = st.sampled_from(["", "a1", "b2", "rc1", ".post1", ".dev3"])
epochs = st.sampled_from(["", "", "1!"])
finals = st.tuples(epochs, releases).map("".join)
versions = st.tuples(epochs, releases, suffixes).map("".join)


@st.composite
def clauses(draw: st.DrawFn) -> str:
    """One specifier; `~=` needs two numbers, and wildcards go with == and != only."""
    operator = draw(st.sampled_from([">=", "<=", ">", "<", "==", "!=", "~=", "==*", "!=*"]))
    if operator == "~=":
        return f"~={draw(finals)}.{draw(numbers)}"
    if operator.endswith("*"):
        return f"{operator[:2]}{draw(finals)}.*"
    return operator + draw(finals)


specifier_sets = st.lists(clauses(), max_size=3).map(lambda parts: SpecifierSet(",".join(parts)))


def conda_accepts(specifiers: SpecifierSet, version: str) -> bool:
    spec = VersionSpec(conda_version_spec(specifiers) or "*")
    return spec.matches(CondaVersion(str(Version(version))))


@given(specifier_sets, finals)
def test_a_final_release_is_accepted_by_both_or_by_neither(
    specifiers: SpecifierSet, version: str
) -> None:
    assert conda_accepts(specifiers, version) == specifiers.contains(version)


@given(specifier_sets, versions)
def test_conda_is_never_stricter(specifiers: SpecifierSet, version: str) -> None:
    if specifiers.contains(version, prereleases=True):
        assert conda_accepts(specifiers, version)


@pytest.mark.parametrize("version", ["2.0a1", "2.0rc1", "2.0.dev1", "2.0.0b3"])
def test_under_two_keeps_out_the_prereleases_of_two(version: str) -> None:
    assert not conda_accepts(SpecifierSet("<2.0"), version)
    assert conda_accepts(SpecifierSet("<2.0"), "1.99")


def test_a_spec_without_versions_is_the_bare_name() -> None:
    assert conda_spec("numpy", SpecifierSet("")) == "numpy"


def test_a_spec_is_the_same_in_whatever_order_it_was_written() -> None:
    one, other = SpecifierSet("<3,>=1.26"), SpecifierSet(">=1.26,<3")
    assert conda_spec("numpy", one) == conda_spec("numpy", other) == "numpy <3a0,>=1.26"
