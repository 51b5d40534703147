"""The tables of settings and questions in docs/."""

from __future__ import annotations

import re

import pytest

from support.checkout import REPOSITORY
from teamhub_build import docs

QUESTION = re.compile(r"^Template: (\S+)\nType: (string|boolean|select)$", re.MULTILINE)


@pytest.mark.parametrize("name", docs.TABLES)
def test_a_committed_page_has_the_table_of_the_settings_as_they_are(name: str) -> None:
    page = (REPOSITORY / name).read_text("utf-8")
    table = docs.TABLES[name]()
    assert page == docs.with_table(page, table), "renew it with: python3 build.py docs"


def test_the_table_has_debconfs_questions_in_their_order_with_their_types() -> None:
    templates = (REPOSITORY / "debian/teamhub.templates").read_text("utf-8")
    rows = re.findall(r"^\| `(\S+)` \| (\w+) \|", docs.questions_table(), re.MULTILINE)
    assert rows
    assert rows == QUESTION.findall(templates)


@pytest.mark.parametrize("means", ["found anew", "sends browsers on to HTTPS", "`0`: never"])
def test_a_default_that_does_not_speak_for_itself_is_explained(means: str) -> None:
    assert means in docs.settings_table()


def test_what_is_around_the_table_stays() -> None:
    page = docs.with_table(f"before\n{docs.BEGIN}| old |\n{docs.END}after\n", "| new |\n")
    assert page == f"before\n{docs.BEGIN}| new |\n{docs.END}after\n"


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        docs.with_table("no table\n", "| new |\n")
