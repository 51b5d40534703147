"""What a server offers to a solve: what it has; and at the build, what every server has."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

#: Prints what a function of the module offers; rattler looks at the machine once for a process.
OFFERED = """
import json, os, sys
from teamhub_shared.conda import platform

packages = getattr(platform, sys.argv[1])(*sys.argv[2:])
print(json.dumps({each.name.normalized: str(each.version) for each in packages}), flush=True)
os._exit(0)
"""
#: NVIDIA's management library, as far as rattler asks it, of a driver for CUDA 12.4.
DRIVER = """
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
"""


def offered(function: str, *arguments: str, **variables: str) -> dict[str, str]:
    """The virtual packages by name, with their versions."""
    done = subprocess.run(
        [sys.executable, "-c", OFFERED, function, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture
def driver(tmp_path: Path) -> str:
    """A folder with a GPU's driver in it."""
    library = tmp_path / "libnvidia-ml.so.1"
    compiler = ["gcc", "-shared", "-fPIC", "-x", "c", "-o", str(library), "-"]
    subprocess.run(compiler, input=DRIVER.encode(), check=True)
    return str(tmp_path)


def test_a_server_offers_what_it_has() -> None:
    found = offered("virtual_packages")
    assert found.keys() == {"__unix", "__linux", "__glibc", "__archspec"}
    assert platform.release().startswith(found["__linux"])
    assert found["__glibc"] == platform.libc_ver()[1]


def test_a_server_with_a_gpu_offers_its_drivers_cuda(driver: str) -> None:
    assert offered("virtual_packages", LD_LIBRARY_PATH=driver)["__cuda"] == "12.4"


def test_an_admin_can_say_what_the_server_will_have() -> None:
    assert offered("virtual_packages", CONDA_OVERRIDE_CUDA="11.8")["__cuda"] == "11.8"


def test_a_build_offers_what_every_server_has_and_nothing_of_its_own_machine(driver: str) -> None:
    variables = {"LD_LIBRARY_PATH": driver, "CONDA_OVERRIDE_GLIBC": "2.99"}
    assert offered("target_virtual_packages", "2.28", **variables) == {
        "__unix": "0",
        "__linux": "6.1",
        "__glibc": "2.28",
        "__archspec": "1",
    }
