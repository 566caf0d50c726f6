"""Tiny lakes for the shipped definitions: codes are written as the name of their list."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.measures import evaluate
from tests.measures.tiny import build, rows_of


@cache
def shipped() -> Catalogue:
    """The shipped catalogue, read once."""
    return load_catalogue()


def facts(
    folder: Path, *names: str, on: str = "2026-10-31", catalogue: Catalogue | None = None, **drawn: str
) -> list[dict[str, object]]:
    """What is true of each person of a lake drawn with bars, in the order of their numbers.

    In a ``code`` column ``diabetes`` stands for the first code of that list, and ``diabetes#2`` for its third.
    """
    chosen = catalogue or shipped()
    people = build(
        folder / f"lake{len(list(folder.iterdir()))}", **{t: _coded(chosen, d) for t, d in drawn.items()}
    )
    return evaluate(people, chosen, names, index_date=date.fromisoformat(on)).to_pylist()


def column(folder: Path, name: str, **more: object) -> list[object]:
    """One fact of everybody, in order."""
    return [row[name] for row in facts(folder, name, **more)]  # type: ignore[arg-type]


def _coded(catalogue: Catalogue, drawn: str) -> str:
    rows = rows_of(drawn)
    for row in rows:
        name, _, place = row.get("code", "").partition("#")
        if name in catalogue.codelists:
            row["code"] = list(catalogue.codelists[name].codes)[int(place or 0)]
    lines = [list(rows[0]), *(list(r.values()) for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def people(*births: str) -> str:
    """People numbered from 0, each by year and month of birth."""
    return "pid|birth_month\n" + "\n".join(f"{n}|{b}-01" for n, b in enumerate(births))
