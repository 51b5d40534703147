"""Lines of the hub's log carry no secret, and nothing that a terminal obeys."""

from __future__ import annotations

import logging

import pytest

from teamhub_hub.journal import harmless, keep_harmless


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("GET /hub/login?next=%2Fuser%2Fzoe%2F%3Ftoken%3Dabc123", "%3Ftoken%3D[secret]"),
        ("302 GET /user/zoe/?token=abc123&x=1 -> /hub/login", "?token=[secret]&x=1 -> /hub/login"),
        ("/hub/login?next=%252Flab%253Ftoken%253Dabc123%2526x", "token%253D[secret]%2526x"),
        ("GET /hub/x?code=abc123&state=def", "?code=[secret]&state=[secret]"),
        ("GET /hub/x?token=[secret]", "?token=[secret]"),
    ],
)
def test_a_secret_is_hidden(line: str, written: str) -> None:
    assert harmless(line).endswith(written)
    assert "abc123" not in harmless(line)


def test_what_a_terminal_obeys_is_shown_as_its_number() -> None:
    assert harmless("a\x1b[2Jb\x9bc\rd\x00") == "a\\x1b[2Jb\\x9bc\\x0dd\\x00"


def test_a_traceback_and_other_scripts_stay() -> None:
    text = "Traceback:\n\tzoë 老師 100% token count = 7"
    assert harmless(text) == text


def test_each_line_of_a_logger_goes_through_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.Logger("test")
    log.addHandler(logging.StreamHandler())
    keep_harmless(log)
    keep_harmless(log)
    assert len(log.handlers[0].filters) == 1
    log.warning("from %s with 100%%", "zoe\x1b")
    assert capsys.readouterr().err == "from zoe\\x1b with 100%\n"
