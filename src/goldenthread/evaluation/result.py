"""An evaluation as agreed: what was compared, what came of it, and everything behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import pandas as pd

from goldenthread.evaluation.criteria import Criterion, Found, Verdict, judge
from goldenthread.evaluation.designs import Design, design
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class CriterionResult:
    """A criterion beside what was found; ``reason`` says why where nothing was ("too few answers")."""

    criterion: Criterion
    found: Found
    reason: str = ""

    def __post_init__(self) -> None:
        if self.found is None and not self.reason.strip():
            raise EvaluationError(
                f"{self.criterion.outcome}: no result and no reason.", "Say why, such as 'too few answers'."
            )
        if isinstance(self.found, Effect) and self.found.exploratory:
            raise EvaluationError(
                f"{self.criterion.outcome}: an exploratory effect cannot answer an agreed criterion.",
                "Put it among the exploratory effects, or give the effect from the locked analysis.",
            )

    @property
    def verdict(self) -> Verdict:
        """Met, not met, cannot tell yet; for limits within limit, limit exceeded."""
        return judge(self.criterion, self.found)


@dataclass(frozen=True)
class BeforeAfter:
    """The naive comparison, shown so that nobody need make it: events a year before and after, both groups.

    >>> naive = BeforeAfter("emergency admissions", before=900, after=504, others_before=2600, others_after=1794)
    >>> round(naive.change, 2), round(naive.others_change, 2)
    (-0.44, -0.31)
    """

    outcome: str
    before: float
    after: float
    others_before: float | None = None
    others_after: float | None = None

    def __post_init__(self) -> None:
        figures = (self.before, self.after, self.others_before or 0.0, self.others_after or 0.0)
        if min(figures) < 0:
            raise EvaluationError(
                f"{self.outcome}: a figure before or after is negative.", "Check the source."
            )
        if self.before == 0 or self.others_before == 0:
            raise EvaluationError(
                f"{self.outcome}: nothing happened before, so no change can be stated.",
                "Leave the before-and-after comparison out and say why.",
            )
        if (self.others_before is None) != (self.others_after is None):
            raise EvaluationError(
                f"{self.outcome}: half of the others' figures is missing.", "Give both or none."
            )

    @property
    def change(self) -> float:
        """Relative change of those helped: -0.44 is 44% fewer."""
        return self.after / self.before - 1

    @property
    def others_change(self) -> float:
        """Relative change of those they are compared with (0 where not given)."""
        if self.others_before is None or self.others_after is None:
            return 0.0
        return self.others_after / self.others_before - 1


@dataclass(frozen=True)
class GroupResult:
    """One outcome in one group of people (a fifth of deprivation, an ethnic group)."""

    group: str
    outcome: str
    effect: Effect | None
    reason: str = ""


@dataclass(frozen=True)
class Check:
    """One test of the comparison itself: its name, whether it was passed (None: not decided), its reading."""

    name: str
    passed: bool | None
    reading: str


@dataclass(frozen=True, eq=False)
class Annex:
    """What stands behind the page: how it was done, whether the groups were alike, checks, and hashes.

    ``hashes`` are passed in (locked plan, cohort, data snapshot, code) and shown as they are.
    """

    method: tuple[str, ...] = ()
    balance: pd.DataFrame | None = None
    checks: tuple[Check, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that one page needs. ``who`` and ``compared_with`` stand in the middle of a sentence: "Compared
    with <similar people who were not>, <people who were invited> had about 19 fewer ...".

    ``counted`` names what the numbers behind an effect count ("people", "places", "months"); numbers of
    people under ``smallest_count`` are not shown. ``withdrawn`` says what became of those who died, moved
    or left. ``before_after`` may be left out only with ``no_before_after`` saying why.
    """

    title: str
    who: str
    compared_with: str
    agreed_on: date
    evaluated_on: date
    data_to: date
    design_name: str
    how_compared: tuple[str, ...]
    results: tuple[CriterionResult, ...]
    before_after: BeforeAfter | None
    no_before_after: str = ""
    groups: tuple[GroupResult, ...] = ()
    exploratory: tuple[Effect, ...] = ()
    amendments: tuple[str, ...] = ()
    cannot_show: tuple[str, ...] = ()
    withdrawn: str = ""
    counted: str = "people"
    smallest_count: int = 8
    annex: Annex = field(default_factory=Annex)

    def __post_init__(self) -> None:
        _ = self.design
        if not any(result.criterion.kind == "primary" for result in self.results):
            raise EvaluationError(
                f"{self.title}: no primary criterion.",
                "An evaluation answers at least one criterion agreed first.",
            )
        if self.before_after is None and not self.no_before_after.strip():
            raise EvaluationError(
                f"{self.title}: no before-and-after comparison and no reason.",
                "Give before_after, or say in no_before_after why there is none.",
            )
        if not self.how_compared:
            raise EvaluationError(f"{self.title}: nothing says what was compared.", "Give how_compared.")
        if self.evaluated_on < self.agreed_on:
            raise EvaluationError(
                f"{self.title}: evaluated on {self.evaluated_on}, before it was agreed on {self.agreed_on}.",
                "Check the dates: success is agreed first.",
            )
        labelled = [effect.outcome for effect in self.exploratory if not effect.exploratory]
        if labelled:
            raise EvaluationError(
                f"{labelled[0]}: not marked as exploratory.",
                "Mark it with exploratory=True, or agree it first.",
            )

    @property
    def design(self) -> Design:
        """The design, with what it can and cannot show."""
        return design(self.design_name)

    @property
    def verdicts(self) -> tuple[tuple[Criterion, Verdict], ...]:
        """Each criterion with its verdict, as agreed: primary, secondary, equity, then harm."""
        return tuple((result.criterion, result.verdict) for result in self.ordered)

    @property
    def ordered(self) -> tuple[CriterionResult, ...]:
        """Results in the order of the page."""
        order = ("primary", "secondary", "equity", "harm")
        return tuple(sorted(self.results, key=lambda result: order.index(result.criterion.kind)))
