"""Scores as facts: feeds a published method with the facts, or the diagnoses, that its definition names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.definitions import Score, Span
from goldenthread.definitions.expressions import parse
from goldenthread.measures.errors import mistake
from goldenthread.measures.scores import METHODS, ScoreError, ScoreMethod
from goldenthread.measures.sources import sources
from goldenthread.measures.sql import literal, shifted, to_sql

Query = Callable[[str], pa.Table]


def method_of(score: Score) -> ScoreMethod:
    """The published method that a definition names; ``DefinitionError`` where there is none or it is fed wrongly."""
    method = METHODS.get(score.method)
    if method is None:
        raise mistake(
            score, f"There is no method {score.method!r}.", f"There are: {', '.join(sorted(METHODS))}."
        )
    try:
        method.settle(score.parameters)
    except ScoreError as error:
        raise mistake(score, error.message, error.remedy) from None
    known = {a.name for a in method.arguments}
    if strange := sorted(set(score.inputs) - known):
        raise mistake(
            score, f"{score.method} has no input {strange[0]!r}.", f"It has: {', '.join(sorted(known))}."
        )
    missing = [a.name for a in method.arguments if not a.optional and a.name not in score.inputs]
    if missing:
        raise mistake(
            score, f"{score.method} is not given {missing[0]!r}.", "Name a fact for it under inputs."
        )
    return method


def work_out(
    score: Score,
    columns: Mapping[str, pa.Array],
    rows: Callable[[str], tuple[np.ndarray, np.ndarray]],
    people: int,
) -> dict[str, pa.Array]:
    """The score, rounded as published, and its category.

    ``rows(conditions)`` gives positions of people and ICD-10 codes of the diagnoses that meet SQL conditions.
    """
    method = method_of(score)
    if method.takes_rows:
        who, codes = rows(_conditions(score))
        found = method.compute_rows(who, codes, people, score.parameters)
    else:
        found = method.compute(
            {a: masked(columns[fact]) for a, fact in score.inputs.items()}, score.parameters
        )
    found = np.round(found, method.decimals)
    answer = {score.name: pa.array(found, mask=np.isnan(found))}
    if score.categories:
        names = np.array([None, *score.categories], dtype=object)
        least = np.array(list(score.categories.values()), dtype=float)
        place = np.where(np.isnan(found), 0, np.searchsorted(least, found, side="right"))
        answer[f"{score.name}_category"] = pa.array(names[place], pa.string())
    return answer


def _conditions(score: Score) -> str:
    """SQL over the diagnosis source (``e``), with ``{index}`` for the index date."""
    parts = ["e.date <= {index}"]
    for key, sign in (("within", ">"), ("until", "<=")):
        if key in score.parameters:
            try:
                span = Span.read(str(score.parameters[key]))
            except ValueError:
                raise mistake(score, f"{key} = {score.parameters[key]!r} is not a span of time.") from None
            parts.append(f"e.date {sign} {shifted('{index}', span.amount, span.unit)}")
    if "where" in score.parameters:
        node = parse(str(score.parameters["where"]))
        parts.append(to_sql(node, sources()["diagnosis"].columns, index="{index}", prefix="e."))
    return " AND ".join(parts)


def diagnosis_rows(
    query: Query, first: int, last: int, index: date | None, conditions: str
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of people (from ``first``) and codes of their diagnoses that meet the conditions."""
    join = " JOIN index_dates AS d ON d.pid = e.pid" if index is None else ""
    met = conditions.replace("{index}", literal(index) if index else "d.index_date")
    source = sources()["diagnosis"]
    table = query(
        f"SELECT e.pid, e.code FROM ({source.sql}) AS e{join} WHERE e.pid BETWEEN {first} AND {last} AND {met}"
    )
    return table.column("pid").to_numpy().astype(np.int64) - first, table.column("code").to_numpy(
        zero_copy_only=False
    )


def masked(column: pa.Array) -> np.ma.MaskedArray | np.ndarray:
    """An Arrow column as the scores take it: numbers masked where missing, truths, or text."""
    absent = np.asarray(pc.is_null(column).to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(column.type):
        return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.asarray(pc.fill_null(column, "").to_numpy(zero_copy_only=False), dtype=object)
    numbers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    return np.ma.array(np.asarray(numbers, dtype=float), mask=absent)
