"""A rendered tree laid over what an installation left."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.tree.laying import is_configured, lay, md5

LOGIN = "usr/lib/teamhub/hub/teamhub_hub/login.py"
CONFIG = "etc/teamhub/environment.yml"
INFO = "var/lib/dpkg/info/teamhub"


def write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(mode)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    write(tree / "debian/teamhub.install",
          "conffiles/etc /\nsrc/teamhub_hub usr/lib/teamhub/hub\n")  # fmt: skip
    write(tree / "src/teamhub_hub/login.py", "one\n")
    write(tree / f"conffiles/{CONFIG}", "dependencies: []\n")
    write(tree / "DEBIAN/postinst", "#!/bin/sh\n#DEBHELPER#\n")
    return tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A server with what the tree has."""
    root = tmp_path / "root"
    write(root / LOGIN, "one\n")
    write(root / CONFIG, "dependencies: []\n")
    write(Path(f"{root}/{INFO}.list"), "".join(f"/{path}\n" for path in (
        "etc", "etc/teamhub", CONFIG, "usr", "usr/lib", "usr/lib/teamhub", "usr/lib/teamhub/hub",
        "usr/lib/teamhub/hub/teamhub_hub", LOGIN)))  # fmt: skip
    write(Path(f"{root}/{INFO}.md5sums"), f"{md5(b'one' + bytes([10]))}  {LOGIN}\n")
    write(Path(f"{root}/{INFO}.conffiles"), f"/{CONFIG}\n")
    write(Path(f"{root}/{INFO}.postinst"), "#!/bin/sh\n", 0o755)
    write(root / "var/lib/dpkg/status",
          "Package: teamhub\nStatus: install ok installed\nVersion: 1\n"
          f"Conffiles:\n /{CONFIG} {md5((root / CONFIG).read_bytes())}\n")  # fmt: skip
    return root


def test_the_same_tree_changes_nothing(tree: Path, root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert lay(tree, root) == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert is_configured(root)


def test_a_changed_file_takes_the_place_of_the_old_one(tree: Path, root: Path) -> None:
    cache = root / LOGIN
    write(cache.parent / "__pycache__/login.cpython-311.pyc", "bytecode of the old one")
    write(tree / "src/teamhub_hub/login.py", "two\n")
    assert lay(tree, root) == [f"/{LOGIN}"]
    assert (root / LOGIN).read_text() == "two\n"
    assert not (cache.parent / "__pycache__").exists()
    assert Path(f"{root}/{INFO}.md5sums").read_text() == f"{md5(b'two' + bytes([10]))}  {LOGIN}\n"
    assert not is_configured(root)


def test_a_mode_is_a_change(tree: Path, root: Path) -> None:
    (tree / "src/teamhub_hub/login.py").chmod(0o755)
    assert lay(tree, root) == [f"/{LOGIN}"]
    assert (root / LOGIN).stat().st_mode & 0o777 == 0o755


def test_a_file_that_has_moved_is_in_one_place_alone(tree: Path, root: Path) -> None:
    (tree / "src/teamhub_hub/login.py").rename(tree / "src/teamhub_hub/form.py")
    assert lay(tree, root) == [f"/{LOGIN.replace('login', 'form')}", f"/{LOGIN}"]
    assert not (root / LOGIN).exists()
    listed = Path(f"{root}/{INFO}.list").read_text()
    assert f"/{LOGIN}\n" not in listed
    assert f"/{LOGIN.replace('login', 'form')}\n" in listed


def test_links_come_and_go(tree: Path, root: Path) -> None:
    link = "usr/lib/teamhub/hub/shared"
    write(tree / "debian/teamhub.links", f"usr/lib/teamhub/shared {link}\n")
    assert lay(tree, root) == [f"/{link}"]
    assert str((root / link).readlink()) == "../shared"
    assert lay(tree, root) == []
    (tree / "debian/teamhub.links").unlink()
    (root / "usr/lib/teamhub/shared").mkdir()
    assert lay(tree, root) == [f"/{link}"]
    assert not (root / link).is_symlink()


def test_a_conffile_is_left_for_dpkg_to_put_in_place(tree: Path, root: Path) -> None:
    write(root / CONFIG, "dependencies: [what the admin wants]\n")
    assert lay(tree, root) == []
    write(tree / f"conffiles/{CONFIG}", "dependencies: [new]\n")
    assert lay(tree, root) == [f"/{CONFIG}"]
    assert (root / CONFIG).read_text() == "dependencies: [what the admin wants]\n"
    assert (root / f"{CONFIG}.dpkg-new").read_text() == "dependencies: [new]\n"


def test_a_new_conffile_is_one_of_dpkgs(tree: Path, root: Path) -> None:
    write(tree / "conffiles/etc/teamhub/more.conf", "more\n")
    lay(tree, root)
    assert Path(f"{root}/{INFO}.conffiles").read_text().endswith("/etc/teamhub/more.conf\n")
    assert " /etc/teamhub/more.conf newconffile\n" in (root / "var/lib/dpkg/status").read_text()


def test_a_maintainer_script_is_laid_into_dpkgs_database(tree: Path, root: Path) -> None:
    write(tree / "DEBIAN/postinst", "#!/bin/sh\necho new\n#DEBHELPER#\n")
    assert lay(tree, root) == ["teamhub.postinst"]
    script = Path(f"{root}/{INFO}.postinst")
    assert "echo new" in script.read_text()
    assert script.stat().st_mode & 0o777 == 0o755
