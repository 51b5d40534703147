"""What is edited of dpkg's database."""

from __future__ import annotations

import pytest

from support.tree.dpkg_records import (
    Status,
    is_same_script,
    new_list,
    new_md5sums,
    with_snippets,
)

STANZA = """\
Package: teamhub
Status: install ok installed
Version: 0.1.0~deb12
Conffiles:
 /etc/pam.d/teamhub c8f0fe3b03fb2175b688ba7ea035430d
 /etc/sudoers.d/teamhub 0cc175b9c0f1b6a831c399e269772661
Description: Jupyter server for a team
 Turns a server into one.
"""
BEFORE = "Package: teamhub-archive-keyring\nStatus: install ok installed\nVersion: 1\n\n"
AFTER = "\nPackage: ucf\nStatus: install ok installed\nVersion: 3\n"
SNIPPET = """\
# Automatically added by dh_python3
py3compile -p teamhub
# End automatically added section
# Automatically added by dh_installsystemd/13.11.4
systemctl daemon-reload
# End automatically added section
"""


def test_the_package_is_unpacked_and_others_are_as_they_were() -> None:
    text = Status.read(BEFORE + STANZA + AFTER).unpacked()
    unpacked = STANZA.replace("ok installed", "ok unpacked").replace(
        "Version: 0.1.0~deb12\n", "Version: 0.1.0~deb12\nConfig-Version: 0.1.0~deb12\n"
    )
    assert text == BEFORE + unpacked + AFTER


def test_a_package_that_waits_already_keeps_the_version_that_was_configured() -> None:
    waiting = STANZA.replace("ok installed", "ok half-configured").replace(
        "Conffiles:", "Config-Version: 0.0.9\nConffiles:"
    )
    text = Status.read(waiting).unpacked()
    assert text == waiting.replace("half-configured", "unpacked")


def test_it_is_configured_when_dpkg_says_so() -> None:
    assert Status.read(STANZA).is_configured
    assert not Status.read(Status.read(STANZA).unpacked()).is_configured


def test_new_conffiles_are_among_the_others() -> None:
    status = Status.read(Status.read(STANZA).unpacked(["/etc/teamhub/new.conf"]))
    assert status.conffiles == {
        "/etc/teamhub/new.conf": "newconffile",
        "/etc/pam.d/teamhub": "c8f0fe3b03fb2175b688ba7ea035430d",
        "/etc/sudoers.d/teamhub": "0cc175b9c0f1b6a831c399e269772661",
    }


def test_a_server_without_teamhub_is_refused() -> None:
    with pytest.raises(ValueError, match="teamhub"):
        Status.read(BEFORE + AFTER)


def test_the_list_has_the_folders_of_new_files() -> None:
    listed = ["/.", "/usr", "/usr/lib", "/usr/lib/old.py"]
    text = new_list(listed, ["/usr/lib/room/new.py"], ["/usr/lib/old.py"])
    assert text.splitlines() == [
        "/.", "/usr", "/usr/lib", "/usr/lib/room", "/usr/lib/room/new.py"
    ]  # fmt: skip


def test_md5sums_follow_the_files() -> None:
    text = "aaa  usr/lib/a b.py\nbbb  usr/lib/b.py\nccc  usr/lib/c.py\n"
    assert new_md5sums(text, {"/usr/lib/b.py": "new", "/usr/d": "ddd"}, ["/usr/lib/c.py"]) == (
        "aaa  usr/lib/a b.py\nnew  usr/lib/b.py\nddd  usr/d\n"
    )


def test_debhelpers_part_is_the_installed_scripts() -> None:
    installed = f"#!/bin/sh\nold\n\n{SNIPPET}\n\nexit 0\n"
    assert with_snippets("#!/bin/sh\nnew\n#DEBHELPER#\nexit 0\n", installed) == (
        f"#!/bin/sh\nnew\n{SNIPPET}\nexit 0\n"
    )


def test_without_such_a_part_the_token_goes() -> None:
    assert with_snippets("new\n#DEBHELPER#\nexit 0\n", "") == "new\n\nexit 0\n"


def test_scripts_that_differ_in_empty_lines_are_the_same() -> None:
    assert is_same_script("a\n\n\nb\n", "a\nb\n")
    assert not is_same_script("a\n b\n", "a\nb\n")
