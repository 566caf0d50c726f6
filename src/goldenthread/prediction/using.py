"""What a model that was shown to fit says about people now, and beside it what could be done for them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from goldenthread.cohorts import Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.prediction.columns import Floats, texts
from goldenthread.prediction.definition import ModelDefinition
from goldenthread.prediction.errors import PredictionError
from goldenthread.prediction.fitted import FittedModel
from goldenthread.prediction.fitting import check_purpose
from goldenthread.prediction.tables import ALL, UNKNOWN, as_shown, told
from goldenthread.prediction.validation import Z_95

GROUPS = ("pcn", "practice", "place", "district", "imd_quintile", "ethnic_group", "sex")
"""What expected admissions can be shown by."""

_NAMES = {
    "practice": ("practice", "practice", "name"),
    "pcn": ("pcn", "pcn", "name"),
    "place": ("place", "place", "name"),
    "district": ("lsoa", "district", "district_name"),
}

IMPACTABILITY = (
    "Risk alone does not say who will benefit: giving practices risk scores raised emergency admissions in a large trial "
    "(PRISMATIC, 230,099 people). Look for people whose care has gaps that can be closed, and compare what follows with people not helped."
)


def by_group(
    population: Population, model: FittedModel, definition: ModelDefinition, by: str = "pcn"
) -> ReleasedTable:
    """How many people are expected to have the outcome in the year after the population's index date, by group.

    Columns: people, expected (people with at least one, the sum of their risks), the range in which 95 of 100 such years
    would lie if the risks are right, and the expected share. Raises ``PredictionError`` for an unknown group or a model that
    must not be used.
    """
    if by not in GROUPS:
        raise PredictionError(
            f"Expected admissions cannot be shown by {by!r}.", f"Use one of {', '.join(GROUPS)}."
        )
    pids, risk, labels = _risks(population, model, definition, by)
    found = sorted(set(labels), key=lambda g: (g in UNKNOWN, g))
    masks = [*((g, labels == g) for g in found), (ALL, np.ones(len(pids), bool))]
    spread = np.array([np.sqrt((risk[m] * (1 - risk[m])).sum()) for _, m in masks]) * Z_95
    expected = np.array([risk[m].sum() for _, m in masks])
    people = np.array([int(m.sum()) for _, m in masks])
    names = _names(by, population)
    frame = pd.DataFrame({by: [g for g, _ in masks]})
    if names:
        frame[f"{by}_name"] = [names.get(g, g) for g, _ in masks]
    frame["people"] = people
    frame["expected"] = np.round(expected, 1)
    frame["expected_lower"] = np.round(np.maximum(expected - spread, 0), 1)
    frame["expected_upper"] = np.round(np.minimum(expected + spread, people), 1)
    frame["expected_share"] = np.round(expected / np.maximum(as_shown(population, people), 1), 6)
    figures = ["expected", "expected_lower", "expected_upper", "expected_share"]
    kinds = dict(zip(figures, ("mean", "lower", "upper", "proportion"), strict=True))
    return release(
        frame,
        dimensions=[by],
        counts=["people"],
        means=dict.fromkeys(figures, "people"),
        kinds=kinds | ({f"{by}_name": "text"} if names else {}),
        margins={by: ALL},
        members=_members(population, pids, [m for _, m in masks]),
        **_about(population, model, f"expected {model.name} | {by}"),
    )


def impactability(population: Population, model: FittedModel, definition: ModelDefinition) -> ReleasedTable:
    """People by band of predicted risk and by number of gaps in care that can be closed, with the mean risk of each cell.

    Raises ``PredictionError`` for a model that must not be used.
    """
    pids, risk, gaps = _risks(population, model, definition, definition.gaps)
    risk_labels = _risk_labels(definition.risk_bands)
    gap_labels = _gap_labels(definition.gap_bands)
    number = np.array([float(g) for g in gaps])
    in_risk = np.array(risk_labels, object)[np.searchsorted(definition.risk_bands, risk, side="right")]
    in_gaps = np.array(gap_labels, object)[np.searchsorted(definition.gap_bands, number, side="right")]
    cells = list(_cells(in_risk, in_gaps, list(reversed(risk_labels)), gap_labels))
    people = np.array([int(m.sum()) for _, _, m in cells])
    expected = np.array([risk[m].sum() for _, _, m in cells])
    frame = pd.DataFrame(
        {
            "risk_band": [r for r, _, _ in cells],
            "gaps": [g for _, g, _ in cells],
            "people": people,
            "expected": np.round(expected, 1),
            "expected_share": np.round(expected / np.maximum(as_shown(population, people), 1), 6),
        }
    )
    return release(
        frame,
        dimensions=["risk_band", "gaps"],
        counts=["people"],
        means={"expected": "people", "expected_share": "people"},
        kinds={"expected_share": "proportion"},
        margins={"risk_band": ALL, "gaps": ALL},
        members=_members(population, pids, [m for _, _, m in cells]),
        notes=[IMPACTABILITY],
        **_about(population, model, f"impactability of {model.name} | {definition.gaps}"),
    )


def _cells(
    risk: NDArray[np.object_], gaps: NDArray[np.object_], risk_labels: list[str], gap_labels: list[str]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Every cell with people in it, every total, and the total of all."""
    every = np.ones(len(risk), bool)
    for r, g in product([*risk_labels, ALL], [*gap_labels, ALL]):
        inside = (every if r == ALL else risk == r) & (every if g == ALL else gaps == g)
        if inside.any():
            yield r, g, inside


def _risks(
    population: Population, model: FittedModel, definition: ModelDefinition, also: str
) -> tuple[NDArray[np.int32], Floats, NDArray[np.object_]]:
    check_purpose(population.purpose)
    definition.check(population.catalogue, population.variables)
    model.check_usable(definition, population.catalogue)
    wanted = list(dict.fromkeys([*definition.facts, also]))
    facts = population.query(", ".join(["pid", *wanted]), wanted)
    if not facts.num_rows:
        raise PredictionError(
            "Nobody is registered on that day.", "Run `goldenthread status` to see what was loaded."
        )
    return facts.column("pid").to_numpy(), model.risk(facts, definition), texts(facts, also)


def _members(population: Population, pids: NDArray[np.int32], masks: list[NDArray[np.bool_]]) -> Any:
    return {"people": [pids[m] for m in masks]} if population.ledger is not None else None


def _about(population: Population, model: FittedModel, question: str) -> dict[str, Any]:
    index = population.index_date
    return {
        "policy": population.purpose.disclosure,
        "purpose": population.purpose.title,
        "source": f"{model.title}; as at {index.day} {index:%B %Y}; model of {model.made[:10]}",
        "data_date": population.data_date,
        "coverage": population.coverage.words,
        **told(population, f"{question} | {index} | {population.purpose.name} | {model.catalogue_hash[:16]}"),
    }


def _risk_labels(bands: tuple[float, ...]) -> list[str]:
    edges = [f"{100 * b:g}%" for b in bands]
    between = [f"{low} to under {high}" for low, high in pairwise(edges)]
    return [f"under {edges[0]}", *between, f"{edges[-1]} and over"]


def _gap_labels(bands: tuple[int, ...]) -> list[str]:
    lows = [0, *bands]
    labels = [f"{a}" if b - a == 1 else f"{a} to {b - 1}" for a, b in pairwise(lows)]
    return [*labels, f"{lows[-1]} or more"]


def _names(by: str, population: Population) -> dict[str, str]:
    if by not in _NAMES:
        return {}
    table, code, name = _NAMES[by]
    connection = population.snapshot.connect(only=(table,))
    try:
        return dict(connection.execute(f"SELECT DISTINCT {code}, {name} FROM {table}").fetchall())
    finally:
        connection.close()
