"""debconf's templates, read by debconf itself, and their translations."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from package.built import BuiltPackage
from support.checkout import REPOSITORY

PO = REPOSITORY / "debian/po"
LANGUAGES = sorted(path.stem for path in PO.glob("*.po"))


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


def stanzas(package: BuiltPackage) -> list[dict[str, str]]:
    """Each template's fields; of a description, its first line."""
    text = (package.control / "templates").read_text("utf-8")
    return [
        dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE)) for stanza in text.split("\n\n")
    ]


def names(package: BuiltPackage) -> list[str]:
    return [stanza["Template"] for stanza in stanzas(package)]


def test_debconf_loads_every_template(package: BuiltPackage, debconf: dict[str, str]) -> None:
    templates = package.control / "templates"
    subprocess.run(["debconf-loadtemplate", "teamhub", templates], env=debconf, check=True)
    questions = names(package)
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


def test_config_asks_every_question_and_explains_every_fault(package: BuiltPackage) -> None:
    config = (package.control / "config").read_text("utf-8").replace("\\\n", "")
    listed = re.search(r'^QUESTIONS="(.*)"$', config, re.MULTILINE)
    assert listed
    # a file that is missing is refused under the question's own name
    faults = {*re.findall(r"\brefuse ([a-z-]+)", config), "certificate-file", "key-file"}
    # and a number under the name that its rule has for that
    faults |= set(re.findall(r'\bcheck_number "\$value" ([a-z-]+)', config))
    used = {f"teamhub/{name}" for name in listed[1].split()}
    used |= {f"teamhub/error-{fault}" for fault in faults}
    assert used == set(names(package))


def test_questions_end_as_their_type_wants(package: BuiltPackage) -> None:
    # in Chinese the full-width forms
    ends = {"string": (":", "\uff1a"), "select": (":", "\uff1a"), "boolean": ("?", "\uff1f")}
    wrong = [
        text
        for stanza in stanzas(package)
        for field, text in stanza.items()
        if field.startswith("Description") and stanza["Type"] in ends
        if not text.endswith(ends[stanza["Type"]])
    ]
    assert wrong == []


def test_what_is_stored_of_a_choice_is_the_same_in_every_language(package: BuiltPackage) -> None:
    selects = {stanza["Template"]: stanza for stanza in stanzas(package) if "Choices" in stanza}
    stored = {name: stanza["Choices-C"] for name, stanza in selects.items()}
    assert stored == {
        "teamhub/certificate": "own, acme, files, none",
        "teamhub/interface": "lab, notebook",
    }
    for stanza in selects.values():
        shown = [text for field, text in stanza.items() if field.startswith("Choices")]
        assert {len(choices.split(", ")) for choices in shown} == {
            len(stanza["Choices-C"].split(", "))
        }


def test_every_language_is_in_the_package(package: BuiltPackage) -> None:
    for stanza in stanzas(package):
        for language in LANGUAGES:
            assert f"Description-{language}.UTF-8" in stanza, stanza["Template"]


def undated(catalogue: Path) -> str:
    return re.sub(r'^"POT-Creation-Date: .*$', "", catalogue.read_text("utf-8"), flags=re.MULTILINE)


def test_the_catalogues_are_those_of_the_templates(tmp_path: Path) -> None:
    shutil.copytree(PO, tmp_path / "po")
    shutil.copy(REPOSITORY / "debian/teamhub.templates", tmp_path)
    subprocess.run(["debconf-updatepo"], cwd=tmp_path, check=True)
    for catalogue in (PO / "templates.pot", *PO.glob("*.po")):
        assert undated(tmp_path / "po" / catalogue.name) == undated(catalogue), catalogue


def test_there_is_a_traditional_chinese_translation() -> None:
    assert "zh_TW" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_complete_and_sound(language: str) -> None:
    done = subprocess.run(
        ["msgfmt", "--check", "--statistics", "--output-file=/dev/null", PO / f"{language}.po"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C"},
        check=True,
    )
    assert re.fullmatch(r"\d+ translated messages\.\n", done.stderr)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_is_filled_in(language: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.po"
    subprocess.run(["msgcat", "--no-wrap", "-o", plain, PO / f"{language}.po"], check=True)
    messages = re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', plain.read_text("utf-8"), re.MULTILINE)
    assert messages
    for english, translated in messages:
        variables = re.findall(r"\$\{\w+\}", english)
        assert sorted(re.findall(r"\$\{\w+\}", translated)) == sorted(variables), english
