"""A small demonstration, built once by the command itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldenthread.cli import main


@dataclass(frozen=True)
class Done:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run the command with these words, in this process."""

    def command(*words: str | Path, check: bool = True) -> Done:
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main([str(w) for w in words])
            except SystemExit as stop:
                code = int(stop.code or 0)
        done = Done(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in done.stderr, done.stderr
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return command


@pytest.fixture(scope="session")
def demo(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a demonstration of 2,000 people."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = run("demo", home, "--people", "2000")
    assert "Demonstration." in done.stdout
    return home
