"""Gives memory that nobody uses any more back to the system."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Return what has been freed, of Arrow's memory and of everybody else's, where the system can be asked to.

    Large arrays that several threads make and drop leave their memory with the process, the more the longer it runs.
    Between two rounds of such work it is worth the few hundredths of a second.

    >>> give_back()
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library
    if trim is not None:
        trim(0)
