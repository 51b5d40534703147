"""debconf's templates, read by debconf itself."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from package.built import BuiltPackage


@pytest.fixture
def debconf(tmp_path: Path) -> dict[str, str]:
    """An environment in which debconf's databases are empty files of this test."""
    settings = tmp_path / "debconf.conf"
    settings.write_text(
        "Config: config\nTemplates: templates\n\n"
        f"Name: config\nDriver: File\nFilename: {tmp_path}/config.dat\n\n"
        f"Name: templates\nDriver: File\nFilename: {tmp_path}/templates.dat\n"
    )
    return {**os.environ, "DEBCONF_SYSTEMRC": str(settings)}


def test_debconf_loads_every_template(package: BuiltPackage, debconf: dict[str, str]) -> None:
    templates = package.control / "templates"
    subprocess.run(["debconf-loadtemplate", "teamhub", templates], env=debconf, check=True)
    questions = re.findall(r"^Template: (\S+)$", templates.read_text("utf-8"), re.MULTILINE)
    assert questions
    asked = "".join(f"METAGET {question} description\n" for question in questions)
    answers = subprocess.run(
        ["debconf-communicate", "teamhub"],
        input=asked,
        env=debconf,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.splitlines()
    # "0 TEXT": the command succeeded and the question has words
    assert [answer.split(" ", 1)[0] for answer in answers] == ["0"] * len(questions)
    assert all(answer.partition(" ")[2] for answer in answers)


def test_every_question_of_the_maintscripts_has_a_template(package: BuiltPackage) -> None:
    templates = (package.control / "templates").read_text("utf-8")
    declared = set(re.findall(r"^Template: (\S+)$", templates, re.MULTILINE))
    used = set()
    for script in ("config", "postinst", "prerm", "postrm"):
        text = (package.control / script).read_text("utf-8")
        used |= set(re.findall(r"db_(?:get|set|input|fset)[^\n#]*?\b(teamhub/[\w-]+)", text))
    assert used == declared
