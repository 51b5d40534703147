"""What passwd's words mean, and that a program which hangs is given up."""

from __future__ import annotations

import asyncio
import time

import pytest

from teamhub_hub import privileged

TAIL = "passwd: Authentication token manipulation error\npasswd: password unchanged\n"


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "Changing password for zoe.\nCurrent password: New password: Retype new password: "
            "You must choose a longer password.\nNew password: Retype new password: " + TAIL,
            "You must choose a longer password.",
        ),
        (
            "Changing password for zoe.\n(current) UNIX password: You must wait longer to change "
            "your password.\n" + TAIL,
            "You must wait longer to change your password.",
        ),
        (
            "Current password: New password: BAD PASSWORD: It fails the dictionary check\n"
            "New password: Password change has been aborted.\n" + TAIL,
            "It fails the dictionary check",
        ),
        (
            "Changing password for zoe.\nCurrent password: \n"
            "passwd: Authentication token lock busy\npasswd: password unchanged\n",
            "Authentication token lock busy",
        ),
        (TAIL, "The server refused the new password."),
        ("", "The server refused the new password."),
    ],
)
def test_the_reason_is_found_among_prompts_and_set_phrases(printed: str, reason: str) -> None:
    assert privileged.reason(printed) == reason


def test_a_program_gets_its_input_and_its_output_and_status_come_back() -> None:
    command = ("sh", "-c", "cat; echo complaint >&2; exit 3")
    done = asyncio.run(privileged.run(command, given="old\nnew\n", seconds=10))
    assert done == (3, "old\nnew\ncomplaint\n")


def test_a_program_that_hangs_is_given_up_and_named() -> None:
    async def wait_for_it() -> None:
        with pytest.raises(privileged.Refused, match="30 did not end within 1 seconds"):
            await privileged.run(("sleep", "30"), given="", seconds=1)
        await asyncio.sleep(0.2)  # for its end, which the loop has to see

    start = time.monotonic()
    asyncio.run(wait_for_it())
    assert time.monotonic() - start < 10
