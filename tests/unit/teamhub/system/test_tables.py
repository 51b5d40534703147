"""What commands print is a table for people, and JSON for programs."""

from __future__ import annotations

import json

import pytest

from teamhub.system import tables


def test_a_table_has_columns_as_wide_as_they_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "asked_by": "team"}, {"name": "longer", "asked_by": ""}]
    tables.show(rows, ("name", "asked_by"), as_json=False)
    assert capsys.readouterr().out == "NAME    ASKED BY\na       team\nlonger\n"
    tables.show(rows, ("name", "asked_by"), as_json=True)
    assert json.loads(capsys.readouterr().out) == rows
