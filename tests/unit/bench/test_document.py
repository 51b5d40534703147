"""The page of the measurements, and the figures next to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.document import keep, section
from bench.report import Row

ORDER = ["first", "second"]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with both sections, the later one measured first."""
    page = tmp_path / "docs/benchmarks.md"
    for name, machine in (("second", "old"), ("first", "old")):
        keep(page, ORDER, {name: measured(name, machine, 1.0)})
    return page


def measured(name: str, machine: str, seconds: float) -> dict[str, object]:
    rows = [Row(f"the row of {name}", "a peer", [(seconds, 2.0)])]
    return section(f"Section {name}", "What it is.", {"processor": machine}, rows)


def test_sections_have_the_order_of_the_page(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.index("## Section first") < text.index("## Section second")


def test_one_that_is_measured_again_takes_the_place_of_what_it_was(page: Path) -> None:
    keep(page, ORDER, {"first": measured("first", "new", 4.0)})
    text = page.read_text("utf-8")
    assert text.count("| the row of first |") == 1
    assert "| the row of first | 4.00 s | 2.00 s |" in text


def test_each_says_on_which_machine(page: Path) -> None:
    keep(page, ORDER, {"first": measured("first", "new", 4.0)})
    first, second = page.read_text("utf-8").split("## Section second")
    assert "Measured on processor: new." in first
    assert "Measured on processor: old." in second


def test_all_single_figures_are_kept(page: Path) -> None:
    kept = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert kept["second"]["rows"][0]["pairs"] == [[1.0, 2.0]]
