"""The state of a password out of the shadow file, and passwords that are made up."""

from __future__ import annotations

import re

import pytest

from teamhub.people import passwords

TODAY = 20_000


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("zoe:$y$hash:19990:0:99999:7:::", "set"),
        ("zoe:$y$hash:19990::::::", "set"),
        ("zoe:$y$hash:0:0:99999:7:::", "must be changed"),
        ("zoe:$y$hash:19000:0:90:7:::", "must be changed"),
        ("zoe:!$y$hash:19990:0:99999:7:::", "locked"),
        ("zoe:$y$hash:19990:0:99999:7::20000:", "expired"),
        ("zoe:$y$hash:19990:0:99999:7::20001:", "set"),
        ("zoe:!:19990:0:99999:7:::", "none"),
        ("zoe:*:19990:0:99999:7:::", "none"),
        ("zoe::19990:0:99999:7:::", "none"),
    ],
)
def test_the_shadow_file_tells_the_state(line: str, state: str) -> None:
    assert passwords.state(line.split(":"), TODAY) == state


def test_an_account_without_a_line_has_its_password_elsewhere() -> None:
    assert passwords.states(["no-such-account"]) == {"no-such-account": "elsewhere"}


def test_nobody_has_no_state() -> None:
    assert passwords.states([]) == {}


def test_made_up_passwords_differ_and_have_nothing_that_looks_alike() -> None:
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){2}", word) for word in made)


@pytest.mark.parametrize("password", ["two\nlines", "zero\0", "bell\a", "return\r"])
def test_a_password_that_nobody_can_type_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(passwords.BadPassword) as raised:
        passwords.check(password)
    assert password not in str(raised.value)


@pytest.mark.parametrize("password", ["Mudder's Milk 5", "colon:inside", "übermäßig", "全形　空白"])
def test_other_passwords_are_fine(password: str) -> None:
    passwords.check(password)
