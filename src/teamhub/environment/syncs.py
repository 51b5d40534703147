"""A process whose files are synced all together once it has ended, and not one by one.

rattler has each of a prefix's 200 records written to the disk before it goes on.  A generation
counts only once all of it is on the disk, so that this makes nothing safer, and it takes time.
"""

from __future__ import annotations

import ctypes
import struct

#: linux/prctl.h and linux/seccomp.h.
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
#: linux/filter.h: load a word, jump if equal, return.
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
#: Offsets in struct seccomp_data.
NUMBER, ARCHITECTURE = 0, 4
#: linux/audit.h, and the numbers that fsync and fdatasync have there.
X86_64, FSYNC, FDATASYNC = 0xC000003E, 74, 75

#: Each with the instructions to skip where it is equal and where it is not.
PROGRAM = (
    (LOAD, 0, 0, ARCHITECTURE),
    (JUMP_EQUAL, 0, 3, X86_64),
    (LOAD, 0, 0, NUMBER),
    (JUMP_EQUAL, 2, 0, FSYNC),
    (JUMP_EQUAL, 1, 0, FDATASYNC),
    (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    # An error of 0: the call seems to succeed.
    (RETURN, 0, 0, SECCOMP_RET_ERRNO),
)


class Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def leave_out_syncs() -> None:
    """Let fsync and fdatasync do nothing from now on, in this process and all that it starts.

    Where the kernel does not allow it, everything is as it was, only slower.
    """
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in PROGRAM)
    filters = ctypes.byref(Filter(len(PROGRAM), program))
    ctypes.CDLL(None).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filters)
