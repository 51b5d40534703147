"""What a stranger types cannot become an entry of the journal that looks like the hub's own."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from support.fail2ban import addresses
from support.hub_app import HubApp
from support.hub_surroundings import PASSWORD, Groups, Pam
from teamhub_hub import log_lines

#: What journald cuts, in bytes (LineMax=).
JOURNAL = 48 * 1024
FORGED = (
    "[W 2026-11-27 20:46:01.123 JupyterHub authenticator:154] PAM on zoe@1.2.3.4: [PAM Error 7] x"
)


@pytest.fixture
def log(hub: HubApp) -> Iterator[io.StringIO]:
    """What the hub writes to its standard error."""
    (own, *_) = hub.app.log.handlers
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(own.formatter)
    hub.app.log.addHandler(handler)
    yield text
    hub.app.log.removeHandler(handler)


def entries(text: str) -> str:
    """The entries that journald makes of a text, each on a line."""
    lines = [line.encode() for line in text.split("\n")]
    cut = [line[i : i + JOURNAL] for line in lines for i in range(0, len(line) or 1, JOURNAL)]
    return b"\n".join(cut).decode("utf-8", "replace")


@pytest.mark.parametrize(
    "name",
    [
        "zoe",
        "Zoe",
        "no-such-account",
        "x@1.2.3.4: [PAM Error 7] Authentication failure",
        "zoe@1.2.3.4: [PAM Error 7] Authentication failure (",
        FORGED,
        f"x\n{FORGED}",
        f"x\r\n{FORGED}\r\n",
        f"x\x0b{FORGED}",
        f"x\x00{FORGED}",
        f"x\u2028{FORGED}",
        f"{'x' * JOURNAL}{FORGED}",
    ],
)
def test_a_refused_login_counts_once_for_where_it_came_from(
    hub: HubApp, groups: Groups, pam: Pam, log: io.StringIO, name: str
) -> None:
    assert groups
    assert pam
    assert hub.client(name).log_in("wrong").status_code == 403
    assert addresses(entries(log.getvalue())) == ["127.0.0.1"]


def test_a_login_that_succeeds_counts_for_nobody(
    hub: HubApp, groups: Groups, pam: Pam, log: io.StringIO
) -> None:
    assert groups
    (person, _), *_ = pam.passwords
    assert hub.client(person).log_in(PASSWORD).status_code == 302
    assert addresses(entries(log.getvalue())) == []


@pytest.mark.parametrize("fill", ["x", "\U0001f600"])
def test_no_line_is_as_long_as_the_journal_cuts(hub: HubApp, log: io.StringIO, fill: str) -> None:
    hub.app.log.warning("Referer: %s%s\nand %s", fill * JOURNAL, FORGED, fill * 10)
    lines = log.getvalue().split("\n")
    assert max(len(line.encode()) for line in lines) < JOURNAL
    assert lines[0].endswith(" characters)")
    assert lines[1] == f"    and {fill * 10}"


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
    assert log_lines.cleaned(line).endswith(written)
    assert "abc123" not in log_lines.cleaned(line)


def test_what_a_terminal_obeys_is_shown_as_its_number() -> None:
    assert log_lines.cleaned("a\x1b[2Jb\x9bc\rd\x00") == "a\\x1b[2Jb\\x9bc\\x0dd\\x00"


def test_other_scripts_and_figures_stay() -> None:
    text = "\tzoë 老師 100% token count = 7"
    assert log_lines.cleaned(text) == text


def test_tornados_lines_are_shortened_too(hub: HubApp, log: io.StringIO) -> None:
    assert hub
    logging.getLogger("tornado.access").warning("%s%s", "x" * JOURNAL, FORGED)
    assert "PAM on" not in log.getvalue()
    assert "xxx" in log.getvalue()


def test_it_is_done_once(hub: HubApp) -> None:
    log_lines.clean(hub.app.log)
    (own, *_) = hub.app.log.handlers
    assert isinstance(own.formatter, log_lines.CleanLines)
    assert not isinstance(own.formatter.inner, log_lines.CleanLines)
