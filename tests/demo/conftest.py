"""One demo of 2,000 people, made once for all tests of the room."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from goldenthread.demo import DemoSummary, generate

PEOPLE, SEED = 2_000, 7


class Demo:
    """The folders of a generated demo, and SQL over its files."""

    def __init__(self, home: Path, summary: DemoSummary) -> None:
        self.feeds, self.truth, self.summary = home / "feeds", home / "truth", summary
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 2")
        for name in ("patient", "registration", "address", "event", "medication", "appointment"):
            self._view(
                f"gp_{name}", f"gp/*/{name}.csv", "parse_path(filename, 'forward_slash')[-2] as practice"
            )
        for feed in ("ecds", "apc", "op", "urgent", "cld"):
            self._view(feed, f"{feed}/*/{feed}_*.csv", "filename")
        self._view("circumstance", "council/*/circumstance.csv", "filename")
        self._view("deaths", "deaths/*/deaths.csv", "filename")
        self._view("programme", "programme/*/contact.csv", "parse_path(filename, 'forward_slash')[-2] as pcn")
        for name in ("practice", "pcn", "place", "provider", "lsoa"):
            self._view(f"ref_{name}", f"reference/QZ1/{name}.csv", "filename")
        for path in sorted(self.truth.glob("*.parquet")):
            self.connection.execute(f"create view true_{path.stem} as from read_parquet('{path}')")

    def _view(self, name: str, pattern: str, more: str) -> None:
        self.connection.execute(
            f"create table {name} as select * exclude (filename), {more} "
            f"from read_csv('{self.feeds}/{pattern}', all_varchar=true, filename=true, header=true)"
        )

    def one(self, sql: str) -> int:
        """The single number a query gives."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0] or 0)

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = tmp_path_factory.mktemp("demo")
    return Demo(home, generate(home / "feeds", home / "truth", PEOPLE, SEED))
