"""The peer that teams build by hand: the same wheels in a virtual environment, as a .deb.

Debian's own dh-virtualenv makes it, with pip, which compiles the bytecode.  The package is
compressed with zstd, as ours is: with Debian's usual xz its installation would take longer.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from teamhub_build.wheelhouse import read_pins

NAME = "teamhub-virtualenv"
#: Where dh-virtualenv puts it.
PREFIX = f"/opt/venvs/{NAME}"
DEBIAN_PACKAGES = ("build-essential", "debhelper", "dh-virtualenv", "python3-dev", "python3-venv")

CONTROL = f"""\
Source: {NAME}
Section: science
Priority: optional
Maintainer: teamhub <root@localhost>
Build-Depends: debhelper-compat (= 13), dh-virtualenv
Standards-Version: 4.6.2

Package: {NAME}
Architecture: any
Depends: python3, ${{misc:Depends}}
Description: the wheels of teamhub in a virtual environment
 A peer to compare teamhub with.
"""
CHANGELOG = f"""\
{NAME} (1) unstable; urgency=medium

  * Made to be measured.

 -- teamhub <root@localhost>  Mon, 01 Jan 2024 00:00:00 +0000
"""
#: Nothing is stripped: wheels' libraries are as their makers want them.
RULES = """\
#!/usr/bin/make -f
%:
	dh $@ --with python-virtualenv

override_dh_virtualenv:
	dh_virtualenv --python=/usr/bin/python3 --builtin-venv --skip-install \
		--extra-pip-arg=--no-index --extra-pip-arg=--no-deps \
		--extra-pip-arg=--find-links={wheels}

override_dh_strip override_dh_shlibdeps override_dh_dwz:

override_dh_builddeb:
	dh_builddeb -- -Zzstd -z3
"""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def requirements(lock: Path) -> str:
    """The wheels of a lock, one a line."""
    return "".join(f"{pin.name}=={pin.version}\n" for pin in read_pins(lock))


def package(lock: Path, wheels: Path, cache: Path) -> Path:
    """The .deb of the wheels that `lock` names, built when it is not in `cache`.

    Takes a minute or two.
    """
    wanted = requirements(lock)
    key = hashlib.sha256((wanted + RULES + CONTROL).encode()).hexdigest()[:12]
    made = cache / f"{NAME}-{key}.deb"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        built(wanted, wheels, cache / "build").replace(made)
        shutil.rmtree(cache / "build")
    return made


def write_version(package: Path, version: int, files: Mapping[str, str], made: Path) -> None:
    """Write another version of the .deb, with these files more below site-packages."""
    tree = made.with_suffix(".tree")
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text("utf-8").replace("Version: 1\n", f"Version: {version}\n"))
    (site_packages,) = (tree / PREFIX.lstrip("/") / "lib").glob("python3*/site-packages")
    for path, text in files.items():
        (site_packages / path).parent.mkdir(exist_ok=True)
        (site_packages / path).write_text(text, "utf-8")
    subprocess.run(
        ["dpkg-deb", "-Zzstd", "-z3", "--build", tree, made], check=True, stdout=subprocess.DEVNULL
    )
    shutil.rmtree(tree)


def install_debian_packages() -> None:
    """Have dh-virtualenv on this machine."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    install = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends"]
    subprocess.run(
        [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", *install, *DEBIAN_PACKAGES], check=True
    )


def built(wanted: str, wheels: Path, work: Path) -> Path:
    """Build the package in an empty folder `work`."""
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "source"
    (tree / "debian").mkdir(parents=True)
    (tree / "requirements.txt").write_text(wanted, "utf-8")
    rules = RULES.replace("{wheels}", str(wheels))
    for name, text in (("control", CONTROL), ("changelog", CHANGELOG), ("rules", rules)):
        (tree / "debian" / name).write_text(text, "utf-8")
    (tree / "debian/rules").chmod(0o755)
    command = ["dpkg-buildpackage", "--no-sign", "--build=binary"]
    with (work / "log").open("w", encoding="utf-8") as log:
        subprocess.run(
            command, cwd=tree, env=ENVIRONMENT, check=True, stdout=log, stderr=subprocess.STDOUT
        )
    return next(work.glob("*.deb"))
