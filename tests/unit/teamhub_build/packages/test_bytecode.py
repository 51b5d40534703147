"""Bytecode comes from the suite's own python, and is used by it as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from teamhub_build.packages.bytecode import BytecodeError, suite_python, write_bytecode
from teamhub_build.suites import SUITES, Suite

#: PEP 552: the flag word of bytecode that is checked neither by time nor by hash.
UNCHECKED_HASH = (1).to_bytes(4, "little")


def write_module(path: Path, source: str = "VALUE = 1\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")


def bytecode(tree: Path) -> set[str]:
    """The modules that were compiled."""
    return {path.name.partition(".")[0] for path in tree.rglob("*.pyc")}


def test_it_is_never_checked_against_the_source(tmp_path: Path, suite: Suite) -> None:
    write_module(tmp_path / "app/module.py")
    write_bytecode(tmp_path, suite_python(suite))
    (compiled,) = tmp_path.rglob("*.pyc")
    assert compiled.read_bytes()[4:8] == UNCHECKED_HASH


def test_the_suites_python_imports_it(tmp_path: Path, suite: Suite) -> None:
    write_module(tmp_path / "app/module.py", "VALUE = 'compiled'\n")
    write_bytecode(tmp_path, suite_python(suite))
    write_module(tmp_path / "app/module.py", "VALUE = 'source'\n")
    printed = subprocess.check_output(
        [suite_python(suite), "-c", "from app.module import VALUE; print(VALUE)"], cwd=tmp_path
    )
    assert printed == b"compiled\n"


def test_it_names_no_path_of_the_build_machine(tmp_path: Path, suite: Suite) -> None:
    write_module(tmp_path / "app/module.py", "def function():\n    pass\n")
    write_bytecode(tmp_path, suite_python(suite))
    (compiled,) = tmp_path.rglob("*.pyc")
    assert str(tmp_path).encode() not in compiled.read_bytes()
    assert b"app/module.py" in compiled.read_bytes()


def test_a_file_that_this_python_cannot_compile_stays_source(tmp_path: Path, suite: Suite) -> None:
    write_module(tmp_path / "app/module.py")
    write_module(tmp_path / "app/template.py", "print 'Python 2'\n")
    write_bytecode(tmp_path, suite_python(suite))
    assert bytecode(tmp_path) == {"module"}


def test_two_compilations_give_the_same_bytes(tmp_path: Path, suite: Suite) -> None:
    source = "def f(x):\n    return x in {'a', 'b', 'c', 'd'} or x in ('a', 'one', 2.5, None)\n"
    compiled = []
    for name in ("one", "other"):
        write_module(tmp_path / name / "app/module.py", source)
        write_bytecode(tmp_path / name, suite_python(suite))
        (file,) = (tmp_path / name).rglob("*.pyc")
        compiled.append(file.read_bytes())
    assert compiled[0] == compiled[1]


def test_without_the_suites_own_python_nothing_can_be_compiled(suite: Suite) -> None:
    (other,) = (each for each in SUITES.values() if each != suite)
    with pytest.raises(BytecodeError, match=rf"/usr/bin/python{other.python} is not here"):
        suite_python(other)
