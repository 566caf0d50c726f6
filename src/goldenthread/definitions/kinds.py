"""What a definition can say: measures, conditions, scores, segmentations, cohorts, indicators and coding checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from goldenthread.definitions.expressions import Kind

DefinitionKind = Literal[
    "measure",
    "condition",
    "score",
    "segment",
    "indicator",
    "codelist",
    "cohort",
    "initiative",
    "coding check",
]

TAKES: Mapping[str, Kind] = {
    "exists": "truth",
    "count": "number",
    "days": "number",
    "distinct codes": "number",
    "distinct groups": "number",
    "weights": "number",
    "sum": "number",
    "min": "number",
    "max": "number",
    "mean": "number",
    "first value": "number",
    "latest value": "number",
    "first date": "date",
    "latest date": "date",
    "latest group": "text",
    "days covered": "number",
}
"""What ``take`` may be, and the kind of the answer.

exists: any row; count: rows; days: different dates; distinct codes: different codes; distinct groups: different
groups of the codelist; weights: sum of the codelist's weights over the different groups; sum, min, max, mean,
first value, latest value: of ``value`` (another column with ``of``); first date, latest date; latest group: the
codelist group of the latest code; days covered: days of the window that periods cover, each day once.
"""

_SPAN = re.compile(r"(\d+) (day|month|year)s?")


@dataclass(frozen=True)
class Span:
    """A length of time in whole months or days."""

    amount: int
    unit: Literal["days", "months"]

    @classmethod
    def read(cls, text: str) -> Span:
        """Read "24 months", "90 days" or "5 years"; ``ValueError`` for anything else.

        >>> Span.read("5 years")
        Span(amount=60, unit='months')
        """
        found = _SPAN.fullmatch(text.strip())
        if not found:
            raise ValueError(text)
        amount = int(found[1])
        if found[2] == "year":
            return cls(amount * 12, "months")
        return cls(amount, "days" if found[2] == "day" else "months")


@dataclass(frozen=True)
class Definition:
    """What every definition has: a name, a rule in plain words, a source, a version, and where it is written.

    ``title`` is what it is called in a sentence, where its name does not say it well ("COPD" for ``copd``).
    """

    name: str
    rule: str
    source: str
    version: str = "1"
    unit: str = ""
    title: str = ""
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    kind: DefinitionKind = field(default="measure", init=False)


@dataclass(frozen=True)
class Measure(Definition):
    """One fact about each person on the index date.

    Either taken from the rows of one table (``table``, ``take``) or worked out from other facts
    (``expression``). The window runs from ``within`` before the index date (that day not included) to
    ``until`` before it, or to the index date itself (included). ``since = "financial year"`` begins on
    1 April instead. ``active`` keeps periods that cover the index date. ``on`` is the column that holds the
    codes, where it is not the table's own code column; ``of`` the column that is summed or averaged, where it is
    not ``value``.
    """

    table: str = ""
    take: str = ""
    of: str = ""
    codes: tuple[str, ...] = ()
    on: str = ""
    where: str = ""
    within: Span | None = None
    until: Span | None = None
    since: str = ""
    active: bool = False
    valid: tuple[float, float] | None = None
    expression: str = ""
    values: tuple[str, ...] = ()
    area: str = ""


@dataclass(frozen=True)
class Condition(Definition):
    """A diagnosis or state that a person has on the index date.

    A code in ``codes`` not followed by a later code in ``resolved`` (a resolving code on the same day does
    not count), within the ages on the index date, and where ``expression`` (over measures) holds. Gives the
    fact ``<name>`` and the date ``<name>_since`` of the first code that stands.
    """

    codes: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    min_age: int | None = None
    max_age: int | None = None
    within: Span | None = None
    expression: str = ""
    group: str = ""
    register: str = ""

    kind: DefinitionKind = field(default="condition", init=False)


@dataclass(frozen=True)
class Score(Definition):
    """A published score: its method by name, what it is fed with, and its categories.

    ``inputs`` maps the method's arguments to facts. ``categories`` maps names to the least score of each, in
    rising order. ``warning`` must stand wherever the score is shown.
    """

    method: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    categories: Mapping[str, float] = field(default_factory=dict)
    warning: str = ""

    kind: DefinitionKind = field(default="score", init=False)


@dataclass(frozen=True)
class Segment:
    """One segment of a segmentation: people who meet its expression and none before it."""

    name: str
    rule: str
    expression: str


@dataclass(frozen=True)
class Segmentation(Definition):
    """Segments in order of priority: each person is in the first whose expression holds, else in ``otherwise``."""

    segments: tuple[Segment, ...] = ()
    otherwise: str = ""

    kind: DefinitionKind = field(default="segment", init=False)


@dataclass(frozen=True)
class Cohort(Definition):
    """People by an expression, with a name."""

    expression: str = ""
    title: str = ""

    kind: DefinitionKind = field(default="cohort", init=False)


@dataclass(frozen=True)
class Indicator(Definition):
    """A share of people (numerator among denominator) or a rate (sum of a measure over people)."""

    numerator: str = ""
    denominator: str = ""
    better: Literal["higher", "lower", "neither"] = "neither"
    per: float = 100

    kind: DefinitionKind = field(default="indicator", init=False)


@dataclass(frozen=True)
class InitiativeTemplate(Definition):
    """An initiative ready to start from: whom it is for, what should change, who does what, what is sent, what to read.

    The tables are plain values here; ``goldenthread.programme`` reads them into its plan and checks them. ``cohort`` is
    an expression, or the name of a cohort.
    """

    title: str = ""
    question: str = ""
    cohort: str = ""
    evidence: str = ""
    equity: str = ""
    community_voice: str = ""
    uptake: float = 0.6
    review_months: tuple[int, ...] = ()
    four_is: Mapping[str, str] = field(default_factory=dict)
    logic_model: tuple[Mapping[str, Any], ...] = ()
    outcomes: tuple[Mapping[str, Any], ...] = ()
    design: Mapping[str, Any] = field(default_factory=dict)
    equity_targets: tuple[Mapping[str, Any], ...] = ()
    stop_rules: tuple[Mapping[str, Any], ...] = ()
    activities: tuple[Mapping[str, Any], ...] = ()
    risks: tuple[Mapping[str, Any], ...] = ()
    lists: tuple[Mapping[str, Any], ...] = ()
    letter: str = ""
    reading: tuple[Mapping[str, Any], ...] = ()

    kind: DefinitionKind = field(default="initiative", init=False)


@dataclass(frozen=True)
class CodingCheck(Definition):
    """People whose record does not agree with itself, or with other records of them.

    Of those for whom ``among`` holds, the record of a person is questioned where ``expression`` holds. ``family`` says
    what is likely: a code is missing, a code is wrong, or something every record should have is not there (incomplete).
    ``concerns`` names the conditions whose figures are touched. ``action`` is what a practice does about it.
    """

    title: str = ""
    expression: str = ""
    among: str = "registered"
    family: Literal["missing", "wrong", "incomplete"] = "missing"
    concerns: tuple[str, ...] = ()
    action: str = ""

    kind: DefinitionKind = field(default="coding check", init=False)
