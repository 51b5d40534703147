"""Modules are compiled by the environment's own Python, which may do nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from teamhub.environment.conda import bytecode
from teamhub.environment.conda.bytecode import CannotCompile, compile_modules

#: PEP 552: the flags of bytecode that is checked neither by time nor by hash.
UNCHECKED_HASH = b"\x01\x00\x00\x00"
MODULES = "lib/python3/site-packages"


@pytest.fixture
def prefix(reachable: Path) -> Path:
    """A prefix with a Python, in a folder of its own as in a generation."""
    made = reachable / "generation/user"
    (made / "bin").mkdir(parents=True)
    (made / MODULES).mkdir(parents=True)
    (made / "bin/python3").symlink_to("/usr/bin/python3")
    return made


def write(prefix: Path, name: str, text: str | bytes) -> str:
    """A module of the prefix; its path."""
    file = prefix / MODULES / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return f"{MODULES}/{name}"


def compiled(prefix: Path) -> dict[str, Path]:
    """The bytecode that there is, by the path of its module."""
    found = (prefix / MODULES).rglob("*.pyc")
    return {bytecode.source_of(str(each.relative_to(prefix))): each for each in found}


def test_each_module_has_bytecode_beside_it_which_is_roots(prefix: Path) -> None:
    modules = [write(prefix, f"{n}/module.py", f"VALUE = {n}\n") for n in range(7)]
    compile_modules(prefix, modules)
    found = compiled(prefix)
    assert sorted(found) == modules
    for module, file in found.items():
        status = file.stat()
        assert file.read_bytes()[4:8] == UNCHECKED_HASH
        assert str(prefix / module).encode() in file.read_bytes()
        assert (status.st_uid, status.st_mode & 0o7777) == (0, 0o644)
    program = f"import sys; sys.path[:0] = ['{prefix}/{MODULES}/3']; import module; print(module)"
    (prefix / modules[3]).write_text("VALUE = 'from the source'\n")
    printed = subprocess.check_output(["/usr/bin/python3", "-c", f"{program}; print(module.VALUE)"])
    assert printed.endswith(b"\n3\n")


@pytest.mark.parametrize("text", ["def\n", b"\xff\x00", "x = 1\x00", "(" * 500])
def test_a_module_that_this_python_cannot_compile_stays_source(
    prefix: Path, text: str | bytes
) -> None:
    bad, good = write(prefix, "bad.py", text), write(prefix, "good.py", "")
    compile_modules(prefix, [bad, good])
    assert list(compiled(prefix)) == [good]


def test_what_python_would_warn_of_is_no_fault(prefix: Path) -> None:
    module = write(prefix, "old.py", "x = '\\d' is 'x'\n")
    compile_modules(prefix, [module])
    assert list(compiled(prefix)) == [module]


def test_no_pth_file_and_no_module_of_the_prefix_runs_meanwhile(prefix: Path) -> None:
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
    (folder,) = prefix.glob("lib/python3.*/site-packages")
    evil = "import sys; open('/tmp/teamhub-evil', 'w'); sys.exit(7)\n"
    for name in ("evil.pth", "sitecustomize.py", "py_compile.py"):
        (folder / name).write_text(evil)
    module = write(prefix, "module.py", "")
    compile_modules(prefix, [module])
    assert not Path("/tmp/teamhub-evil").exists()


def fake_python(prefix: Path, script: str) -> None:
    """A Python of some channel that does what it likes; its last argument is where to write."""
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").write_text(f"#!/bin/sh\nfor tree; do :; done\n{script}\n")
    (prefix / "bin/python3").chmod(0o755)


def test_of_what_python_writes_only_the_modules_bytecode_is_taken(prefix: Path) -> None:
    module = write(prefix, "module.py", "")
    other = write(prefix, "other.py", "")
    cached = f"$tree/{MODULES}/__pycache__"
    names = ("module.x.pyc", "other.x.pyc", "module.x.so", "../evil.py")
    fake_python(
        prefix,
        f"mkdir -p {cached} $tree/bin && touch $tree/bin/evil "
        + " ".join(f"{cached}/{name}" for name in names),
    )
    before = {path for path in prefix.rglob("*") if path.is_file()}
    compile_modules(prefix, [module])
    after = {path for path in prefix.rglob("*") if path.is_file()}
    assert after - before == {prefix / MODULES / "__pycache__/module.x.pyc"}
    assert (prefix / other).exists()


def test_a_python_that_fails_is_named_with_its_last_words(prefix: Path) -> None:
    fake_python(prefix, "echo first >&2; echo 'no such library' >&2; exit 1")
    with pytest.raises(CannotCompile, match=f"{prefix}/bin/python3 cannot compile: no such lib"):
        compile_modules(prefix, [write(prefix, "module.py", "")])


def test_one_of_its_processes_that_is_killed_is_an_error(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = bytecode.COMPILE.replace("compile_some(modules[", "os.kill(os.getpid(), 9); ([", 1)
    monkeypatch.setattr(bytecode, "COMPILE", killed)
    with pytest.raises(CannotCompile):
        compile_modules(prefix, [write(prefix, "module.py", "")])


def test_it_leaves_nothing_else(prefix: Path) -> None:
    compile_modules(prefix, [write(prefix, "module.py", "")])
    assert os.listdir(prefix.parent) == ["user"]  # noqa: PTH208 - the names alone
