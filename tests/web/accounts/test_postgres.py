"""The same on PostgreSQL, as a large system would use it: a real server, started and thrown away by this test."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web import postgres

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
HAS_SERVER = postgres.programs() is not None
if not HAS_SERVER:
    warnings.warn(
        "No PostgreSQL server is installed: nothing here is tested on it. `make tools` installs one.",
        stacklevel=1,
    )

pytestmark = [
    pytest.mark.skipif("GOLDENTHREAD_DATABASE" in os.environ, reason="this is the inner run"),
    pytest.mark.skipif(not HAS_SERVER, reason="NO POSTGRESQL SERVER INSTALLED: run `make tools`"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres.server() as found:
        yield found


def run(address: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOLDENTHREAD_", "PYTEST_"))}
    environment["GOLDENTHREAD_DATABASE"] = address
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280
    )


def test_accounts_sessions_and_waits_work_on_postgresql(address: str) -> None:
    tests = ("test_lockout.py", "test_sessions.py", "test_people.py", "test_race.py")
    done = run(
        address, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *(str(HERE / t) for t in tests)
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_the_inner_run_really_used_it(address: str) -> None:
    import psycopg

    with psycopg.connect(address) as connection:
        tables = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables").fetchall()}
    assert {"accounts_user", "accounts_assignment", "accounts_barrier", "django_session"} <= tables
