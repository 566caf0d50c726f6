"""Bands of one fact: what each is called, and the condition that finds its people in a cohort."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from goldenthread.cohorts import CohortError, Population

NOT_KNOWN = "Not known"


@dataclass(frozen=True)
class Bands:
    """One fact cut at ``edges``: the first band is below the first edge, the last from the last edge up.

    >>> need = Bands("need", "Need", "score", "points", (0.5, 1.5), ("low", "middling", "high"))
    >>> need.condition("middling")
    'score >= 0.5 and score < 1.5'
    """

    name: str
    title: str
    fact: str
    unit: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]

    def condition(self, label: str) -> str:
        """The expression that holds for people of one band."""
        if label == NOT_KNOWN:
            return f"missing({self.fact})"
        place = self.labels.index(label)
        low = f"{self.fact} >= {self.edges[place - 1]:g}" if place else ""
        high = f"{self.fact} < {self.edges[place]:g}" if place < len(self.edges) else ""
        return " and ".join(part for part in (low, high) if part)

    @property
    def sql(self) -> str:
        """The place of a person's band, as a small whole number; the last place is for those without a value."""
        whens = " ".join(f"WHEN {self.fact} < {edge:g} THEN {place}" for place, edge in enumerate(self.edges))
        last = len(self.edges)
        return f"CAST(CASE WHEN {self.fact} IS NULL THEN {last + 1} {whens} ELSE {last} END AS TINYINT)"


def _counted(name: str, title: str, fact: str, unit: str, lows: tuple[int, ...]) -> Bands:
    """Bands of a count, labelled by what they hold: 0, 1, 2 to 3, 4 or more."""
    ends = [f"{a}" if b - a == 1 else f"{a} to {b - 1}" for a, b in pairwise((0, *lows))]
    return Bands(name, title, fact, unit, tuple(map(float, lows)), (*ends, f"{lows[-1]} or more"))


NEED = Bands(
    "need",
    "Cambridge Multimorbidity Score",
    "cambridge_multimorbidity",
    "points",
    (0.5, 1.5, 3.0),
    ("under 0.5", "0.5 to under 1.5", "1.5 to under 3", "3 or more"),
)
USE = Bands(
    "use",
    "Estimated cost of care in 12 months",
    "cost_12m",
    "pounds",
    (1.0, 500.0, 2000.0, 10000.0),
    ("no contact costed", "under £500", "£500 to under £2,000", "£2,000 to under £10,000", "£10,000 or more"),
)
GAPS = _counted("gaps", "Gaps in care that can be closed", "care_gaps", "gaps", (1, 2, 4))
CONDITIONS = _counted("conditions", "Long-term conditions", "long_term_conditions", "conditions", (1, 2, 4))

BANDS = {one.name: one for one in (NEED, USE, GAPS, CONDITIONS)}
"""What segments can be crossed with."""


def bands_called(name: str) -> Bands:
    """The bands of a name; ``CohortError`` for another."""
    if name not in BANDS:
        raise CohortError(f"Segments cannot be crossed with {name!r}.", f"Use one of {', '.join(BANDS)}.")
    return BANDS[name]


@dataclass(frozen=True)
class Segments:
    """One segmentation as it is used: the fact's name and its segments, heaviest need first."""

    name: str
    labels: tuple[str, ...]

    def condition(self, label: str) -> str:
        """The expression that holds for people of one segment."""
        return f'{self.name} == "{label}"'

    @property
    def sql(self) -> str:
        """The place of a person's segment, as a small whole number."""
        whens = " ".join(
            f"WHEN '{label.replace(chr(39), chr(39) * 2)}' THEN {place}"
            for place, label in enumerate(self.labels)
        )
        return f"CAST(CASE {self.name} {whens} ELSE {len(self.labels)} END AS TINYINT)"


def segments_called(population: Population, name: str) -> Segments:
    """The segmentation of a name; ``CohortError`` where there is none."""
    known = population.catalogue.segmentations
    if name not in known:
        raise CohortError(f"There is no segmentation called {name!r}.", f"There are: {', '.join(known)}.")
    return Segments(name, (*(s.name for s in known[name].segments), known[name].otherwise))
