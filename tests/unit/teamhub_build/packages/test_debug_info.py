"""Compiled code loses what debuggers read, and nothing that is loaded."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

from teamhub_build.packages.debug_info import (
    DEBUG_SECTION,
    loaded_content,
    without_debug_info,
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A shared object with debug information."""
    source, compiled = tmp_path / "answer.c", tmp_path / "answer.so"
    source.write_text("int answer(void) { return 42; }\n", "utf-8")
    subprocess.run(["cc", "-g", "-shared", "-fPIC", source, "-o", compiled], check=True)
    return compiled


def test_a_library_works_as_before(library: Path) -> None:
    stripped = without_debug_info(library.read_bytes())
    assert DEBUG_SECTION not in stripped
    library.write_bytes(stripped)
    assert ctypes.CDLL(str(library)).answer() == 42


def test_what_is_loaded_stays_the_same_to_the_byte(library: Path) -> None:
    before = library.read_bytes()
    assert loaded_content(without_debug_info(before)) == loaded_content(before)


def test_symbols_that_only_a_linker_reads_stay(library: Path) -> None:
    library.write_bytes(without_debug_info(library.read_bytes()))
    assert "answer" in subprocess.check_output(["nm", library], text=True)


def test_a_library_without_debug_information_is_not_touched(library: Path) -> None:
    once = without_debug_info(library.read_bytes())
    assert without_debug_info(once) is once


def test_code_that_would_be_loaded_differently_is_kept_as_it_is(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip = tmp_path / "strip"
    strip.write_text('#!/bin/sh\nprintf X | dd of="$2" bs=1 seek=4096 conv=notrunc\n', "utf-8")
    strip.chmod(0o755)
    monkeypatch.setattr("teamhub_build.packages.debug_info.STRIP", strip)
    before = library.read_bytes()
    assert without_debug_info(before) == before


def test_code_for_another_processor_is_kept_as_it_is(library: Path) -> None:
    foreign = bytearray(library.read_bytes())
    foreign[18:20] = (183).to_bytes(2, "little")  # e_machine: AArch64
    assert without_debug_info(bytes(foreign)) == foreign


def test_any_other_file_is_not_touched() -> None:
    assert without_debug_info(b"text" + DEBUG_SECTION) == b"text" + DEBUG_SECTION
