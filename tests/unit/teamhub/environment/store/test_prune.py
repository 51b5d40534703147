"""A generation that somebody uses, the current one and the newest three stay."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.conda_channel import Channel
from teamhub.environment.store import generations, prune
from unit.teamhub.environment.conftest import Server


@contextmanager
def using(generation: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works in a generation."""
    process = subprocess.Popen(["sleep", "300"], cwd=generation / "user")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def grow(server: Server, other: Channel, count: int) -> list[Path]:
    """Ask for one more package so many times; the generations that this made."""
    made = []
    names: list[str] = []
    for number in range(count):
        names.append(f"grown{number}")
        other.add(names[-1])
        server.ask(*names, channels=[other.url])
        made.append(server.apply())
    return made


def test_the_newest_three_stay(server: Server, other: Channel) -> None:
    first = server.current
    made = grow(server, other, 4)
    assert [generation.path for generation in server.state.generations] == made[-3:]
    assert not first.exists()
    assert "removed generation 1" in server.said


def test_a_generation_in_use_stays_until_it_is_not(server: Server, other: Channel) -> None:
    first = server.current
    with using(first):
        grow(server, other, 3)
        assert first.exists()
    prune.prune(server.state)
    assert not first.exists()


def test_the_current_generation_stays_however_old(server: Server, other: Channel) -> None:
    first = server.current
    with using(first):
        grow(server, other, 3)
    server.roll_back("1")
    assert prune.prune(server.state) == []
    assert server.current == first


def test_packages_that_no_generation_has_leave_the_cache(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    assert (server.layout.cache / "extra-1.0-0").is_dir()
    server.ask()
    server.roll_back("1")
    generations.remove(server.state.find("2").path)
    prune.prune(server.state)
    assert not list(server.layout.cache.glob("extra*"))
    assert (server.layout.cache / "library-2.0-0").is_dir()


def test_a_package_that_left_the_cache_comes_again(server: Server, other: Channel) -> None:
    test_packages_that_no_generation_has_leave_the_cache(server, other)
    server.ask("extra", channels=[other.url])
    server.apply()
    assert server.version("extra") == "1.0"
