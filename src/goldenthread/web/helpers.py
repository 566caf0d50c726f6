"""What runs beside the server in processes of its own: the key service of a demonstration, evaluations on their agreed day, and
standing figures worked out before anybody waits for them.

Processes, not threads: the server forks its worker, and a fork in the middle of another thread's work may never wake up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from goldenthread.errors import GoldenThreadError
from goldenthread.settings import Settings, load_settings
from goldenthread.web.site.data import PREPARED

EVERY_SECONDS = 120.0
FIRST_SECONDS = 5.0
_LOOK_SECONDS = 2.0


@contextmanager
def beside(settings: Settings, *, key_service: bool) -> Iterator[None]:
    """Run the helpers while the server runs, which waits for them before it shows a new snapshot. A key service that runs already is left alone: the second one stops by itself."""
    home = str(settings.home)
    os.environ[PREPARED] = "1"
    running = [_started("-m", "goldenthread.web.helpers", home, str(os.getpid()))]
    if key_service:
        running.append(_started("-m", "goldenthread", "vault", "serve", "--quiet", "--home", home))
    try:
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            with suppress(subprocess.TimeoutExpired):
                one.wait(10)


def watch(settings: Settings, server: int) -> None:
    """Work out standing figures of each new snapshot, and evaluate what is due by its locked plan, as long as the server lives.

    What was refused (the data do not reach far enough) is tried again when there are new data.
    """
    from goldenthread.governance.clock import today_of
    from goldenthread.programme import Register

    tried: set[tuple[str, str]] = set()
    warmed, wait = "", FIRST_SECONDS
    while _lives(server, wait, lambda known=warmed: known not in ("", _in_force(settings))):
        wait = EVERY_SECONDS
        try:
            snapshot = _in_force(settings)
            if snapshot and snapshot != warmed:
                _started("-m", "goldenthread.web.warming", str(settings.home)).wait()
                warmed = snapshot
            due = {(e.id, snapshot) for e in Register.of(settings.home).due(today_of(settings))}
        except (OSError, GoldenThreadError):
            continue
        if due - tried:
            tried |= due
            _started(
                "-m",
                "goldenthread",
                "initiative",
                "evaluate",
                "--due",
                "--quiet",
                "--home",
                str(settings.home),
            ).wait()


def _in_force(settings: Settings) -> str:
    """The snapshot in force; nothing before the first refresh."""
    try:
        return (settings.lake_dir / "CURRENT").read_text("ascii").strip()
    except OSError:
        return ""


def _lives(server: int, seconds: float, wake: Callable[[], bool]) -> bool:
    """Wait, less where there is something new; whether the server is still there. A server that was killed leaves nobody behind."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not wake():
        if os.getppid() != server:
            return False
        time.sleep(min(_LOOK_SECONDS, max(0.0, end - time.monotonic())))
    return os.getppid() == server


def _started(*words: str) -> subprocess.Popen[bytes]:
    """Python with these words, in a process of its own that hears nothing and says nothing."""
    return subprocess.Popen(  # noqa: S603  our own modules, with the folder that this process serves
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    """``python -m goldenthread.web.helpers HOME SERVER``: started by the server, and ends with it."""
    if hasattr(os, "nice"):
        os.nice(10)  # whoever waits for a page comes first
    watch(load_settings(Path(sys.argv[1])), int(sys.argv[2]))


if __name__ == "__main__":
    main()
