"""What testssl.sh finds in the proxy's TLS."""

from __future__ import annotations

import json
import subprocess

import pytest

from support.container import BootedServer
from support.installation import Installation

#: What it calls more than low, or could not find out.
SERIOUS = ("MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL")
#: What is so, and why.
EXPECTED = {
    "cert_revocation": "the authority is this server's own: whoever could revoke makes a new one",
    "engine_problem": "it is said of the testing machine's OpenSSL",
}


@pytest.fixture(scope="module")
def found(
    server: BootedServer, installed: Installation, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """All that it says, by what it is about."""
    report = tmp_path_factory.mktemp("testssl") / "found.json"
    subprocess.run(
        [
            *("testssl", "--quiet", "--warnings", "batch", "--color", "0"),
            *("--add-ca", str(installed.ca), "--ip", server.host.address),
            *("--jsonfile", str(report), server.host.url),
        ],
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=900,
    )
    return {each["id"]: each for each in json.loads(report.read_text("utf-8"))}


@pytest.mark.exhaustive
def test_it_finds_nothing_that_is_more_than_low(found: dict[str, dict[str, str]]) -> None:
    assert found["TLS1_3"]["finding"].startswith("offered")
    serious = {name: each for name, each in found.items() if each["severity"] in SERIOUS}
    assert {name: each["finding"] for name, each in serious.items() if name not in EXPECTED} == {}
