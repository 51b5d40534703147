"""What of the working tree goes where on a server."""

from __future__ import annotations

import re

import pytest

from support.checkout import REPOSITORY
from support.tree.places import canonical, gone, is_conffile, links, mode, places

INSTALL = """\
conffiles/etc /
payload/channel usr/share/teamhub
payload/rattler usr/lib/teamhub
src/programs/proxy usr/lib/teamhub
src/programs/teamhub usr/sbin
src/teamhub_hub usr/lib/teamhub/hub
src/web/templates usr/share/teamhub
"""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("conffiles/etc/teamhub/environment.yml", "/etc/teamhub/environment.yml"),
        ("src/programs/proxy", "/usr/lib/teamhub/proxy"),
        ("src/programs/teamhub", "/usr/sbin/teamhub"),
        ("src/teamhub_hub/login.py", "/usr/lib/teamhub/hub/teamhub_hub/login.py"),
        ("src/web/templates/login.html", "/usr/share/teamhub/templates/login.html"),
        ("src/teamhub/people/accounts.py", "/usr/lib/teamhub/teamhub/people/accounts.py"),
        ("src/teamhub_shared/__init__.py", "/usr/lib/teamhub/teamhub_shared/__init__.py"),
        ("debian/teamhub.service", "/usr/lib/systemd/system/teamhub.service"),
        (
            "debian/teamhub.teamhub-certificates.timer",
            "/usr/lib/systemd/system/teamhub-certificates.timer",
        ),
        ("debian/teamhub.sysusers", "/usr/lib/sysusers.d/teamhub.conf"),
        ("debian/teamhub.tmpfiles", "/usr/lib/tmpfiles.d/teamhub.conf"),
    ],
)
def test_a_file_goes_where_the_package_has_it(name: str, path: str) -> None:
    assert places([name], INSTALL) == {path: name}


@pytest.mark.parametrize(
    "name",
    [
        "src/setup.py",
        "src/programs/proxy-of-another-name",
        "src/teamhub_build/cli.py",
        "debian/rules",
        "debian/teamhub.templates",
        "debian/teamhub.8",
        "debian/changelog",
    ],
)
def test_what_only_a_build_uses_goes_nowhere(name: str) -> None:
    assert places([name], INSTALL) == {}


def test_every_line_of_this_trees_install_file_has_its_source() -> None:
    lines = (REPOSITORY / "debian/teamhub.install").read_text("utf-8").splitlines()
    sources = [line.split()[0] for line in lines if not line.startswith("payload/")]
    assert [source for source in sources if not (REPOSITORY / source).exists()] == []


def test_every_file_of_debian_is_laid_or_known_to_be_a_builds() -> None:
    """A new kind of file for debhelper would be missing on the servers of `make dev`."""
    names = [
        f"debian/{path.name.removesuffix('.j2')}" for path in REPOSITORY.glob("debian/teamhub.*")
    ]
    laid = places(names, INSTALL).values()
    assert {name for name in names if name not in laid} == {
        "debian/teamhub.8",
        "debian/teamhub.dirs",
        "debian/teamhub.install",
        "debian/teamhub.links",
        "debian/teamhub.lintian-overrides",
        "debian/teamhub.manpages",
        "debian/teamhub.templates",
    }


def test_links_are_relative_within_a_folder_of_the_root() -> None:
    assert links("usr/lib/a/shared usr/lib/a/hub/shared\nvar/lib/a etc/a\n") == {
        "/usr/lib/a/hub/shared": "../shared",
        "/etc/a": "/var/lib/a",
    }


def test_a_file_that_the_tree_has_no_more_is_gone() -> None:
    listed = ["/usr/lib/teamhub/teamhub/accounts.py", "/usr/lib/teamhub/teamhub/cli.py"]
    placed = {"/usr/lib/teamhub/teamhub/cli.py": "src/teamhub/cli.py"}
    assert gone(listed, placed, INSTALL) == ["/usr/lib/teamhub/teamhub/accounts.py"]


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/teamhub/rattler/rattler.abi3.so",
        "/usr/share/teamhub/channel/teamhub.lock",
        "/usr/share/man/man8/teamhub.8.gz",
        "/usr/share/doc/teamhub/copyright",
        "/etc/teamhub/jupyterhub_config.d",
    ],
)
def test_what_a_build_adds_stays(path: str) -> None:
    assert gone([path], {}, INSTALL) == []


def test_a_unit_is_the_same_in_lib_and_in_usr_lib() -> None:
    placed = places(["debian/teamhub.service"], INSTALL)
    assert gone(["/lib/systemd/system/teamhub.service"], placed, INSTALL) == []
    assert canonical("/lib/systemd/system/x.service") == "/usr/lib/systemd/system/x.service"
    assert canonical("/library/x") == "/library/x"


def test_modes_are_the_packages() -> None:
    assert mode("/usr/lib/teamhub/proxy", 0o100755) == 0o755
    assert mode("/usr/lib/teamhub/teamhub/cli.py", 0o100644) == 0o644
    assert mode("/etc/sudoers.d/teamhub", 0o100644) == 0o440
    rules = (REPOSITORY / "debian/rules").read_text("utf-8")
    assert re.search(r"chmod 0440 \S+/etc/sudoers\.d/teamhub", rules)


def test_conffiles_are_what_is_in_etc() -> None:
    assert is_conffile("/etc/teamhub/environment.yml")
    assert not is_conffile("/usr/share/etc/x")
