"""Syncs that a process of its own leaves out."""

from __future__ import annotations

import errno
import os

import pytest

from teamhub.environment.rattler_process import in_own_process
from teamhub.environment.syncs import leave_out_syncs

NO_FILE = 999


def sync_nothing() -> str:
    """Sync a file that is not open, which only a call that does nothing forgives."""
    leave_out_syncs()
    os.fdatasync(NO_FILE)
    os.fsync(NO_FILE)
    return "done"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may filter system calls")
def test_syncs_do_nothing_in_a_process_of_its_own() -> None:
    assert in_own_process(sync_nothing) == "done"
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fsync(NO_FILE)
