"""Which files the package installs: where, whose, with what mode, and nothing else."""

from __future__ import annotations

import re
import tarfile

import pytest

from package.built import BuiltPackage

#: Every path matches one of these, the first that fits, and has its type and mode.
EXPECTED = [
    (r"etc/sudoers\.d", "folder", 0o750),
    (r"etc/sudoers\.d/teamhub", "file", 0o440),
    (r"etc/pam\.d/teamhub(-spawn)?", "file", 0o644),
    (r"etc/fail2ban/(filter|jail)\.d/teamhub\.conf", "file", 0o644),
    (r"etc/teamhub/[\w/.-]+\.(py|json|yml)", "file", 0o644),
    (r"etc(/(fail2ban(/(filter|jail)\.d)?|pam\.d|teamhub(/[\w/.-]+)?))?", "folder", 0o755),
    (r"(usr/)?lib/systemd/system/teamhub[\w-]*\.(service|timer)", "file", 0o644),
    (r"(usr/)?lib(/systemd(/system)?)?", "folder", 0o755),
    (r"usr/lib/(sysusers|tmpfiles)\.d/teamhub\.conf", "file", 0o644),
    (r"usr/lib/(sysusers|tmpfiles)\.d", "folder", 0o755),
    (
        r"usr/lib/teamhub/"
        r"(acme(-challenge)?|attached|hub-configuration|hub-stopped|panel|proxy|proxy-reload|server-folder|sudospawner(-singleuser)?)",
        "file",
        0o755,
    ),
    (r"usr/lib/teamhub/(\w[\w/-]*\.(py|pyi|cjs|abi3\.so)|rattler/py\.typed)", "file", 0o644),
    (r"usr/lib/teamhub/hub/teamhub_shared", "link", 0o777),
    (r"usr/lib/teamhub(/\w[\w/-]*)?", "folder", 0o755),
    (r"usr/sbin/teamhub", "file", 0o755),
    (r"usr/share/teamhub/channel/(noarch|linux-64)/[\w.+!-]+\.conda", "file", 0o644),
    (r"usr/share/teamhub/channel/(noarch|linux-64)/repodata\.json(\.zst)?", "file", 0o644),
    (r"usr/share/teamhub/channel/(teamhub\.lock|specs\.json)", "file", 0o644),
    (r"usr/share/teamhub/teamhub\.cdx\.json", "file", 0o644),
    (r"usr/share/teamhub/(error-pages|templates)/[\w-]+\.html", "file", 0o644),
    (r"usr/share/teamhub/conffiles/etc/teamhub/[\w/.-]+\.(py|json|yml)", "file", 0o644),
    (r"usr/share/teamhub/conffiles/etc/fail2ban/\w+\.d/teamhub\.conf", "file", 0o644),
    (r"usr/share/teamhub/conffiles/etc/(pam|sudoers)\.d/teamhub(-spawn)?", "file", 0o644),
    (r"usr/share/teamhub/jupyter/[\w/.-]+\.(js|json|py)", "file", 0o644),
    (r"usr/share/teamhub/jupyter/jupyter_server_config\.d", "folder", 0o755),
    (r"usr/share/teamhub/conffiles(/[\w.-]+)*", "folder", 0o755),
    (r"usr/share/teamhub(/[\w-]+)*", "folder", 0o755),
    (r"usr/share/doc/teamhub/(NEWS\.Debian\.gz|changelog\.gz|copyright)", "file", 0o644),
    (r"usr/share/doc/teamhub/teamhub\.cdx\.json", "link", 0o777),
    (r"usr/share/man/man8/teamhub\.8\.gz", "file", 0o644),
    (r"usr/share/lintian/overrides/teamhub", "file", 0o644),
    (r"usr/share/python3/runtime\.d/teamhub\.rtupdate", "file", 0o755),
    (r"usr/share/(doc|man|lintian|python3)(/[\w.-]+)*", "folder", 0o755),
    (r"usr(/(sbin|share))?", "folder", 0o755),
]

#: In the tree conffiles/, what lands in /etc; here by what they are for.
CONFFILES = {
    "/etc/fail2ban/filter.d/teamhub.conf",
    "/etc/fail2ban/jail.d/teamhub.conf",
    "/etc/pam.d/teamhub",
    "/etc/pam.d/teamhub-spawn",
    "/etc/sudoers.d/teamhub",
    "/etc/teamhub/environment.yml",
    "/etc/teamhub/jupyterhub_config.py",
}


def expectation(path: str) -> tuple[str, str, int] | None:
    return next((line for line in EXPECTED if re.fullmatch(line[0], path)), None)


def kind(info: tarfile.TarInfo) -> str:
    kinds = {tarfile.DIRTYPE: "folder", tarfile.REGTYPE: "file", tarfile.SYMTYPE: "link"}
    return kinds.get(info.type, "something else")


def test_every_path_is_expected_with_its_type_and_mode(package: BuiltPackage) -> None:
    found = {path: (kind(info), oct(info.mode)) for path, info in package.entries.items()}
    expected = {}
    for path in found:
        line = expectation(path)
        expected[path] = (line[1], oct(line[2])) if line else ("not expected", "")
    assert found == expected


def test_every_expectation_is_met_by_some_path(package: BuiltPackage) -> None:
    met = {expectation(path) for path in package.entries}
    assert [line for line in EXPECTED if line not in met] == []


def test_all_of_it_belongs_to_root(package: BuiltPackage) -> None:
    owners = {(info.uname, info.gname, info.uid, info.gid) for info in package.entries.values()}
    assert owners == {("root", "root", 0, 0)}


@pytest.mark.parametrize("place", ["opt", "usr/local", "var", "home", "srv", "tmp", "root", "run"])
def test_nothing_ships_where_the_admin_or_the_server_itself_writes(
    package: BuiltPackage, place: str
) -> None:
    assert [
        path
        for path in package.entries
        if path.split("/")[: place.count("/") + 1] == place.split("/")
    ] == []


def test_conffiles_are_the_files_below_etc(package: BuiltPackage) -> None:
    below_etc = {
        f"/{path}"
        for path, info in package.entries.items()
        if path.startswith("etc/") and info.isreg()
    }
    assert set(package.conffiles) == below_etc
    assert below_etc >= CONFFILES


def test_every_file_is_as_old_as_the_changelog(package: BuiltPackage) -> None:
    changelog = package.entries["usr/share/doc/teamhub/changelog.gz"].mtime
    assert max(info.mtime for info in package.entries.values()) == changelog
