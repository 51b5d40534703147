"""teamhub.conf: read, checked, and written without losing what the admin wrote."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teamhub import settings

DEFAULTS = {setting.key: setting.default for setting in settings.SETTINGS}


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "teamhub.conf") == DEFAULTS


def test_the_first_file_explains_every_setting() -> None:
    text = settings.render("", DEFAULTS)
    assert settings.parse(text) == DEFAULTS
    for setting in settings.SETTINGS:
        assert setting.meaning.splitlines()[0] in text


def test_comments_order_and_unknown_keys_of_the_admin_stay() -> None:
    text = '# ours\nMY_KEY=1\nHTTPS_PORT="443"  # as the firewall has it\n'
    after = settings.render(text, {**DEFAULTS, "INTERFACE": "notebook"})
    assert after.startswith(text)
    assert settings.parse(after) == {**DEFAULTS, "INTERFACE": "notebook", "MY_KEY": "1"}


def test_a_changed_value_replaces_its_line_only() -> None:
    text = settings.render("", DEFAULTS)
    after = settings.render(text, {**DEFAULTS, "HTTPS_PORT": "8443"})
    assert after == text.replace('HTTPS_PORT="443"', 'HTTPS_PORT="8443"')


def test_rendering_again_changes_nothing() -> None:
    text = settings.render("", DEFAULTS)
    assert settings.render(text, DEFAULTS) == text


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("HTTPS_PORT=0", "1 to 65535"),
        ("HTTPS_PORT=65536", "1 to 65535"),
        ("HTTPS_PORT=https", "1 to 65535"),
        ("HTTP_PORT=maybe", "or off"),
        ("SERVER_NAMES='hub;reboot'", "neither a host name nor an address"),
        ("INTERFACE=classic", "lab or notebook"),
        ("IDLE_HOURS=-1", "whole number of hours"),
        ("IDLE_HOURS=½", "whole number of hours"),
    ],
)
def test_a_bad_value_is_named_with_the_reason(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path / "teamhub.conf", line)
    with pytest.raises(settings.BadSetting, match=complaint) as raised:
        settings.read(path)
    assert line.partition("=")[2].strip("'") in raised.value.problem


@pytest.mark.parametrize("line", ["HTTPS_PORT 443", "HTTPS_PORT = 443", 'INTERFACE="lab'])
def test_a_line_that_is_no_assignment_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "teamhub.conf", f"# fine\n{line}\n")
    with pytest.raises(settings.BadSetting, match="line 2"):
        settings.read(path)


@given(
    st.fixed_dictionaries(
        {
            "SERVER_NAMES": st.lists(st.from_regex(r"\A[a-z0-9.:-]{1,20}\Z")).map(" ".join),
            "HTTPS_PORT": st.integers(1, 65535).map(str),
            "HTTP_PORT": st.integers(1, 65535).map(str) | st.just("off"),
            "INTERFACE": st.sampled_from(["lab", "notebook"]),
            "IDLE_HOURS": st.integers(0, 99999).map(str),
        }
    )
)
def test_what_is_written_reads_back_the_same_in_python_and_sh(values: dict[str, str]) -> None:
    text = settings.render("", values)
    assert settings.parse(text) == values
    script = text + "".join(f'printf "%s\\n" "${key}"\n' for key in values)
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == list(values.values())
    assert shlex.split(text, comments=True)
