"""An addition or a removal changes its own lines of environment.yml and leaves the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.environment.team.edit import NotAsked, package_name, with_packages, without_packages
from teamhub.environment.team.file import parse

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
