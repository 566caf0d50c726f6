"""Kill a program at moments spread over the time that one turn of its work takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def kill_moments(program: str, folder: Path, times: int) -> Iterator[str]:
    """Run ``program`` (which prints "ready", then "done" after each turn) and kill it, ``times`` times.

    The first run may finish a turn, which says how long one takes on this machine now; each later run is killed
    at another moment of one and a half turns.
    """
    turn = 0.0
    for attempt in range(times):
        process = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        start = time.perf_counter()
        if attempt == 0:
            assert process.stdout.readline() == b"done\n"
            turn = time.perf_counter() - start
        else:
            time.sleep(1.5 * turn * attempt / (times - 1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        yield f"killed {attempt} of {times}, {time.perf_counter() - start:.3f} s into the work"
