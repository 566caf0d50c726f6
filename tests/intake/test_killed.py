"""A refresh killed at any moment leaves the previous snapshot whole, and the next refresh finishes the work."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

SCRIPT = """
import datetime, sys
from pathlib import Path
from goldenthread.intake import refresh
from goldenthread.lake import Lake
from goldenthread.settings import Settings
from goldenthread.vault import Keys, Vault
settings = Settings(home=Path(sys.argv[1]), memory_mb=500, threads=2)
print("ready", flush=True)
with Vault.open(settings.vault_dir, Keys(bytes(range(32))), create=True) as vault:
    refresh(settings, lake=Lake(settings.lake_dir), vault=vault, keys=Keys(bytes(range(32))), today=datetime.date(2026, 11, 22))
"""


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment(deployment: Callable[..., Any], seed: int) -> None:
    rng = random.Random(seed)
    made = deployment()
    first = made.refresh()
    path = made.feeds / "gp/Z00002/event.csv"
    path.write_text(path.read_text().replace("2019-05-04", f"2019-05-{10 + seed}"))
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(made.settings.home)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.02, 2.5))
        process.send_signal(signal.SIGKILL)
    current = made.lake.current()
    assert current.manifest.people == first.people
    report = made.refresh()
    assert all(feed.in_order for feed in report.feeds)
    with made.lake.current().connect() as connection:
        days = connection.execute(
            "SELECT DISTINCT day(date) FROM gp_event WHERE year(date) = 2019"
        ).fetchall()
    assert sorted(days) == [(4,), (10 + seed,)]
    left = [
        p for folder in (made.settings.work_dir, made.settings.quarantine_dir) for p in folder.rglob("*.new")
    ]
    assert not left
