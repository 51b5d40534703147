"""What commands print is a table for people, and JSON for programs."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub.system import tables


def test_a_table_has_columns_as_wide_as_they_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "asked_by": "team"}, {"name": "longer", "asked_by": ""}]
    tables.show(rows, ("name", "asked_by"), as_json=False)
    assert capsys.readouterr().out == "NAME    ASKED BY\na       team\nlonger\n"
    tables.show(rows, ("name", "asked_by"), as_json=True)
    assert json.loads(capsys.readouterr().out) == rows


def test_a_terminal_of_few_characters_gets_the_others_in_ascii(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="latin-1"))
    tables.show([{"name": "caf\u00e9 \u8336"}], ("name",), as_json=False)
    sys.stdout.flush()
    assert written.getvalue() == b"NAME\ncaf\xe9 \\u8336\n"


@given(text=st.text())
def test_a_text_from_elsewhere_cannot_move_the_cursor(text: str) -> None:
    shown = tables.printable(text)
    assert shown.isprintable()
    assert len(shown) == len(text)


def test_nothing_in_a_table_moves_the_cursor() -> None:
    lines = tables.table([{"name": "a\nb\x1b[2J", "asked_by": "\u202ex"}], ("name", "asked_by"))
    assert lines == ["NAME     ASKED BY", "a?b?[2J  ?x"]


def test_words_stay_as_they_are() -> None:
    assert tables.printable("caf\u00e9 \u8336, 1.0") == "caf\u00e9 \u8336, 1.0"
    assert tables.printable("\x1b[2J\u202e\ud800\n") == "?[2J???"
