"""Which uids are people's."""

from __future__ import annotations

import pytest

from teamhub_shared.accounts import is_persons


@pytest.mark.parametrize("uid", [1000, 59999, 65536, 1_345_600_512, 2**32 - 3])
def test_accounts_of_the_server_and_of_directories_are_peoples(uid: int) -> None:
    assert is_persons(uid)


@pytest.mark.parametrize("uid", [0, 999, 60000, 64999, 65519, 65534, 65535, 2**32 - 2, 2**32 - 1])
def test_those_of_packages_of_systemd_and_nobody_are_not(uid: int) -> None:
    assert not is_persons(uid)
