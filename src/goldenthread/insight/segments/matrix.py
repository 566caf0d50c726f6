"""Segments crossed with need, use, gaps in care or predicted risk: who needs what kind of care, and where the work is."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Population
from goldenthread.disclosure import ReleasedTable, release
from goldenthread.insight.segments.bands import NOT_KNOWN, Segments, bands_called, segments_called
from goldenthread.insight.segments.cells import ALL, about, cells, mean_of

if TYPE_CHECKING:
    from goldenthread.prediction import FittedModel, ModelDefinition

SEGMENTATION = "bridges_to_health"
COSTED = (
    "Estimated cost: activity in 12 months times national average costs (National Cost Collection 2024/25, PSSRU 2024). "
    "Medicines, tests, social care and 111 are left out."
)


@dataclass(frozen=True)
class SegmentMatrix:
    """Segments by bands. ``released`` has segment, band, people, spend_per_head, cost_share and admissions_per_1000.

    ``expressions`` gives for (segment, band) the cohort of the cell: "All" stands for any. Cells of predicted risk have the
    segment's alone: a person's risk is not a fact that can be asked for.
    """

    segmentation: str
    column: str
    column_title: str
    released: ReleasedTable
    segments: tuple[str, ...]
    bands: tuple[str, ...]
    expressions: dict[tuple[str, str], str] = field(repr=False)
    note: str = ""


def segment_matrix(
    population: Population, column: str = "need", *, segmentation: str = SEGMENTATION
) -> SegmentMatrix:
    """Where are the people, and where is the cost: segments by need, use, gaps or conditions.

    ``spend_per_head`` is the mean estimated cost of 12 months in pounds, to the nearest 10; ``cost_share`` the cell's part of all of it;
    ``admissions_per_1000`` emergency admissions in 12 months. All are hidden with the number of people. Raises ``CohortError``
    for an unknown segmentation or column.
    """
    bands, segments = bands_called(column), segments_called(population, segmentation)
    needs = [segmentation, bands.fact, "cost_12m", "emergency_admissions_12m"]
    table = population.query(
        f"pid, {segments.sql} AS s, {bands.sql} AS b, CAST(coalesce(cost_12m, 0) AS DOUBLE) AS cost, "
        "CAST(coalesce(emergency_admissions_12m, 0) AS DOUBLE) AS admissions",
        needs,
    )
    place = table.column("b").to_numpy()
    labels = bands.labels if not (place > len(bands.labels) - 1).any() else (*bands.labels, NOT_KNOWN)
    released = _released(population, table, segments, place, labels)
    found = {
        (s, b): _joined(segments, s, "" if b == ALL else bands.condition(b))
        for s in (*segments.labels, ALL)
        for b in (*labels, ALL)
    }
    return SegmentMatrix(
        segmentation, column, bands.title, released, segments.labels, labels, found, note=COSTED
    )


def risk_matrix(
    population: Population,
    model: FittedModel,
    definition: ModelDefinition,
    *,
    segmentation: str = SEGMENTATION,
) -> SegmentMatrix:
    """The same, by predicted risk of an emergency admission in the next 12 months.

    Raises ``PredictionError`` for a model that must not be used here, or a purpose under which it may not be.
    """
    from goldenthread.prediction import check_purpose

    check_purpose(population.purpose)
    definition.check(population.catalogue, population.variables)
    model.check_usable(definition, population.catalogue)
    segments = segments_called(population, segmentation)
    wanted = list(dict.fromkeys([*definition.facts, segmentation, "cost_12m", "emergency_admissions_12m"]))
    table = population.query(
        f"pid, {segments.sql} AS s, CAST(coalesce(cost_12m, 0) AS DOUBLE) AS cost, "
        f"CAST(coalesce(emergency_admissions_12m, 0) AS DOUBLE) AS admissions, {', '.join(definition.facts)}",
        wanted,
    )
    place = np.searchsorted(definition.risk_bands, model.risk(table, definition), side="right").astype(
        np.int8
    )
    edges = [f"{100 * b:g}%" for b in definition.risk_bands]
    labels = (
        f"under {edges[0]}",
        *(f"{low} to under {high}" for low, high in pairwise(edges)),
        f"{edges[-1]} and over",
    )
    released = _released(population, table, segments, place, labels)
    found = {
        (s, b): _joined(segments, s, "care_gaps >= 1")
        for s in (*segments.labels, ALL)
        for b in (*labels, ALL)
    }
    note = f"A cell leads to people of its segment with gaps in care that can be closed: risk alone does not say who will benefit. {COSTED}"
    return SegmentMatrix(segmentation, "risk", model.title, released, segments.labels, labels, found, note)


def _joined(segments: Segments, segment: str, condition: str) -> str:
    parts = ["" if segment == ALL else segments.condition(segment), condition]
    return " and ".join(part for part in parts if part) or "registered"


def _round(value: float, base: int) -> float:
    return value if value != value else float(round(value / base) * base)


def _released(
    population: Population,
    table: Any,
    segments: Segments,
    place: np.ndarray,
    labels: tuple[str, ...],
) -> ReleasedTable:
    cost, admissions = table.column("cost").to_numpy(), table.column("admissions").to_numpy()
    names = (*segments.labels, NOT_KNOWN)
    found = list(cells(table.column("s").to_numpy(), names, place, labels))
    whole = max(float(cost.sum()), 1.0)
    means = [mean_of(cost, c.members) for c in found]
    frame = pd.DataFrame(
        {
            "segment": [c.row for c in found],
            "band": [c.column for c in found],
            "people": [len(c.members) for c in found],
            "spend_per_head": [_round(m, 10) for m in means],
            "cost_share": [round(m * len(c.members) / whole, 3) for m, c in zip(means, found, strict=True)],
            "admissions_per_1000": [_round(1000 * mean_of(admissions, c.members), 1) for c in found],
        }
    )
    return release(
        frame,
        dimensions=["segment", "band"],
        counts=["people"],
        means=dict.fromkeys(("spend_per_head", "cost_share", "admissions_per_1000"), "people"),
        kinds={"cost_share": "proportion", "spend_per_head": "value", "admissions_per_1000": "value"},
        margins={"segment": ALL, "band": ALL},
        notes=[COSTED],
        **about(population, "Segments of the population"),
    )
