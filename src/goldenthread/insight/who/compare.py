"""Who are they: a cohort beside everybody else, on every fact of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import erfc, exp, log, sqrt
from typing import Any

import numpy as np
import pandas as pd

from goldenthread.cohorts import Cohort, Population
from goldenthread.definitions.expressions import Compare, Constant, Name
from goldenthread.disclosure import ReleasedTable, named_policy, release
from goldenthread.evaluation import benjamini_hochberg
from goldenthread.governance import GovernanceError
from goldenthread.insight.inequality import within
from goldenthread.insight.who.facts import Average, Fact, known_facts
from goldenthread.insight.who.sums import Sums, everybody, sums_of

_Z = 1.959963984540054
LEVEL = 0.05


@dataclass(frozen=True)
class Row:
    """One fact: the share of them and of the others who have it, and how many times as likely they are to.

    ``stands_out`` says that the difference remains when all the facts looked at are taken into account (Benjamini-Hochberg, 5%).
    Everything is worked out from shown figures; ``None`` where they are hidden, or a ratio where there is none.
    """

    title: str
    group: str
    expression: str
    gap: bool
    people: int | None
    them: float | None
    others: float | None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    stands_out: bool = False

    @property
    def more(self) -> bool:
        """Whether they are more likely to have it."""
        return self.ratio is not None and self.ratio > 1

    @property
    def words(self) -> str:
        """The comparison as a person would say it.

        >>> Row("COPD", "", "copd", False, 40, 0.2, 0.1, 2.0, 1.5, 2.7).words
        '20% of them and 10% of the others: 2.0 times as likely (1.5 to 2.7)'
        """
        if self.them is None or self.others is None:
            return "Too few people to show"
        said = f"{_percent(self.them)} of them and {_percent(self.others)} of the others"
        if self.ratio is None or self.lower is None or self.upper is None:
            return said
        return (
            f"{said}: {_figure(self.ratio)} times as likely ({_figure(self.lower)} to {_figure(self.upper)})"
        )


@dataclass(frozen=True)
class AverageRow:
    """The mean of one number among them and among the others; ``None`` where hidden."""

    title: str
    unit: str
    them: float | None
    others: float | None


@dataclass(frozen=True)
class Comparison:
    """A cohort beside the others. ``rows`` are ranked: what stands out first, the largest ratio first among them.

    ``others_words`` says who the others are. ``released`` holds the counts and shares the rows were read from.
    ``message`` says why there is nothing, where there is nothing.
    """

    cohort: Cohort = field(repr=False)
    people: int | None
    others_people: int | None
    others_words: str
    same_ages: bool
    rows: tuple[Row, ...]
    averages: tuple[AverageRow, ...]
    sentence: str
    message: str = ""
    released: ReleasedTable | None = field(default=None, repr=False)
    released_averages: ReleasedTable | None = field(default=None, repr=False)

    @property
    def over(self) -> tuple[Row, ...]:
        """What they are more likely to have, and it stands out."""
        return tuple(r for r in self.rows if r.stands_out and r.more)

    @property
    def under(self) -> tuple[Row, ...]:
        """What they are less likely to have, and it stands out; the smallest ratio first."""
        return tuple(
            sorted((r for r in self.rows if r.stands_out and not r.more), key=lambda r: r.ratio or 0)
        )


def compare(cohort: Cohort, *, same_ages: bool = False) -> Comparison:
    """Who are they, beside everybody else of their scope: what is more and what is less common among them?

    The others are the people of the same population who are not in the cohort, of the ages that the cohort's own conditions name
    (``age >= 65``). With ``same_ages`` the others are weighed so that their ages are as the cohort's (six bands).

    A comparison is shown where the number of people in the cohort may be shown to this recipient, so that two comparisons cannot be
    subtracted to single out a few; its own counts are rounded to 5 and hidden under 8 (docs/decisions/0120).
    """
    facts, averages = _usable(cohort.population)
    needs = {*cohort.needs, *(n for f in facts for n in f.needs), *(a.fact for a in averages)}
    population = cohort.population.for_facts(sorted(needs))
    cohort = population.cohort(cohort.expression)
    answer = cohort.count()
    terms = _age_terms(cohort)
    words = f"everybody else{_ages_said(terms)}"
    if answer.people is None or answer.population is None:
        reason = "Too few people to compare, or too few to compare them with."
        return Comparison(cohort, answer.people, None, words, same_ages, (), (), reason, reason)
    sums = sums_of(cohort, terms, facts, averages)
    if not sums.them.people.any() or not sums.others.people.any():
        reason = (
            "Nobody is left to compare them with."
            if sums.them.people.any()
            else "Nobody meets these conditions."
        )
        return Comparison(cohort, answer.people, None, words, same_ages, (), (), reason, reason)
    released = _released(population, cohort, facts, sums, same_ages=same_ages)
    means = _released_means(population, cohort, averages, sums, same_ages=same_ages)
    rounding = named_policy(released.policy).rounding
    rows = _ranked(_rows(facts, released, max(rounding - 1, 0) // 2, standardised=same_ages), cohort)
    shown = released.frame.iloc[0]
    return Comparison(
        cohort,
        answer.people,
        _int(shown["others_people"]),
        words,
        same_ages,
        rows,
        _average_rows(averages, means),
        _sentence(rows, words, set(cohort.needs)),
        released=released,
        released_averages=means,
    )


def make_ready(population: Population) -> None:
    """Load what every comparison needs of everybody, so that the first one does not wait for it."""
    everybody(population, *_usable(population))


def _usable(population: Population) -> tuple[tuple[Fact, ...], tuple[Average, ...]]:
    """Facts that this deployment defines and whose feeds the purpose may use."""
    facts, averages = known_facts(population.variables)
    sharing = population.sharing
    if sharing is None or sharing.plain:
        return facts, averages

    def may(names: list[str]) -> bool:
        try:
            population.for_facts(names)
        except GovernanceError:
            return False
        return True

    return tuple(f for f in facts if may(f.needs)), tuple(a for a in averages if may([a.fact]))


def _released(
    population: Population, cohort: Cohort, facts: Iterable[Fact], sums: Sums, *, same_ages: bool
) -> ReleasedTable:
    facts = list(facts)
    them, others = sums.them.facts.sum(axis=1), sums.others.facts.sum(axis=1)
    n_them, n_others = int(sums.them.people.sum()), int(sums.others.people.sum())
    share = others / n_others
    if same_ages:
        share = (sums.others.facts / np.maximum(sums.others.people, 1)) @ sums.weights
    frame = pd.DataFrame(
        {
            "fact": [f.title for f in facts],
            "group": [f.group for f in facts],
            "them": them,
            "them_people": n_them,
            "others": others,
            "others_people": n_others,
            "them_share": them / n_them,
            "others_share": share,
        }
    )
    return release(
        frame,
        policy=_comparison_policy(population),
        dimensions=["fact"],
        counts=["them", "them_people", "others", "others_people"],
        rates={"them_share": ("them", "them_people"), "others_share": ("others", "others_people")},
        kinds={"group": "text", "them_share": "proportion", "others_share": "proportion"},
        not_additive=["fact"],
        standardised=["others_share"] if same_ages else [],
        **_about(population, cohort),
    )


def _released_means(
    population: Population, cohort: Cohort, averages: Iterable[Average], sums: Sums, *, same_ages: bool
) -> ReleasedTable:
    frame = pd.DataFrame(
        {
            "average": [a.title for a in averages],
            "them_people": int(sums.them.people.sum()),
            "others_people": int(sums.others.people.sum()),
            "them_mean": [x.mean() for x in sums.them.amounts],
            "others_mean": [x.mean(sums.weights if same_ages else None) for x in sums.others.amounts],
        }
    )
    return release(
        frame,
        policy=_comparison_policy(population),
        dimensions=["average"],
        counts=["them_people", "others_people"],
        means={"them_mean": "them_people", "others_mean": "others_people"},
        not_additive=["average"],
        **_about(population, cohort),
    )


def _comparison_policy(population: Population) -> str:
    """The purpose's own policy where it rounds, else the published one for hospital figures, which does."""
    own = population.purpose.disclosure
    return own if named_policy(own).rounding >= 5 else "hes"


def _about(population: Population, cohort: Cohort) -> dict[str, Any]:
    return {
        "purpose": population.purpose.title,
        "source": f"{cohort.english}; as at {population.index_date:%-d %B %Y}",
        "data_date": population.data_date,
        "coverage": population.coverage.words,
    }


def _rows(facts: Iterable[Fact], released: ReleasedTable, slack: int, *, standardised: bool) -> list[Row]:
    """Ratios, intervals and tests from the shown counts alone, which may be ``slack`` off: the intervals take that in."""
    rows: list[Row] = []
    tested: list[tuple[int, float]] = []
    records = released.frame.to_dict("records")
    for fact, shown in zip(facts, records, strict=True):
        a, n1, c, n2 = (_int(shown[k]) for k in ("them", "them_people", "others", "others_people"))
        them, others = _float(shown["them_share"]), _float(shown["others_share"])
        row = Row(fact.title, fact.group, fact.expression, fact.gap, a, them, others)
        if a and c and n1 and n2 and them and others:
            ratio = (a / n1) / (others if standardised else c / n2)
            error = sqrt(max(1 / a - 1 / n1 + 1 / c - 1 / n2, 0.0))
            fewer, more = (
                log(max(a - slack, 1) / a * c / (c + slack)),
                log((a + slack) / a * c / max(c - slack, 1)),
            )
            row = Row(
                fact.title, fact.group, fact.expression, fact.gap, a, them, others,
                ratio, exp(log(ratio) + fewer - _Z * error), exp(log(ratio) + more + _Z * error),
            )  # fmt: skip
            if error > 0:
                nearest = max(log(ratio) + fewer, 0.0) if ratio > 1 else min(log(ratio) + more, 0.0)
                tested.append((len(rows), erfc(abs(nearest) / error / sqrt(2))))
        rows.append(row)
    if tested:
        adjusted = benjamini_hochberg([p for _, p in tested])
        for (place, _), q in zip(tested, adjusted, strict=True):
            one = rows[place]
            rows[place] = Row(**{**one.__dict__, "stands_out": bool(q < LEVEL)})
    return rows


def _ranked(rows: Iterable[Row], cohort: Cohort) -> tuple[Row, ...]:
    """What stands out first, by how much; without facts that the cohort's own conditions settle."""
    used = set(cohort.needs)

    def settled(row: Row) -> bool:
        if row.them is None or row.others is None:
            return False
        theirs = set(_names(row.expression))
        mine = used & theirs
        if theirs and theirs <= used - {"age", "female", "male"}:
            return True  # it is what was asked for
        # what everybody among them has, the question brings with it
        return row.them >= 0.995 or (row.them <= 0.005 and (row.others <= 0.005 or bool(mine)))

    def place(row: Row) -> tuple[bool, bool, float]:
        return (not row.stands_out, row.ratio is None, -abs(log(row.ratio)) if row.ratio else 0.0)

    return tuple(sorted((r for r in rows if not settled(r)), key=place))


def _names(expression: str) -> list[str]:
    return Fact("", "", expression).needs


def _average_rows(averages: Iterable[Average], released: ReleasedTable) -> tuple[AverageRow, ...]:
    return tuple(
        AverageRow(one.title, one.unit, _float(shown["them_mean"]), _float(shown["others_mean"]))
        for one, shown in zip(averages, released.frame.to_dict("records"), strict=True)
    )


def _sentence(rows: tuple[Row, ...], words: str, used: set[str]) -> str:
    """What sets them apart most, of what the question does not name itself."""
    apart = [r for r in rows if r.stands_out and r.more and (r.them or 0) >= 0.05]
    found = [r for r in apart if not used & set(_names(r.expression))]
    if not found:
        return f"Nothing looked at is more common among them than among {words}, beyond chance."
    top = found[0]
    return f"What most sets them apart from {words}: {within(top.title)}, {top.words}."


def _age_terms(cohort: Cohort) -> list[Compare]:
    """Conditions on age alone, joined by the outermost ``and``; none where nothing else is asked, for then nobody would be left."""
    found = [
        node
        for _, node in cohort.terms
        if isinstance(node, Compare)
        and node.left == Name("age")
        and isinstance(node.right, Constant)
        and node.operator in (">=", ">", "<", "<=", "==")
    ]
    others = [n for _, n in cohort.terms if n not in found and n != Name("registered")]
    return found if others else []


def _ages_said(terms: Iterable[Compare]) -> str:
    """The ages in words.

    >>> from goldenthread.definitions.expressions import parse
    >>> _ages_said([parse("age >= 65")]), _ages_said([parse("age >= 18"), parse("age < 40")])
    (' aged 65 or over', ' aged 18 to 39')
    """
    low, high = None, None
    for term in terms:
        value = term.right.value if isinstance(term.right, Constant) else 0
        whole = int(float(value)) if isinstance(value, int | float) else 0
        if term.operator in (">=", ">", "=="):
            low = max(low or 0, whole + (term.operator == ">"))
        if term.operator in ("<", "<=", "=="):
            top = whole - (term.operator == "<")
            high = top if high is None else min(high, top)
    match low, high:
        case None, None:
            return ""
        case _, None:
            return f" aged {low} or over"
        case None, _:
            return f" aged {high} or under"
        case _ if low == high:
            return f" aged {low}"
        case _:
            return f" aged {low} to {high}"


def _int(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.01 or share == 0 else f"{100 * share:.1f}%"


def _figure(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
