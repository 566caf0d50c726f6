"""The whole strand killed forty times: the snapshot before stays whole, the next refresh succeeds, nothing is left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from goldenthread.lake import Lake
from goldenthread.vault import Vault, load_keys
from tests.cli.conftest import Run

KILLS = 40
SEED = 20261031
TICKS = os.sysconf("SC_CLK_TCK")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def feedmaker() -> ModuleType:
    """The 24 people whose feeds the tests of intake use."""
    path = Path(__file__).parents[1] / "intake" / "feedmaker.py"
    spec = importlib.util.spec_from_file_location("cli_feedmaker", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Strand:
    """A deployment, and a process that runs commands on it."""

    def __init__(self, home: Path, errors: Path) -> None:
        self.home = home
        self.errors = errors
        self.lake = Lake(home / "lake")
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("refreshing.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.open("w"),
            bufsize=0,  # so that what can be read is what has come
        )

    def begin(self, *commands: str) -> int:
        """Start commands one after another in one process; returns its id."""
        assert self.process.stdin is not None
        words = [[*command.split(), "--home", str(self.home)] for command in commands]
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        return self._answer()

    def end(self) -> int:
        """Wait for the process; returns its exit code, negative where a signal ended it."""
        return os.waitstatus_to_exitcode(self._answer())

    def _answer(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        return int(line)

    def still_runs(self) -> bool:
        """Whether no answer has come: the process has not ended."""
        return not select.select([self.process.stdout], [], [], 0)[0]

    def kill_after(self, process: int, seconds: float) -> None:
        """SIGKILL once the process has used so many seconds of processor time (or has ended).

        Counted in processor time, so that the moments are spread over the refresh however busy the machine is.
        """
        while self.still_runs():
            if spent(process) >= seconds:
                os.kill(process, signal.SIGKILL)
                return
            time.sleep(0.001)

    def watch(self, process: int) -> float:
        """The processor time that a process takes to its end."""
        length = 0.0
        while self.still_runs():
            length = max(length, spent(process))
            time.sleep(0.005)
        return length

    def shape(self) -> Counter[str]:
        """Every file of the deployment, with what names its content or its snapshot left out."""
        paths = (p.relative_to(self.home).as_posix() for p in self.home.rglob("*") if p.is_file())
        return Counter(
            re.sub(r"[0-9a-f]{32}|\d{8}T\d{6}Z-[0-9a-f]{6}", "*", p) for p in paths if p[:6] != "feeds/"
        )


def spent(process: int) -> float:
    """Processor time of a process in seconds."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


@pytest.fixture(scope="module")
def strand(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Iterator[Strand]:
    """A deployment of 24 people after its first refresh."""
    folder = tmp_path_factory.mktemp("killed")
    home = folder / "home"
    run("init", home)
    settings = home / "goldenthread.toml"
    settings.write_text(settings.read_text() + "today = 2026-11-22\nthreads = 2\n")
    feedmaker().make_feeds(home / "feeds")
    made = Strand(home, folder / "errors.txt")
    made.begin("refresh")
    assert made.end() == 0, made.errors.read_text()
    yield made
    made.process.communicate(timeout=60)


def change(home: Path, number: int) -> bool:
    """The senders send again: a diagnosis on another day, every fifth time also other identities.

    Identities go into the vault and through linkage, which takes most of such a refresh. Returns whether they did.
    """
    identities = number % 5 == 0
    files = [("gp/Z00002/event.csv", r"2019-05-\d\d", f"2019-05-{1 + number % 28:02d}")]
    if identities:
        files += [
            ("gp/Z00001/patient.csv", r"0770090\d{4}", f"0770090{number:04d}"),
            ("council/E07000136/circumstance.csv", r"2025-04-\d\d", f"2025-04-{1 + number % 28:02d}"),
        ]
    for path, pattern, text in files:
        file = home / "feeds" / path
        changed, count = re.subn(pattern, text, file.read_text())
        assert count, path
        file.write_text(changed)
    return identities


def diagnosed(lake: Lake) -> set[int]:
    with lake.current().connect() as connection:
        days = "SELECT DISTINCT day(date) FROM gp_event WHERE year(date) = 2019 AND month(date) = 5"
        return {day for (day,) in connection.execute(days).fetchall()}


def test_forty_refreshes_killed_at_any_moment(strand: Strand) -> None:
    rng = random.Random(SEED)
    home, lake = strand.home, strand.lake
    settled = ("refresh", "snapshots verify", "snapshots prune --keep 1")

    # twice in peace: how long each kind takes, and what lies in the folder afterwards
    length = {}
    for number in (0, 1):
        kind = change(home, number)
        length[kind] = strand.watch(strand.begin("refresh"))
        assert strand.end() == 0, strand.errors.read_text()
    strand.begin(*settled)
    assert strand.end() == 0, strand.errors.read_text()
    shape, people = strand.shape(), lake.current().people

    killed: list[str] = []
    shares = [(number + rng.random()) / KILLS for number in range(KILLS)]
    rng.shuffle(shares)
    for number, share in enumerate(shares, start=2):
        before, held = lake.current_id(), diagnosed(lake)
        assert before is not None
        moment = share * length[change(home, number)]
        strand.kill_after(strand.begin("refresh --rebuild" if number % 4 == 0 else "refresh"), moment)
        ended = strand.end()
        assert ended in (0, -signal.SIGKILL), strand.errors.read_text()

        # what was in force is whole, and it is the one before unless the kill came after the new one was in force
        assert not list(lake.snapshot(before).problems())
        now = lake.current()
        assert not list(now.problems())
        assert now.people == people
        assert (diagnosed(lake) == held) == (now.id == before)
        if ended:
            left = sum((strand.shape() - shape).values())
            killed.append(
                "after the commit" if now.id != before else f"before it, {left > 0 and 'drafts left'}"
            )
        if number % 2:  # the vault by itself; otherwise the refresh does it
            with Vault.open(home / "vault", load_keys(home / "vault")) as vault:
                vault.recover(lake.current_id())
                assert vault.pending() is None
                assert len(vault) > 20

        strand.begin(*settled)
        assert strand.end() == 0, strand.errors.read_text()
        assert 1 + number % 28 in diagnosed(lake)
        assert lake.names() == [lake.current_id()]
        assert strand.shape() == shape, strand.shape() - shape
    print(length, Counter(killed))
    assert len(killed) >= KILLS * 3 // 4
    strand.begin("snapshots verify --deep", "doctor")
    assert strand.end() == 0, strand.errors.read_text()
    assert "Traceback" not in strand.errors.read_text()
