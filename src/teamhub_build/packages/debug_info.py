"""Compiled code without its debug information, of which some wheels carry more than of code.

Only the sections that a debugger reads go: symbols stay, and a file whose loaded content would
change is kept as it is.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

STRIP = Path("/usr/bin/strip")

#: The section that every object with debug information has; only those are touched.
DEBUG_SECTION = b".debug_info\0"

ELF_MAGIC = b"\x7fELF\x02\x01"
ELF_HEADER_SIZE = 64
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
LOADED = 1


def without_debug_info(data: bytes) -> bytes:
    """`data`, the content of any file, without debug information where it is compiled code."""
    if not data.startswith(ELF_MAGIC) or DEBUG_SECTION not in data:
        return data
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object"
        file.write_bytes(data)
        # it leaves a file as it is that it cannot read, such as code for another processor
        subprocess.run([STRIP, "--strip-debug", file], check=False, capture_output=True)
        stripped = file.read_bytes()
    return stripped if loaded_content(stripped) == loaded_content(data) else data


def loaded_content(elf: bytes) -> list[tuple[int, ...] | bytes]:
    """What the dynamic loader puts into memory: each segment's place, rights and bytes.

    Less the ELF header, the first 64 bytes, which also says where the section table is.
    """
    table, entry_size, count = struct.unpack_from("<32xQ14xHH", elf)
    content: list[tuple[int, ...] | bytes] = []
    for index in range(count):
        kind, flags, offset, address, _, file_size, memory_size, align = PROGRAM_HEADER.unpack_from(
            elf, table + index * entry_size
        )
        if kind == LOADED:
            content.append((flags, address, file_size, memory_size, align))
            content.append(elf[max(offset, ELF_HEADER_SIZE) : offset + file_size])
    return content
