"""How a process is found to need a generation."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from teamhub.environment.store import in_use
from teamhub.environment.store.in_use import Use

SLEEP = ("/bin/sleep", "300")


@pytest.fixture
def generation(tmp_path: Path) -> Path:
    """A generation with one file in it."""
    folder = tmp_path / "generations/one"
    (folder / "user/bin").mkdir(parents=True)
    (folder / "user/file").write_text("x")
    return folder


@contextmanager
def process(
    command: Sequence[str] = SLEEP,
    *,
    cwd: Path = Path("/"),
    env: Mapping[str, str] | None = None,
    stdin: IO[str] | None = None,
) -> Iterator[int]:
    """A process that has begun its program; its id."""
    started = subprocess.Popen(command, cwd=cwd, env=env, stdin=stdin)
    try:
        yield started.pid
    finally:
        started.kill()
        started.wait()


def uses(generation: Path, pid: int) -> list[Use]:
    """What a process is found to use."""
    return [use for use in in_use.uses(generation.parent) if use.pid == pid]


def names(generation: Path, pid: int) -> list[str]:
    """The generations that a process is found to use."""
    return [use.generation for use in uses(generation, pid)]


def test_by_its_working_directory(generation: Path) -> None:
    with process(cwd=generation / "user") as pid:
        assert names(generation, pid) == ["one"]


def test_by_an_open_file(generation: Path) -> None:
    with (generation / "user/file").open() as file, process(stdin=file) as pid:
        assert names(generation, pid) == ["one"]


def test_by_its_program(generation: Path) -> None:
    shutil.copy("/bin/sleep", generation / "user/bin")
    with process((str(generation / "user/bin/sleep"), "300")) as pid:
        assert names(generation, pid) == ["one"]


def test_by_a_script_that_has_not_loaded_all_of_itself(generation: Path) -> None:
    script = str(generation / "user/bin/script")
    with process(("/bin/sh", "-c", "/bin/sleep 300; true", script)) as pid:
        assert names(generation, pid) == ["one"]


def test_by_its_search_path(generation: Path) -> None:
    search_path = f"/usr/bin:{generation}/user/bin:/bin"
    with process(env={"PATH": search_path}) as pid:
        assert names(generation, pid) == ["one"]


def test_by_a_file_that_has_been_removed_since(generation: Path) -> None:
    with (generation / "user/file").open() as file, process(stdin=file) as pid:
        (generation / "user/file").unlink()
        assert names(generation, pid) == ["one"]


def test_by_each_of_those_that_it_uses(generation: Path) -> None:
    (generation.parent / "two").mkdir()
    with process(cwd=generation, env={"PATH": f"{generation.parent}/two"}) as pid:
        assert names(generation, pid) == ["one", "two"]


def test_by_where_it_lies_though_it_is_named_by_a_link(generation: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere"
    link.symlink_to(generation.parent)
    with process(cwd=generation) as pid:
        assert names(link / "one", pid) == ["one"]
    with process(env={"PATH": f"{link}/one/bin"}) as pid:
        assert names(link / "one", pid) == ["one"]


def test_the_folder_of_all_generations_is_none_of_them(generation: Path) -> None:
    with process(cwd=generation.parent, env={"PATH": f"{generation.parent}/"}) as pid:
        assert names(generation, pid) == []


def test_a_folder_of_a_like_name_is_none_of_them(generation: Path, tmp_path: Path) -> None:
    (tmp_path / "generations-old").mkdir()
    with process(cwd=tmp_path / "generations-old") as pid:
        assert names(generation, pid) == []


def test_nobody_uses_a_server_that_rests(generation: Path) -> None:
    assert in_use.uses(generation.parent) == []


def test_a_use_says_by_whom_and_since_when(generation: Path) -> None:
    before = time.time()
    with process(cwd=generation) as pid:
        (use,) = uses(generation, pid)
    assert use.user == pwd.getpwuid(os.geteuid()).pw_name
    assert use.program == "sleep"
    # the kernel says when it was started itself to the second
    assert before - 2 < use.started < time.time() + 2
