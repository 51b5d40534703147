"""build.py's command line, under Debian's own Python with nothing installed."""

from __future__ import annotations

import subprocess

from support.checkout import REPOSITORY
from teamhub_build.profiles import PROFILES
from teamhub_build.suites import SUITES

OPTIONS = ("--offline", "--output", "--channel", "--thin", "--lock")


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
    for choice in (*OPTIONS, "{build,lock,docs}", "lock", *SUITES, *PROFILES):
        assert choice in help_text


def test_options_that_exclude_each_other_are_refused_before_anything_is_done() -> None:
    done = run("--channel", "conda-forge", "--suite", "trixie")
    assert done.returncode == 1
    problem, remedy = done.stderr.splitlines()
    assert problem.startswith("build.py: a package of a conda channel")
    assert remedy == "  What to do: leave --suite out"


def test_an_unknown_suite_is_refused() -> None:
    done = run("--suite", "buster")
    assert done.returncode == 2
    assert "buster" in done.stderr
