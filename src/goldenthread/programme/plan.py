"""What is agreed before the start: outcomes and their sizes, the comparison, equity targets, stop rules, dates, people's time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal

from goldenthread.evaluation import Criterion
from goldenthread.programme.errors import ProgrammeError
from goldenthread.programme.workforce import Activity

DesignKind = Literal["matched", "interrupted time series", "stepped roll-out", "synthetic control"]
PLACES: tuple[DesignKind, ...] = ("interrupted time series", "stepped roll-out", "synthetic control")


@dataclass(frozen=True)
class PlannedOutcome:
    """One thing that is to change, or must not: counted by a measure that counts dated events.

    ``months`` is the time to effect: how long people (or places) are followed. A balancing measure has kind ``harm``
    and direction "no more than", with ``limit_on`` saying which way is bad.
    """

    name: str
    measure: str
    direction: Literal["fewer", "more", "no more than"]
    size: float
    kind: Literal["primary", "secondary", "harm"] = "secondary"
    unit: str = "%"
    months: int = 12
    limit_on: Literal["more", "fewer"] = "more"

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 120:
            raise ProgrammeError(f"{self.name}: {self.months} months.", "Give 1 to 120 months.")
        if not math.isfinite(self.size):
            raise ProgrammeError(f"{self.name}: the size is {self.size}.", "Give a number.")

    def criterion(self) -> Criterion:
        """The same, as the evaluation judges it."""
        return Criterion(
            self.name, self.direction, self.size, self.kind, self.unit, f"{self.months} months", self.limit_on
        )


_GROUPS = {"imd_quintile": "deprivation fifth", "age_band": "people aged"}
_ENDS = {"1": "most", "5": "least"}


@dataclass(frozen=True)
class EquityTarget:
    """A share of the people offered in one group who are to be reached, or to finish."""

    by: str
    group: str
    at_least: float
    step: Literal["reached", "completed"] = "reached"
    name: str = ""

    def criterion(self) -> Criterion:
        """The same, as the evaluation judges it."""
        return Criterion(self.title, "at least", self.at_least, "equity", "%")

    @property
    def title(self) -> str:
        """What is shown: "reach in the most deprived fifth" unless a better name is given."""
        if self.name:
            return self.name
        step = "reach" if self.step == "reached" else "completion"
        if self.by == "imd_quintile" and self.group in _ENDS:
            return f"{step} in the {_ENDS[self.group]} deprived fifth"
        return f"{step} in {_GROUPS.get(self.by, self.by.replace('_', ' '))} {self.group}"


@dataclass(frozen=True)
class Started:
    """A place, and the first day on which it took part."""

    place: str
    on: date


@dataclass(frozen=True)
class Design:
    """Whom or what the result will be compared with.

    matched: people who took the step ``entry`` in the contact feed, each with up to ``ratio`` others for whom
    ``comparable`` held on a day drawn from the same time and who had not been offered it, alike in ``covariates``
    (and exactly in ``exact``). ``recruit_until`` is the last day of entering. Places: ``places`` says which practices or networks started when; ``ages`` bounds the people counted;
    ``compare_with`` names the places it is compared with (all others of the level where empty).
    """

    kind: DesignKind
    entry: Literal["invited", "reached", "completed"] = "invited"
    comparable: str = ""
    covariates: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    subgroups: tuple[str, ...] = ("imd_quintile", "sex")
    ratio: int = 3
    caliper: float = 0.2
    draws: int = 2
    seed: int = 1
    months_before: int = 9
    months_after: int = 12
    recruit_from: date | None = None
    recruit_until: date | None = None
    one_programme_each: bool = False
    level: Literal["practice", "pcn"] = "practice"
    places: tuple[Started, ...] = ()
    compare_with: tuple[str, ...] = ()
    ages: tuple[int, int] = (0, 120)
    drawn_by_lot: bool = False

    @property
    def of_places(self) -> bool:
        """Whether places are compared rather than people."""
        return self.kind in PLACES


@dataclass(frozen=True)
class StopRule:
    """When to stop early, and who decides."""

    when: str
    who: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything agreed before the start. ``uptake`` is the share of the cohort expected to enter, ``capacity`` the most
    people there is time for. ``began_before`` says why success is agreed only after the start, where it is;
    ``few_accepted`` why it goes ahead with too few people to see the size worth having. Both are shown beside the result for ever.
    """

    outcomes: tuple[PlannedOutcome, ...] = ()
    design: Design | None = None
    equity: tuple[EquityTarget, ...] = ()
    stop_rules: tuple[StopRule, ...] = ()
    review_dates: tuple[date, ...] = ()
    evaluate_on: date | None = None
    uptake: float = 0.6
    capacity: int | None = None
    activities: tuple[Activity, ...] = ()
    began_before: str = ""
    few_accepted: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.uptake <= 1:
            raise ProgrammeError(f"Uptake is {self.uptake}.", "Give a share between 0 and 1, such as 0.6.")
        names = [o.name for o in self.outcomes] + [e.title for e in self.equity]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ProgrammeError(f"Two outcomes are called {repeated[0]!r}.", "Name each differently.")

    @property
    def primary(self) -> PlannedOutcome | None:
        """The outcome agreed to matter most."""
        return next((o for o in self.outcomes if o.kind == "primary"), None)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Every criterion, as the evaluation judges it."""
        return tuple(o.criterion() for o in self.outcomes) + tuple(e.criterion() for e in self.equity)


def lacks(plan: Plan) -> tuple[str, ...]:
    """What must still be agreed before the plan can be locked, in words; the number of people is looked at apart.

    >>> lacks(Plan())[0]
    'no primary outcome: name the one thing agreed to matter most'
    """
    found = []
    if plan.primary is None:
        found.append("no primary outcome: name the one thing agreed to matter most")
    elif plan.primary.direction == "no more than":
        found.append("the primary outcome is only a limit: say what is to get better, and by how much")
    if not any(o.kind == "harm" for o in plan.outcomes):
        found.append("no balancing measure: name what must not get worse")
    design = plan.design
    if design is None:
        found.append("no comparator: choose a design, so that it can be told what would have happened anyway")
    elif design.of_places:
        found += _places(design)
    else:
        if not design.comparable.strip():
            found.append("no comparator: say in `comparable` who may be compared")
        if not design.covariates:
            found.append("no covariates: name what people compared must be alike in, earlier use among them")
    if plan.evaluate_on is None and not plan.review_dates:
        found.append("no date for the evaluation")
    return tuple(found)


def _places(design: Design) -> list[str]:
    found = []
    if not design.places:
        found.append("no places: say which start, and when")
    if design.kind == "stepped roll-out" and len({p.on for p in design.places}) < 2:
        found.append("a stepped roll-out needs places that start on different days")
    if design.kind == "synthetic control" and len({p.on for p in design.places}) > 1:
        found.append("a synthetic control needs one start for all its places")
    return found
