"""What small places drawn for tests share: tables written by rule, definitions of their own, people to ask."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from goldenthread.cohorts import Population
from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.disclosure import Ledger
from goldenthread.lake import Lake, Snapshot
from goldenthread.model import table
from tests.measures.tiny import _DEFAULTS


def written(name: str, source: str, /, **columns: str) -> str:
    """A select that gives every column of a table: those said, and what tiny lakes have where nothing is said."""
    parts = []
    for column in table(name).columns.values():
        said = columns.get(column.name)
        default = _DEFAULTS.get(name, {}).get(column.name)
        if said is None:
            said = "NULL" if default is None else f"'{default}'"
        parts.append(f"CAST({said} AS {column.duckdb_type}) AS {column.name}")
    return f"SELECT {', '.join(parts)} FROM {source}"


def lake_of(folder: Path, tables: Mapping[str, str]) -> Snapshot:
    """A snapshot of tables, each by its select; the data run to the end of October 2026."""
    lake = Lake(folder)
    with lake.begin(memory_mb=300, threads=1) as builder:
        for name, sql in tables.items():
            builder.write(name, sql)
        builder.commit(data_dates={"gp_event": "2026-10-31"})
    return lake.current()


def definitions_in(
    own: Path, texts: Mapping[str, str], codes: Mapping[str, int], *, shipped: Collection[str] = ()
) -> Catalogue:
    """Definitions (by the folder they stand in) and codelists of one code, without those shipped, so that tests run in no time.

    ``shipped`` names the shipped codelists that are wanted too.
    """
    for folder, text in texts.items():
        (own / folder).mkdir(parents=True)
        (own / folder / "own.toml").write_text(text)
    (own / "codelists").mkdir()
    for name, code in codes.items():
        (own / "codelists" / f"{name}.csv").write_text(f"code,term\n{code},{name}\n")
    whole = load_catalogue(own)
    mine = {n: d for n, d in whole.definitions.items() if Path(d.file).is_relative_to(own)}
    lists = {n: c for n, c in whole.codelists.items() if n in codes or n in shipped}
    return Catalogue(mine, lists, whole.folders)


def asked_of(snapshot: Snapshot, catalogue: Catalogue) -> Callable[..., Population]:
    """Opens the people of a snapshot; with ``remembered=True`` their answers are remembered in a ledger of their own."""

    def make(*, remembered: bool = False, **more: object) -> Population:
        if remembered:
            more |= {"ledger": Ledger(snapshot=snapshot.id, people=snapshot.people), "recipient": "ann"}
        return Population(snapshot, catalogue, **more)  # type: ignore[arg-type]

    return make
