"""Writes the pages of the documentation that derive from declarations: `python docs/make_docs.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from goldenthread.model import Column, Table, tables, value_sets

HERE = Path(__file__).parent
_KINDS = {
    "person": "one row per person",
    "event": "something that happened on a day",
    "period": "something that lasted",
    "reference": "places and organisations",
}


def model_page() -> str:
    """The data model, table by table."""
    return "\n".join(_model()) + "\n"


def _model() -> Iterator[str]:
    yield "# The data model"
    yield ""
    yield (
        "Every table of the lake, as declared in `src/goldenthread/model/tables/*.toml`. Validation, storage and this page "
        "derive from the declarations. `pid` is a person's number within one snapshot; the pseudonym is stable between snapshots."
    )
    yield ""
    yield "| Table | What a row is | Kind |"
    yield "| --- | --- | --- |"
    for table in tables().values():
        yield f"| [{table.name}](#{table.name}) | {table.meaning} | {_KINDS[table.kind]} |"
    for table in tables().values():
        yield ""
        yield from _table(table)
    yield ""
    yield "## Value sets"
    for name, values in value_sets().items():
        yield ""
        yield f"### {name}"
        yield ""
        if values.source:
            yield f"{values.source}."
            yield ""
        yield "| Code | Meaning |"
        yield "| --- | --- |"
        for code, meaning in values.codes.items():
            yield f"| `{code}` | {meaning} |"


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    yield f"{table.meaning}. Source: {table.source}. One row per {', '.join(f'`{c}`' for c in table.grain)}."
    if table.code:
        yield f"Stored by person and date, and again by `{table.code}`, person and date."
    if table.restricted:
        yield "Restricted: shown only to those with a permission of its own."
    yield ""
    yield "| Column | Type | Meaning | May be empty | Holds | Source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for column in table.columns.values():
        kind = f"{column.type}, {column.unit}" if column.unit else column.type
        empty = "yes" if column.nullable else ""
        yield f"| `{column.name}` | {kind} | {column.meaning} | {empty} | {_holds(column)} | {column.source} |"


def _holds(column: Column) -> str:
    if column.values:
        return f"[{column.values}](#{column.values})"
    if column.format:
        return f"format {column.format}"
    if column.minimum is not None or column.maximum is not None:
        low = "" if column.minimum is None else f"{column.minimum:g} "
        high = "" if column.maximum is None else f" {column.maximum:g}"
        return f"{low}to{high}" if high else f"{low}or more"
    return ""


PAGES = {"model.md": model_page}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
