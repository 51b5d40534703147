"""The minimal profile: a hub and notebooks, and nothing to compute with but Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.hub_client import HubClient

pytestmark = [pytest.mark.profile("minimal"), pytest.mark.exhaustive]


def test_zoe_logs_in_and_computes(sign_in: Callable[[str], HubClient]) -> None:
    zoe = sign_in("zoe")
    zoe.spawn()
    assert zoe.get("/user/zoe/lab").status_code == 200
    assert zoe.compute("print(6 * 7)") == "42\n"
    missing = "import importlib.util; print(importlib.util.find_spec('numpy'))"
    assert zoe.compute(missing) == "None\n"
    zoe.stop()
