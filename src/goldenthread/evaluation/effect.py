"""One estimated effect, with its uncertainty and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Measure = Literal[
    "rate ratio", "rate difference", "risk ratio", "risk difference", "mean difference", "count"
]


@dataclass(frozen=True)
class Effect:
    """How much an outcome differed, how sure we are, and by what method.

    ``value``, ``lower`` and ``upper`` are on the scale of ``measure``: a ratio (1 is no difference), or a
    difference in the outcome's own units (rates are events per person-year). ``confidence`` is the coverage
    the interval aims at. ``p_value`` is two-sided, or None where the method gives none. ``exploratory``
    marks effects that were not agreed before the start and must not be read as proof.

    >>> fewer = Effect("falls", "rate ratio", 0.81, 0.69, 0.95, 0.95, 0.011, 612, 1836, "matched Poisson")
    >>> fewer.excludes_no_effect
    True
    """

    outcome: str
    measure: Measure
    value: float
    lower: float
    upper: float
    confidence: float
    p_value: float | None
    n_treated: int
    n_control: int
    method: str
    notes: tuple[str, ...] = ()
    exploratory: bool = False

    @property
    def is_ratio(self) -> bool:
        """Whether 1, rather than 0, means no difference."""
        return self.measure.endswith("ratio")

    @property
    def excludes_no_effect(self) -> bool:
        """Whether the interval leaves out "no difference" (1 for a ratio, 0 for a difference)."""
        null = 1.0 if self.is_ratio else 0.0
        return not self.lower <= null <= self.upper
