"""The lock of a generation has what this server can run; where it cannot, its reader learns why."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment.conda import solver
from teamhub.environment.conda.channels import NoSuchPackage
from teamhub.environment.conda.packages import locked_records
from teamhub.environment.store.generations import CannotWrite
from teamhub.environment.team.file import TeamPackages
from unit.teamhub.environment.conftest import Server


@pytest.fixture
def team(other: Channel) -> TeamPackages:
    return TeamPackages((other.url,), ("extra",), ())


def test_it_has_both_environments(server: Server, team: TeamPackages, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    solver.write_lock(server.layout, team, lock)
    names = {
        environment: {record.name.normalized for record in locked_records(lock, environment)}
        for environment in ("hub", "user")
    }
    assert names == {"hub": {"jupyterhub"}, "user": {"extra", "jupyterhub", "library"}}


def test_where_it_cannot_be_written_the_file_is_named(
    server: Server, team: TeamPackages, tmp_path: Path
) -> None:
    lock = tmp_path / "absent/lock"
    with pytest.raises(CannotWrite, match=f"cannot write {lock}: No such file or directory"):
        solver.write_lock(server.layout, team, lock)


@pytest.fixture
def gpu(other: Channel) -> Channel:
    """A channel with a build for GPUs, as conda-forge's depend on a driver."""
    other.add("tensors", depends=["__cuda >=12"])
    return other


def test_a_gpu_build_is_had_where_there_is_a_driver(
    server: Server, gpu: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    server.ask("tensors", channels=[gpu.url])
    server.apply()
    assert server.version("tensors") == "1.0"


def test_a_gpu_build_is_refused_where_there_is_none(
    server: Server, gpu: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "")
    server.ask("tensors", channels=[gpu.url])
    with pytest.raises(NoSuchPackage, match="__cuda"):
        server.apply()
