"""What an advisory in OSV's form says of a version."""

from __future__ import annotations

from typing import Any

import pytest

from teamhub.environment.audit.advisories import Advisory, NotOSV, parse
from teamhub.environment.audit.versions import NotAVersion


def osv(
    *ranges: list[dict[str, str]],
    name: str = "thing",
    ecosystem: str = "PyPI",
    versions: tuple[str, ...] = (),
    kind: str = "ECOSYSTEM",
    **more: object,
) -> dict[str, Any]:
    """An advisory of one package, with a range for each list of events."""
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "versions": list(versions),
        "ranges": [{"type": kind, "events": events} for events in ranges],
    }
    return {"id": "OSV-1", "affected": [affected], **more}


def parsed(raw: object) -> Advisory:
    found = parse(raw, lambda _, __: True)
    assert found is not None
    return found


def affects(raw: object, version: str) -> bool:
    (affected,) = parsed(raw).affected
    return affected.contains(version)


def introduced(first: str, **end: str) -> list[dict[str, str]]:
    """The events of a range."""
    return [{"introduced": first}, *({event: version} for event, version in end.items())]


@pytest.mark.parametrize(
    ("ranges", "inside", "outside"),
    [
        ([introduced("0", fixed="1.2")], ["0.0.1.dev1", "1.1.9", "1.2rc1"], ["1.2", "1.10"]),
        ([introduced("1.0", fixed="1.2")], ["1.0", "1.1"], ["0.9", "1.0rc1", "1.2"]),
        ([introduced("1.0", last_affected="1.2")], ["1.0", "1.2"], ["0.9", "1.2.1"]),
        ([introduced("1.0")], ["1.0", "99"], ["0.9"]),
        ([introduced("0", fixed="1.2"), introduced("2.0", fixed="2.1")],
         ["1.1", "2.0"], ["1.2", "1.9", "2.1"]),
        # one range with two parts, written in no order
        ([[{"fixed": "2.1"}, {"introduced": "0"}, {"introduced": "2.0"}, {"fixed": "1.2"}]],
         ["1.1", "2.0.5"], ["1.2", "1.9", "2.1"]),
        ([introduced("0", limit="1.2")], ["1.1"], ["1.2"]),
        ([introduced("0", limit="*")], ["1.1", "99"], []),
        ([], [], ["1.0"]),
    ],
)  # fmt: skip
def test_the_events_of_a_range_say_which_versions(
    ranges: list[list[dict[str, str]]], inside: list[str], outside: list[str]
) -> None:
    raw = osv(*ranges)
    assert [version for version in inside if not affects(raw, version)] == []
    assert [version for version in outside if affects(raw, version)] == []


def test_a_version_that_is_listed_is_affected_in_any_spelling() -> None:
    raw = osv(versions=("1.0", "2.0.0", "odd one"))
    assert affects(raw, "1.0.0")
    assert affects(raw, "2.0")
    assert affects(raw, "odd one")
    assert not affects(raw, "1.1")
    assert not affects(raw, "another odd one")


def test_npm_and_debian_have_their_own_order() -> None:
    npm = osv(introduced("1.0.0-beta.2", fixed="1.0.0"), ecosystem="npm", kind="SEMVER")
    assert affects(npm, "1.0.0-beta.11")
    assert not affects(npm, "1.0.0")
    debian = osv(introduced("0", fixed="18.20.4+dfsg-1~deb12u2"), ecosystem="Debian:12")
    assert affects(debian, "18.20.4+dfsg-1~deb12u1")
    assert not affects(debian, "18.20.4+dfsg-1")
    assert parsed(debian).affected[0].release == "12"


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(NotAVersion):
        affects(osv(introduced("0", fixed="next week")), "1.0")
    with pytest.raises(NotAVersion):
        affects(osv(introduced("0", fixed="1.0")), "odd one")


def test_commits_are_no_versions() -> None:
    assert not affects(osv(introduced("0", fixed="d0c5f2"), kind="GIT"), "1.0")


def test_the_next_fixed_version_is_named() -> None:
    (affected,) = parsed(
        osv(introduced("0", fixed="1.10"), introduced("2.0", fixed="2.1"))
    ).affected
    assert affected.fixed_after("1.9") == "1.10"
    assert affected.fixed_after("2.0") == "2.1"
    assert affected.fixed_after("3.0") == ""


def test_names_of_python_packages_are_compared_in_their_one_form() -> None:
    raw = osv(introduced("0"), name="Jupyter_Server.Thing")
    assert parsed(raw).affected[0].name == "jupyter-server-thing"
    assert parse(raw, lambda ecosystem, name: (ecosystem, name) == ("PyPI", "jupyter-server-thing"))
    assert parsed(osv(introduced("0"), name="@X/y_Z", ecosystem="npm")).affected[0].name == "@X/y_Z"


def test_what_was_withdrawn_or_is_of_nothing_here_is_passed_over() -> None:
    everything = osv(introduced("0"), withdrawn="2024-01-01T00:00:00Z")
    assert parse(everything, lambda _, __: True) is None
    assert parse(osv(introduced("0")), lambda _, __: False) is None
    assert parse(osv(introduced("0"), ecosystem="Maven"), lambda _, __: True) is None
    assert parse({"id": "OSV-1"}, lambda _, __: True) is None
    of_commits = {"id": "OSV-1", "affected": [{"ranges": [{"type": "GIT", "events": []}]}]}
    assert parse(of_commits, lambda _, __: True) is None


def test_the_words_of_an_advisory() -> None:
    said = parsed(
        osv(
            introduced("0"),
            aliases=["CVE-1"],
            summary="It leaks.",
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        )
    )
    assert (said.id, said.aliases, said.summary) == ("OSV-1", ("CVE-1",), "It leaks.")
    assert said.severity == "CVSS:3.1/AV:N"
    assert parsed(osv(introduced("0"), details="Long words.")).summary == "Long words."
    assert parsed(osv(introduced("0"), aliases=None)).aliases == ()


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ([], "the advisory is not an object"),
        ({}, "id is not text"),
        ({"id": 1}, "id is not text"),
        ({"id": "x", "affected": {}}, "affected is not a list"),
        ({"id": "x", "affected": ["y"]}, r"affected\[0\] is not an object"),
        ({"id": "x", "affected": [{"package": "y"}]}, r"affected\[0\]\.package is not"),
        ({"id": "x", "affected": [{"package": {"ecosystem": "PyPI"}}]}, "package.name is not text"),
        (osv(versions=(1,)), r"affected\[0\]\.versions\[0\] is not text"),  # type: ignore[arg-type]
        (osv([{"introduced": 0}]), r"events\[0\]\.introduced is not text"),  # type: ignore[dict-item]
        (osv([{"begun": "0"}]), r"events\[0\]: 'begun' is no event"),
        (osv(["0"]), r"ranges\[0\]\.events\[0\] is not an object"),  # type: ignore[list-item]
        (osv([], kind=None), r"ranges\[0\]\.type is not text"),  # type: ignore[arg-type]
        (osv(withdrawn=True), "withdrawn is not text"),
        (osv(aliases="CVE-1"), "aliases is not a list"),
        (osv(severity=[{}]), "score is not text"),
    ],
)
def test_what_is_not_in_osvs_form_is_named_with_its_place(raw: object, place: str) -> None:
    with pytest.raises(NotOSV, match=place):
        parse(raw, lambda _, __: True)
