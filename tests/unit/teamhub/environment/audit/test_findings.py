"""What advisories and installed packages have in common is shown once, with what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.audit import findings
from teamhub.environment.audit.advisories import EVENTS
from teamhub.environment.audit.files import BadAdvisories
from teamhub.environment.audit.findings import Row
from teamhub.environment.audit.inventory import UPDATE, UPGRADE, Installed
from teamhub.environment.audit.versions import COMPARE, DEBIAN, NPM, PYPI
from teamhub.system.tables import table
from unit.teamhub.environment.conftest import Server

THING = Installed(PYPI, "", "thing", "1.0", "user", UPDATE)
PACKAGES = [
    THING,
    Installed(NPM, "", "thing", "1.0.0", "hub", UPGRADE),
    Installed(DEBIAN, "12", "thing", "1.0-1", "hub", UPGRADE),
]


def osv(
    name: str = "OSV-1", ecosystem: str = "PyPI", fixed: str = "2.0", **more: object
) -> dict[str, Any]:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    package = {"ecosystem": ecosystem, "name": "thing"}
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    return {"id": name, "affected": [{"package": package, "ranges": ranges}], **more}


def rows(
    tmp_path: Path, *advisories: object, packages: Sequence[Installed] = PACKAGES
) -> list[Row]:
    path = tmp_path / "advisories.json"
    path.write_text(json.dumps(advisories))
    return findings.compared(packages, [path]).rows


def test_a_row_says_what_has_which_fault_and_what_to_do(tmp_path: Path) -> None:
    advisory = osv(aliases=["CVE-1"], summary="It\nleaks.", severity=[{"score": "CVSS:3.1/AV:N"}])
    assert rows(tmp_path, advisory) == [
        {
            "package": "thing",
            "version": "1.0",
            "ecosystem": "PyPI",
            "environment": "user",
            "advisory": "OSV-1, CVE-1",
            "fixed_in": "2.0",
            "severity": "CVSS:3.1/AV:N",
            "summary": "It leaks.",
            "remedy": UPDATE,
        }
    ]


def test_an_advisory_is_about_its_own_ecosystem_and_release(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        osv("P"),
        osv("N", "npm", "2.0.0"),
        osv("D", "Debian"),
        osv("D12", "Debian:12"),
        osv("D13", "Debian:13"),
        osv("C", "crates.io"),
    )
    assert {(row["advisory"], row["ecosystem"]) for row in found} == {
        ("P", PYPI), ("N", NPM), ("D", DEBIAN), ("D12", DEBIAN),
    }  # fmt: skip


def test_nothing_is_shown_of_what_is_not_affected(tmp_path: Path) -> None:
    path = tmp_path / "advisories.json"
    path.write_text(json.dumps([osv(fixed="1.0"), osv("B", withdrawn="2024-01-01T00:00:00Z")]))
    audit = findings.compared(PACKAGES, [path])
    assert (audit.rows, audit.advisories, audit.packages) == ([], 2, 3)


def test_one_fault_by_two_names_is_one_row(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        osv("PYSEC-1", aliases=["CVE-1", "GHSA-1"], fixed=""),
        osv("GHSA-1", aliases=["CVE-1"]),
        osv("PYSEC-2"),
    )
    assert [(row["advisory"], row["fixed_in"]) for row in found] == [
        ("GHSA-1, CVE-1, PYSEC-1", "2.0"),
        ("PYSEC-2", "2.0"),
    ]


def test_one_package_of_two_environments_is_one_row(tmp_path: Path) -> None:
    both = [replace(THING, environment=name, remedy=UPGRADE) for name in ("user", "hub")]
    (row,) = rows(tmp_path, osv(), packages=both)
    assert row["environment"] == "hub, user"
    two = [THING, replace(THING, environment="hub", version="1.1")]
    assert len(rows(tmp_path, osv(), packages=two)) == 2


def test_what_cannot_be_ruled_out_is_shown(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, osv(fixed="next week"))
    assert row["fixed_in"] == findings.UNKNOWN


def test_what_is_not_fixed_yet_says_so(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, osv(fixed=""))
    assert row["fixed_in"] == "none yet"


def test_the_remedy_names_what_it_is_for(tmp_path: Path) -> None:
    found = rows(tmp_path, osv("P"), osv("N", "npm", "2.0.0"))
    assert findings.remedies(found) == f"for thing: {UPDATE}; for thing: {UPGRADE}"


def test_a_table_has_the_beginning_of_a_summary(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, osv(summary="long " * 50))
    assert len(str(row["summary"])) == 249
    assert str(findings.shortened(row)["summary"]).endswith("...")
    assert len(str(findings.shortened(row)["summary"])) == findings.SUMMARY
    (short,) = rows(tmp_path, osv(summary="short"))
    assert findings.shortened(short) == short


def test_what_is_no_advisory_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadAdvisories, match=r"advisories.json\[1\]: .*id is not text"):
        rows(tmp_path, osv(), {})


def test_a_generation_is_compared(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "advisories.json"
    path.write_text(json.dumps(osv()).replace("thing", "py-rattler"))
    audit = findings.audit(server.state.needed_current, [path], server.layout)
    (row,) = audit.rows
    assert (row["package"], row["environment"], row["version"]) == (
        "py-rattler", "teamhub", "0.28.0",
    )  # fmt: skip


COLUMNS = ("package", "version", "environment", "advisory", "fixed_in", "summary")
words = st.sampled_from(["0", "1.0", "1.0.0", "1.0-1", "2", "*", "x", ""]) | st.text(max_size=5)
#: Nearly an advisory: of the form, with something else in any place of it.
odd = st.none() | st.integers() | st.lists(st.integers(), max_size=1)
events = st.dictionaries(st.sampled_from([*EVENTS, "other"]), words | odd, max_size=2)
ranges = st.fixed_dictionaries(
    {"type": st.sampled_from(["ECOSYSTEM", "SEMVER", "GIT"])},
    optional={"events": st.lists(events, max_size=4) | odd},
)
affected = st.fixed_dictionaries(
    {},
    optional={
        "package": st.fixed_dictionaries(
            {
                "ecosystem": st.sampled_from([PYPI, NPM, *COMPARE, "Debian:12"]),
                "name": st.just("thing"),
            }
        )
        | odd,
        "ranges": st.lists(ranges, max_size=2) | odd,
        "versions": st.lists(words, max_size=2) | odd,
    },
)
advisory = st.fixed_dictionaries(
    {"id": words},
    optional={
        "affected": st.lists(affected, max_size=2) | odd,
        "aliases": st.lists(words, max_size=2) | odd,
        "summary": st.text() | odd,
        "withdrawn": words | odd,
    },
)


@given(entries=st.lists(advisory, max_size=3))
def test_any_advisory_is_compared_or_refused(
    tmp_path_factory: pytest.TempPathFactory, entries: list[object]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        found = rows(folder, *entries)
    except BadAdvisories as error:
        assert error.problem.isprintable()  # noqa: PT017 - it may also be compared
        return
    assert findings.remedies(found).isprintable()
    assert len(table([findings.shortened(row) for row in found], COLUMNS)) == len(found) + 1
