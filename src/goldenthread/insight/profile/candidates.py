"""Whom to help first: the people of each initiative ready to start from, ranked by what stands out here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goldenthread.insight.profile.figures import Figure
from goldenthread.insight.profile.findings import Finding
from goldenthread.insight.profile.headline import Target

WORKABLE = 15
"""Fewer people than this are no programme of work."""


@dataclass(frozen=True)
class CandidateCohort:
    """People whom an initiative could help: how many, why they come to mind here, and the gaps in their care.

    ``figure`` counts them; ``expression`` is the cohort, ``template`` the initiative. ``findings`` and ``targets`` are
    those of the profile that the initiative would act on.
    """

    figure: Figure
    template: str
    expression: str
    findings: tuple[Finding, ...]
    targets: tuple[Target, ...]

    @property
    def title(self) -> str:
        """What the initiative is called."""
        return self.figure.counted.title

    @property
    def why(self) -> tuple[str, ...]:
        """Why these people, in sentences."""
        found = [f.sentence for f in self.findings[:2]]
        if not found and self.figure.ratio is not None and (self.figure.ratio_lower or 0) > 1:
            found.append(
                f"{self.figure.said} in 1,000 people, where {self.figure.comparator_said} would be expected at these ages and sexes."
            )
        return tuple(found) or ("One of the initiatives that every network can start from.",)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Gaps in care that can be closed, in sentences."""
        return tuple(
            f"{t.figure.counted.title}: {t.figure.said}; {t.gap:,} more people to reach {t.aim:.0f}% ({t.aim_source})."
            for t in self.targets
            if t.gap and t.aim is not None
        )


def candidates_of(
    figures: Mapping[str, Figure], findings: Iterable[Finding], targets: Iterable[Target]
) -> tuple[CandidateCohort, ...]:
    """Every initiative whose people can be counted and are enough, those that act on what stands out first.

    Then by how many more people than expected there are, then by how many there are.
    """
    acts, aims = [f for f in findings if not f.good], list(targets)
    found = []
    for figure in figures.values():
        if figure.count is None or figure.count < WORKABLE:
            continue
        name = figure.counted.template
        found.append(
            CandidateCohort(
                figure,
                name,
                figure.counted.named,
                tuple(f for f in acts if f.figure.counted.template == name),
                tuple(t for t in aims if t.figure.counted.template == name),
            )
        )
    return tuple(sorted(found, key=lambda c: (-sum(f.size for f in c.findings), -_excess(c.figure), c.title)))


def _excess(figure: Figure) -> float:
    """People more than expected, in units of what chance would give."""
    if figure.count is None or not figure.expected:
        return math.sqrt(figure.count or 0) / 100
    return (figure.count - figure.expected) / math.sqrt(max(figure.expected, 1.0))
