"""Trials are counted, and those that are made again take the place of the earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.faults import SECTION, fault
from support.trials import Moment, Row, Trials, keep, rows

KILLED, CUT = ("Killed", "apt install"), ("Power cut", "apt install")


def tried(what: tuple[str, str], *lost: bool) -> list[Row]:
    trials = Trials()
    for each in lost:
        try:
            with trials.count(*what, "it finishes"):
                assert not each
        except AssertionError:
            pass
    return rows(trials.made)


def test_a_block_that_raises_is_lost() -> None:
    assert tried(KILLED, False, True, False) == [Row(*KILLED, "it finishes", tried=3, lost=1)]


def test_what_a_trial_raises_is_seen() -> None:
    with pytest.raises(KeyError), Trials().count(*KILLED, "it finishes"):
        raise KeyError


def test_the_page_keeps_what_was_not_tried_again(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    keep(page, tried(KILLED, True) + tried(CUT, False))
    keep(page, tried(KILLED, False, False))
    assert page.read_text("utf-8").split("## ")[1:] == [
        "Killed\n\n| what was done | how often | lost | how it ends |\n|---|---|---|---|\n"
        "| apt install | 2 | 0 | it finishes |\n\n",
        "Power cut\n\n| what was done | how often | lost | how it ends |\n|---|---|---|---|\n"
        "| apt install | 1 | 0 | it finishes |\n",
    ]


def test_a_fault_s_table_says_what_is_seen_of_it(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    seen = {"person": "nothing", "admin": "one line", "remedy": "teamhub apply"}
    made = [fault("token gone", **seen, lost=False), fault("token gone", **seen, lost=True)]
    keep(page, tried(CUT, False) + rows(made))
    keep(page, tried(CUT, False))
    assert page.read_text("utf-8").split("## ")[1] == (
        f"{SECTION}\n\n"
        "| fault | what the person sees | what the admin sees | remedy | how often | healed |\n"
        "|---|---|---|---|---|---|\n"
        "| token gone | nothing | one line | teamhub apply | 2 | 1 |\n\n"
    )


@pytest.mark.parametrize(
    ("moments", "steps", "chosen"),
    [(3, 9, [1, 5, 9]), (1, 9, [1]), (4, 4, [1, 2, 3, 4]), (4, 2, [1, 1, 2, 2])],
)
def test_moments_are_spread_over_the_steps(moments: int, steps: int, chosen: list[int]) -> None:
    assert [Moment(n, moments).step(steps) for n in range(1, moments + 1)] == chosen
