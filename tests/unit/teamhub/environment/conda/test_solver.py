"""What is solved for is what this server can run."""

from __future__ import annotations

import pytest

from support.conda_channel import Channel
from teamhub.environment.conda.channels import NoSuchPackage
from unit.teamhub.environment.conftest import Server


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
