"""Ctrl-C: one sentence, exit code 130, and the snapshot before still in force."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from goldenthread.lake import Lake
from tests.cli.conftest import Run

# The error stands for Ctrl-C while the named library works: duckdb raises its own in place of KeyboardInterrupt.
SCRIPT = """
import sys, duckdb
from goldenthread.cli import main
from goldenthread.lake import SnapshotBuilder
def stopped(self, name, sql):
    raise {error}
SnapshotBuilder.write = stopped
main(["refresh", "--home", sys.argv[1], *sys.argv[2:]])
"""


@pytest.mark.parametrize(
    "error",
    [
        "KeyboardInterrupt",
        "RuntimeError('Query interrupted')",
        "duckdb.InterruptException('INTERRUPT Error: Interrupted!')",
    ],
)
def test_ctrl_c_is_one_sentence_and_leaves_nothing(run: Run, tmp_path: Path, error: str) -> None:
    home = tmp_path / "home"
    run("init", home)
    run("refresh", "--home", home)
    before = sorted(p.relative_to(home) for p in (home / "lake").rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(error=error), str(home), "--rebuild", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    assert done.stderr.strip() == "Error: Stopped. Nothing was left half done."
    assert sorted(p.relative_to(home) for p in (home / "lake").rglob("*")) == before
    assert not list(Lake(home / "lake").current().problems())
