"""The table of settings in docs/settings.md."""

from __future__ import annotations

import pytest

from support.checkout import REPOSITORY
from teamhub_build import docs


def test_the_committed_page_has_the_table_of_the_settings_as_they_are() -> None:
    page = (REPOSITORY / "docs/settings.md").read_text("utf-8")
    assert page == docs.with_table(page), "renew it with: python3 build.py docs"


def test_what_is_around_the_table_stays() -> None:
    page = docs.with_table(f"before\n{docs.BEGIN}| old |\n{docs.END}after\n")
    assert page.startswith(f"before\n{docs.BEGIN}| setting |")
    assert page.endswith(f"|\n{docs.END}after\n")
    assert "old" not in page


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        docs.with_table("no table\n")
