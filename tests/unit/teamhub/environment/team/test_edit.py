"""An addition or a removal changes its own lines of environment.yml and leaves the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from teamhub.environment.team.edit import (
    LISTS,
    NotAsked,
    package_name,
    with_packages,
    without_packages,
)
from teamhub.environment.team.file import BadTeamFile, parse

PATH = Path("/etc/teamhub/environment.yml")
SHIPPED = Path(__file__).parents[5] / "conffiles/etc/teamhub/environment.yml"


def entries(text: str, key: str) -> list[str]:
    """What a file's text has below a key."""
    return [item.text for item in getattr(parse(text, PATH), key).items]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "dependencies:\n  - polars\n"),
        ("# ours", "# ours\ndependencies:\n  - polars\n"),
        ("dependencies: []\n", "dependencies:\n  - polars\n"),
        ("dependencies:\n# later\nname: x\n", "dependencies:\n  - polars\n# later\nname: x\n"),
        ("dependencies: ~\n", "dependencies:\n  - polars\n"),
        ("dependencies:\n- a  # why\n\n# end\n", "dependencies:\n- a  # why\n- polars\n\n# end\n"),
        ("dependencies:\n    - a\n", "dependencies:\n    - a\n    - polars\n"),
        ("dependencies: [a, b]\n", "dependencies: [a, b, polars]\n"),
        (
            "dependencies:\n  - a\n  - pip:\n      - b\n",
            "dependencies:\n  - a\n  - polars\n  - pip:\n      - b\n",
        ),
        (
            "dependencies:\n  - pip:\n      - b\n",
            "dependencies:\n  - polars\n  - pip:\n      - b\n",
        ),
        ("dependencies:\n  - polars >=0.2\n", "dependencies:\n  - polars\n"),
    ],
)
def test_a_package_is_put_where_an_admin_would(before: str, after: str) -> None:
    assert with_packages(before, PATH, "dependencies", ["polars"]) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "dependencies:\n  - pip:\n      - thing\n"),
        ("dependencies:\n- a\n", "dependencies:\n- a\n- pip:\n    - thing\n"),
        ("dependencies: [a]\n", "dependencies: [a, {pip: [thing]}]\n"),
        (
            "dependencies:\n  - pip:\n    - b\n",
            "dependencies:\n  - pip:\n    - b\n    - thing\n",
        ),
        ("dependencies:\n  - pip:\n", "dependencies:\n  - pip:\n    - thing\n"),
        (
            "dependencies:\n  - pip:\n    - --no-binary thing\n",
            "dependencies:\n  - pip:\n    - --no-binary thing\n    - thing\n",
        ),
    ],
)
def test_a_package_of_pip_goes_below_pip(before: str, after: str) -> None:
    changed = with_packages(before, PATH, "pip", ["thing"])
    assert entries(changed, "pip")[-1] == "thing"
    assert changed == after


def test_the_file_that_ships_keeps_its_comments() -> None:
    shipped = SHIPPED.read_text("utf-8")
    changed = with_packages(shipped, PATH, "dependencies", ["polars", "xarray >=2024"])
    changed = with_packages(changed, PATH, "channels", ["conda-forge"])
    assert entries(changed, "dependencies") == ["polars", "xarray >=2024"]
    assert entries(changed, "channels") == ["conda-forge"]
    comments = [line for line in shipped.splitlines() if line.startswith("#")]
    assert [line for line in changed.splitlines() if line.startswith("#")] == comments
    back = without_packages(changed, PATH, ["polars", "xarray"])
    assert entries(back, "dependencies") == []


@pytest.mark.parametrize("spec", ["polars >=1", "a[version='>1']", "*", "a: b", "numpy=1.*", "[x"])
def test_a_spec_comes_out_as_it_went_in(spec: str) -> None:
    changed = with_packages("channels:\n  - a\n", PATH, "channels", [spec])
    assert entries(changed, "channels") == ["a", spec]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dependencies:\n  # one\n  - a\n  - b # two\n", "dependencies:\n  # one\n  - b # two\n"),
        ("dependencies:\n  - A >=1\n", "dependencies:\n"),
        ("dependencies: [a, b]\n", "dependencies: [b]\n"),
        (
            "dependencies:\n  - b\n  - pip:\n      - a\n      - c\n",
            "dependencies:\n  - b\n  - pip:\n      - c\n",
        ),
    ],
)
def test_a_package_is_taken_out_with_its_line_alone(before: str, after: str) -> None:
    assert without_packages(before, PATH, ["a"]) == after


def test_an_option_of_pips_is_an_entry_of_its_own() -> None:
    text = "dependencies:\n  - pip:\n    - --no-binary thing\n    - thing\n"
    option = "--no-binary thing"
    assert with_packages(text, PATH, "pip", [option]) == text
    assert without_packages(text, PATH, ["thing"]) == text.replace("    - thing\n", "")
    assert without_packages(text, PATH, [option]) == text.replace(f"    - {option}\n", "")


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(NotAsked, match="polars is not in"):
        without_packages("dependencies: [a]\n", PATH, ["polars"])


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("numpy", "numpy"),
        ("conda-forge::Python_Dateutil >=2", "python-dateutil"),
        ("thing[extra]==1.4", "thing"),
        ("thing @ https://example.org/thing.whl", "thing"),
        ("--no-binary thing", "--no-binary thing"),
    ],
)
def test_the_name_of_a_spec(spec: str, name: str) -> None:
    assert package_name(spec) == name


names = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)


@given(
    there=st.lists(names, unique=True, max_size=5),
    new=names,
    indent=st.sampled_from(["", "  ", "      "]),
    comment=st.sampled_from(["", "  # why"]),
)
def test_adding_and_removing_leave_every_other_line(
    there: list[str], new: str, indent: str, comment: str
) -> None:
    lines = [f"{indent}- {name}{comment}" for name in there if name != new]
    before = "\n".join(["# ours", "dependencies:", *lines, "# end"]) + "\n"
    added = with_packages(before, PATH, "dependencies", [new])
    assert set(entries(added, "dependencies")) == {*there, new}
    assert without_packages(added, PATH, [new]) == before


@pytest.mark.parametrize(
    "text",
    [
        "dependencies:\n- |\n  a\n- b\n",  # YAML has `- b` begin where the block ends
        "dependencies:\n- >-\n  a\n- pip:\n  - b\n",
    ],
)
def test_the_neighbour_of_what_is_removed_stays_or_the_admin_is_asked(text: str) -> None:
    with pytest.raises(BadTeamFile, match="cannot take a out"):
        without_packages(text, PATH, ["a"])


@pytest.mark.parametrize("spec", ["2001-99-99", "a: b", "a\nb", "!!int x", "[" * 2000, "x\x1b"])
def test_a_spec_that_yaml_would_read_otherwise_is_kept_or_refused(spec: str) -> None:
    try:
        text = with_packages("", PATH, "dependencies", [spec])
    except BadTeamFile:
        assert not spec.isprintable() or spec.startswith(("!", "["))
    else:
        assert entries(text, "dependencies") == [spec]


SPECS = st.sampled_from(["a", "b >=1", "c", "d=1.0", "conda-forge::x", "q[e]"])
ENTRIES = st.builds(
    str.format,
    st.sampled_from(
        ["{}", "'{}'", '"{}"', "{}  # why", ">-\n        {}", "|\n        {}", "{}\n# c"]
    ),
    SPECS,
)
EMPTY = st.sampled_from(["", " ~", " []", "  # none"])


def block(indent: int, items: Iterable[str]) -> str:
    return "".join(f"{' ' * indent}- {item}\n" for item in items)


@st.composite
def sections(draw: st.DrawFn, key: str) -> str:
    """A list of the file, as an admin may write it."""
    indent, items = draw(st.sampled_from([0, 2, 4])), draw(st.lists(ENTRIES, max_size=3))
    if draw(st.booleans()):
        words = ", ".join(f'"{spec}"' for spec in draw(st.lists(SPECS, max_size=3)))
        return f"{key}: [{words}]\n"
    if not items:
        return f"{key}:{draw(EMPTY)}\n"
    if key == "dependencies" and draw(st.booleans()):
        pip = block(indent + 4, draw(st.lists(ENTRIES, min_size=1, max_size=3)))
        return f"{key}:\n{block(indent, items)}{' ' * indent}- pip:\n{pip}"
    return f"{key}:\n{block(indent, items)}"


@st.composite
def team_files(draw: st.DrawFn) -> str:
    """An environment.yml, as an admin may write it."""
    parts = draw(
        st.permutations([sections("channels"), sections("dependencies"), st.just("name: x\n")])
    )
    text = "".join(map(draw, parts[: draw(st.integers(0, 3))]))
    ends = {"unix": text, "cut": text.rstrip("\n"), "dos": text.replace("\n", "\r\n")}
    return ends[draw(st.sampled_from(sorted(ends)))]


@given(text=team_files(), spec=SPECS, key=st.sampled_from(["channels", "dependencies", "pip"]))
def test_a_change_is_what_was_asked_for_and_nothing_else(text: str, spec: str, key: str) -> None:
    try:
        before = {each: entries(text, each) for each in LISTS}
    except BadTeamFile:
        assume(False)
    # what is refused is for an editor, and nothing was changed
    with contextlib.suppress(BadTeamFile):
        after = with_packages(text, PATH, key, [spec])
        assert {each: entries(after, each) for each in LISTS} == added(before, key, spec)
    with contextlib.suppress(BadTeamFile, NotAsked):
        after = without_packages(text, PATH, [spec])
        assert {each: entries(after, each) for each in LISTS} == removed(before, spec)


def added(before: dict[str, list[str]], key: str, spec: str) -> dict[str, list[str]]:
    """The lists once a spec has the place of the first of its package, or the last one."""
    same = [item == spec if key == "channels" else is_of(item, spec) for item in before[key]]
    place = same.index(True) if any(same) else len(same)
    return {**before, key: [*before[key][:place], spec, *before[key][place + 1 :]]}


def removed(before: dict[str, list[str]], spec: str) -> dict[str, list[str]]:
    left = {key: [i for i in before[key] if not is_of(i, spec)] for key in ("dependencies", "pip")}
    return {**before, **left}


def is_of(item: str, spec: str) -> bool:
    return package_name(item) == package_name(spec)
