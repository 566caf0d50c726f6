"""One refresh at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from goldenthread.lake.files import RefreshRunningError, explain_disk_trouble


@contextmanager
def refresh_lock(lake: Path) -> Iterator[None]:
    """Hold the lake for one refresh.

    The operating system frees the lock when the process ends, however it ends. Raises
    ``RefreshRunningError`` at once, saying who holds it and since when, where another refresh runs.
    """
    with explain_disk_trouble(lake):
        lake.mkdir(parents=True, exist_ok=True)
        handle = (lake / ".refresh.lock").open("a+", encoding="utf-8")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise RefreshRunningError(
                f"Another refresh is running ({_holder(handle.read())}).",
                "Wait for it to end. Reading the current snapshot goes on meanwhile.",
            ) from None
        handle.truncate(0)
        handle.write(
            json.dumps({"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
        )
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def _holder(text: str) -> str:
    try:
        known = json.loads(text)
        return f"process {known['process']}, since {known['since']}"
    except (ValueError, KeyError):
        return "it has just begun"
