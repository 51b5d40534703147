"""The text of teamhub.conf: read alike by all its readers, written without losing anything."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from teamhub.settings import syntax
from teamhub_shared.settings import SETTINGS

MEANINGS = {setting.key: setting.meaning for setting in SETTINGS}
DEFAULTS = {setting.key: setting.default for setting in SETTINGS}

#: How maintscripts/config finds a value (it has Essential packages only).
SED = r"""
s/^KEY="\([^"\\$`]*\)"$/\1/p
s/^KEY='\([^'\\$`]*\)'$/\1/p
s/^KEY=\([^"'\\$`[:space:]]*\)$/\1/p
"""


def render(text: str, values: dict[str, str]) -> str:
    return syntax.render(text, values, MEANINGS)


def sh_reads(text: str, key: str) -> str:
    script = f'{text}\nprintf %s "${key}"'
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


def sed_reads(text: str, key: str) -> str:
    command = ["sed", "-n", SED.replace("KEY", key)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def test_the_first_file_explains_every_setting() -> None:
    text = render("", DEFAULTS)
    assert syntax.parse(text) == DEFAULTS
    for meaning in MEANINGS.values():
        assert meaning.splitlines()[0] in text
    assert "teamhub apply" in text.splitlines()[0]


def test_comments_order_and_unknown_keys_of_the_admin_stay() -> None:
    text = "# ours\n\nMY_KEY=1\n  # as the firewall has it\nHTTPS_PORT=443\n"
    after = render(text, {**DEFAULTS, "INTERFACE": "notebook"})
    assert after.startswith(text)
    assert syntax.parse(after) == {**DEFAULTS, "INTERFACE": "notebook", "MY_KEY": "1"}


def test_a_changed_value_replaces_its_line_only() -> None:
    text = render("", DEFAULTS)
    after = render(text, {**DEFAULTS, "HTTPS_PORT": "8443"})
    assert after == text.replace('HTTPS_PORT="443"', 'HTTPS_PORT="8443"')


@pytest.mark.parametrize("line", ["HTTPS_PORT=443", 'HTTPS_PORT="443"', "HTTPS_PORT='443'"])
def test_every_form_is_read_and_stays_as_it_was_written(line: str) -> None:
    after = render(f"{line}\n", DEFAULTS)
    assert after.splitlines()[0] == line
    assert syntax.parse(after) == DEFAULTS


def test_the_last_line_of_a_key_holds_as_in_sh() -> None:
    text = "IDLE_HOURS=1\nIDLE_HOURS='2'\n"
    assert syntax.parse(text) == {"IDLE_HOURS": "2"}
    assert sh_reads(text, "IDLE_HOURS") == sed_reads(text, "IDLE_HOURS") == "2"
    assert syntax.line_of("IDLE_HOURS", text) == 2


def test_a_key_that_was_written_twice_is_set_in_both_lines() -> None:
    after = render("IDLE_HOURS=1\nIDLE_HOURS=2\n", {"IDLE_HOURS": "3"})
    assert after == 'IDLE_HOURS="3"\nIDLE_HOURS="3"\n'


@pytest.mark.parametrize(
    "line",
    [
        "HTTPS_PORT 443",
        "HTTPS_PORT = 443",
        "HTTPS_PORT= 443",
        " HTTPS_PORT=443",
        "HTTPS_PORT=443 ",
        "HTTPS_PORT=443  # as the firewall has it",
        "HTTPS_PORT=443;reboot",
        "HTTPS_PORT=$(reboot)",
        "HTTPS_PORT=~root",
        'HTTPS_PORT="$x"',
        "HTTPS_PORT='\\'",
        'INTERFACE="lab',
        "INTERFACE=la'b'",
        "export INTERFACE=lab",
        "; a comment to systemd",
        "# a comment that systemd goes on with \\",
        "INTERFACE=lab\r",
        "# a carriage return\rINTERFACE=notebook",
        "INTERFACE=lab\x85",
        "\ufeffINTERFACE=lab",
        "=1",
        "1KEY=1",
    ],
)
def test_a_line_in_another_form_is_named_with_its_number(line: str) -> None:
    with pytest.raises(syntax.BadLine, match=r"line 2: ") as raised:
        syntax.parse(f"# fine\n{line}\n")
    assert repr(line) in raised.value.problem


@given(st.text(max_size=40).filter(lambda line: "\n" not in line))
def test_whatever_a_line_holds_it_is_refused_or_means_the_same_to_sh_and_sed(line: str) -> None:
    text = f"IDLE_HOURS=1\n{line}\nINTERFACE=lab\n"
    try:
        values = syntax.parse(text)
    except syntax.BadLine:
        return
    for key in values:
        assert sh_reads(text, key) == sed_reads(text, key) == values[key]


@given(
    st.sampled_from(["IDLE_HOURS={}", 'IDLE_HOURS="{}"', "IDLE_HOURS='{}'", "IDLE_HOURS={} "]),
    st.text(alphabet="ab0 \t#'\"\\$`;&|~*?[]{}()<>=%!./:,+@-é", max_size=12),
)
def test_whatever_a_value_holds_it_is_refused_or_means_the_same_to_sh_and_sed(
    form: str, value: str
) -> None:
    text = form.format(value) + "\n"
    try:
        read = syntax.parse(text)
    except syntax.BadLine:
        return
    assert sh_reads(text, "IDLE_HOURS") == sed_reads(text, "IDLE_HOURS") == read["IDLE_HOURS"]


@given(st.lists(st.sampled_from(["# a", "", "MY_KEY='x y'", "IDLE_HOURS=7", "  # b"])), st.data())
def test_what_the_admin_wrote_stays_whatever_is_set(lines: list[str], data: st.DataObject) -> None:
    text = "".join(f"{line}\n" for line in lines)
    assume(text)
    hours = data.draw(st.integers(0, 9).map(str))
    after = render(text, {**DEFAULTS, "IDLE_HOURS": hours})
    others = [line for line in lines if not line.startswith("IDLE_HOURS")]
    kept = [line for line in after.splitlines()[: len(lines)] if not line.startswith("IDLE_HOURS")]
    assert kept == others
    assert syntax.parse(after)["IDLE_HOURS"] == hours
    assert render(after, {**DEFAULTS, "IDLE_HOURS": hours}) == after
