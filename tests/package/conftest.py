"""Each test runs on each built .deb."""

from __future__ import annotations

from pathlib import Path

import pytest

from package.built import BuiltPackage, unpack
from support.checkout import REPOSITORY


def _label(deb: Path) -> str:
    deb = deb.resolve()
    return str(deb.relative_to(REPOSITORY) if deb.is_relative_to(REPOSITORY) else deb)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deb", action="append", default=[], type=Path, help="a .deb to test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "package" in metafunc.fixturenames:
        debs = metafunc.config.getoption("--deb")
        if not debs:
            raise pytest.UsageError("no .deb to test: name some with --deb, or use tests/run.py")
        metafunc.parametrize("package", debs, ids=_label, indirect=True, scope="session")


@pytest.fixture(scope="session")
def package(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> BuiltPackage:
    return unpack(request.param, tmp_path_factory.mktemp("package"))
