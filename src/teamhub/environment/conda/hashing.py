"""The SHA-256 of files, of which there are tens of thousands."""

from __future__ import annotations

import hashlib
import os

#: Few files are larger, and a smaller buffer would cost time.
CHUNK_BYTES = 2**20


def file_hash(path: str) -> str:
    """The SHA-256 of a file, or of what a link points at, in hexadecimal; empty if there is none.

    hashlib.file_digest makes a buffer of 256 KB for each file, which takes longer than most files.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        digest = hashlib.sha256()
        while chunk := os.read(descriptor, CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()
    except OSError:
        # a folder, or what the disk cannot read any more
        return ""
    finally:
        os.close(descriptor)
