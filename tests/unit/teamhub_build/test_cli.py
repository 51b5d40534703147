"""build.py's command line, under Debian's own Python with nothing installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from teamhub_build.profiles import PROFILES
from teamhub_build.suites import SUITES

REPOSITORY = Path(__file__).parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # -I keeps every package out that Debian's Python does not bring itself
    return subprocess.run(
        ["/usr/bin/python3", "-I", REPOSITORY / "build.py", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_help_names_every_choice() -> None:
    help_text = run("--help").stdout
    for choice in ("--offline", "--output", "--channel", "lock", *SUITES, *PROFILES):
        assert choice in help_text


def test_an_unknown_channel_is_refused_with_the_channels_there_are() -> None:
    done = run("--channel", "conda-forge")
    assert done.returncode == 1
    problem, remedy = done.stderr.splitlines()
    assert problem == "build.py: there is no channel conda-forge"
    assert remedy.startswith("  What to do: ")
    assert "embedded" in remedy


def test_an_unknown_suite_is_refused() -> None:
    done = run("--suite", "buster")
    assert done.returncode == 2
    assert "buster" in done.stderr
