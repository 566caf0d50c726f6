"""What runs beside the server in processes of its own: the key service of a demonstration, and evaluations on their agreed day."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from goldenthread.errors import GoldenThreadError
from goldenthread.governance.clock import today_of
from goldenthread.programme import Register
from goldenthread.settings import Settings

log = logging.getLogger("goldenthread.web")
EVERY_SECONDS = 900.0
FIRST_SECONDS = 30.0


@contextmanager
def beside(settings: Settings, *, key_service: bool) -> Iterator[None]:
    """Run the helpers while the server runs. A key service that runs already is left alone: the second one stops by itself."""
    stop = threading.Event()
    keys = _command(settings.home, "vault", "serve", "--quiet") if key_service else None
    watcher = threading.Thread(
        target=_evaluate_when_due, args=(settings, stop), name="evaluations", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        if keys is not None:
            keys.terminate()
            with suppress(subprocess.TimeoutExpired):
                keys.wait(10)


def _evaluate_when_due(settings: Settings, stop: threading.Event) -> None:
    """Evaluate what is due, by the locked plan and on the snapshot in force, in a process of low priority.

    What was refused (the data do not reach far enough) is tried again when there are new data.
    """
    tried: set[tuple[str, str]] = set()
    wait = FIRST_SECONDS
    while not stop.wait(wait):
        wait = EVERY_SECONDS
        try:
            snapshot = (settings.lake_dir / "CURRENT").read_text("ascii").strip()
            due = {(e.id, snapshot) for e in Register.of(settings.home).due(today_of(settings))}
        except (OSError, GoldenThreadError):
            continue
        if not due - tried:
            continue
        tried |= due
        done = _command(settings.home, "initiative", "evaluate", "--due", "--quiet")
        while done.poll() is None:
            if stop.wait(1):
                done.terminate()
                return
        if done.returncode:
            log.warning("An evaluation that is due could not be run; its page says why.")


def _command(home: Path, *words: str) -> subprocess.Popen[bytes]:
    """A command of ours in a process of its own, out of the way of those who are waiting for a page."""
    nice = ["nice", "-n", "10"] if "evaluate" in words and sys.platform != "win32" else []
    return subprocess.Popen(  # noqa: S603  our own command, with the folder that this process serves
        [*nice, sys.executable, "-m", "goldenthread", *words, "--home", str(home)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
