"""A small demonstration, built once by the command itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldenthread.cli import main
from tests.cohorts.conftest import COHORTS, DEFINITIONS, town


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


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the town of the cohort tests, its own definitions, and its person table. To be copied, not written to."""
    from goldenthread.cohorts import population_of
    from goldenthread.settings import load_settings

    home = tmp_path_factory.mktemp("asked") / "home"
    own = home / "definitions"
    for folder in ("measures", "cohorts", "codelists"):
        (own / folder).mkdir(parents=True)
    (home / "goldenthread.toml").write_text(
        'name = "Town"\nthreads = 1\nmemory_mb = 800\nagreements = "recorded"\n'
    )
    (own / "measures" / "town.toml").write_text(DEFINITIONS)
    (own / "cohorts" / "town.toml").write_text(COHORTS)
    (own / "codelists" / "town_asthma.csv").write_text("code,term\n195967001,Asthma\n")
    (own / "codelists" / "town_hba1c.csv").write_text("code,term\n999791000000106,HbA1c\n")
    town(home / "lake")
    population = population_of(load_settings(home))
    assert population.cohort("age >= 0").size > 0
    population.close()
    return home
