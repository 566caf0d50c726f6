"""What is compared between groups: an indicator, a named cohort or an expression, as numbers of people and events."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from typing import Literal

from goldenthread.cohorts import Cohort, Population
from goldenthread.definitions import CodingCheck, Indicator
from goldenthread.definitions.expressions import check, names, parse, to_english, to_text
from goldenthread.insight.inequality.errors import InequalityError
from goldenthread.insight.inequality.naming import title_of

Better = Literal["higher", "lower", "neither"]

_ABOUT_ANYBODY = {"registered", "age", "age_months", "female", "male", "sex"}


@dataclass(frozen=True)
class Outcome:
    """One thing to compare.

    ``share``: people of the denominator for whom the numerator holds, as a fraction. Otherwise a rate: the numerator
    added up over the people of the denominator, for every ``per`` of them.
    """

    name: str
    title: str
    rule: str
    numerator: str
    denominator: str
    share: bool
    per: float
    better: Better
    source: str
    fingerprint: str
    unit: str
    english: str
    standing: bool = False
    """Defined beforehand, rather than typed: everybody who asks is shown the same figures."""

    @property
    def of_everybody(self) -> bool:
        """Whether the denominator is everybody, or everybody of an age or sex, rather than people with a need."""
        return set(names(parse(self.denominator))) <= _ABOUT_ANYBODY

    @property
    def needs(self) -> list[str]:
        """The facts it uses."""
        return list(dict.fromkeys([*names(parse(self.numerator)), *names(parse(self.denominator))]))

    @property
    def expression(self) -> str:
        """The people counted, as a cohort that can be asked about."""
        holds = self.numerator if self.share else f"({self.numerator}) > 0"
        return to_text(parse(f"({self.denominator}) and ({holds})"))

    @property
    def without(self) -> str:
        """The people of the denominator who are not counted, as a cohort that can be asked about."""
        holds = self.numerator if self.share else f"({self.numerator}) > 0"
        return to_text(parse(f"({self.denominator}) and not ({holds})"))

    def said(self, value: float) -> str:
        """A figure of this outcome as people say it.

        >>> share = Outcome("a", "A", "A", "copd", "registered", True, 100, "neither", "", "", "", "")
        >>> share.said(0.0912)
        '9.1%'
        """
        if self.share:
            return f"{value:.1%}" if value >= 0.01 or value == 0 else f"{value:.2%}"
        figure = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if self.per > 1 else f"{value:.2f}"
        return figure

    @property
    def each(self) -> str:
        """What the figure is out of, in words."""
        if self.share:
            return "of people"
        return f"per {self.per:,.0f} people" if self.per > 1 else "a person"


def outcome_of(population: Population, text: str) -> Outcome:
    """The outcome that ``text`` names: an indicator, a check of coding, a cohort, or any expression that is true or false of a person.

    Raises ``InequalityError`` or ``ExpressionError`` where it is none of these.
    """
    catalogue = population.catalogue
    word = text.strip()
    if not word:
        raise InequalityError(
            "There is nothing to compare.", "Name an indicator, such as diabetes_prevalence."
        )
    if (indicator := catalogue.indicators.get(word)) is not None:
        return _indicator(population, indicator)
    if (check := catalogue.coding_checks.get(word)) is not None:
        return _check(population, check)
    if word.isidentifier() and word not in population.variables and word not in catalogue.cohorts:
        near = difflib.get_close_matches(
            word, [*catalogue.indicators, *catalogue.cohorts, *population.variables], n=3, cutoff=0.6
        )
        hint = f"Did you mean {' or '.join(f'`{n}`' for n in near)}? " if near else ""
        raise InequalityError(
            f"There is no indicator, cohort or fact called `{word}`.",
            f"{hint}`goldenthread definitions list --kind indicator` shows the indicators.",
        )
    cohort = Cohort(population, word)
    defined = catalogue.cohorts.get(cohort.name)
    fact = catalogue.definitions.get(cohort.expression)
    english = cohort.english
    return Outcome(
        name=cohort.name or cohort.expression,
        title=title_of(defined) if defined else _titled(population, cohort),
        rule=defined.rule if defined else fact.rule if fact else english,
        numerator=cohort.expression,
        denominator="registered",
        share=True,
        per=100,
        better="neither",
        source=defined.source if defined else fact.source if fact else "",
        fingerprint=cohort.definition_hash,
        unit="",
        english=english,
        standing=defined is not None or fact is not None,
    )


def _indicator(population: Population, indicator: Indicator) -> Outcome:
    known = population.variables
    numerator, denominator = parse(indicator.numerator), parse(indicator.denominator)
    share = check(numerator, known, indicator.numerator) == "truth"
    both = Cohort(
        population,
        f"({indicator.denominator}) and ({indicator.numerator})"
        if share
        else f"({indicator.denominator}) and ({indicator.numerator}) > 0",
    )
    mark = f"{both.definition_hash} {indicator.numerator} {indicator.denominator} {indicator.per}"
    return Outcome(
        name=indicator.name,
        title=title_of(indicator),
        rule=indicator.rule,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        share=share,
        per=float(indicator.per),
        better=indicator.better,
        source=indicator.source,
        fingerprint=hashlib.sha256(mark.encode()).hexdigest(),
        unit=indicator.unit,
        english=f"{to_english(numerator, known)}; of people for whom {to_english(denominator, known)}",
        standing=True,
    )


def _titled(population: Population, cohort: Cohort) -> str:
    """A single fact by its name; anything else in words."""
    fact = population.catalogue.definitions.get(cohort.expression)
    if fact is not None:
        return title_of(fact)
    return cohort.english[:1].upper() + cohort.english[1:]


def _check(population: Population, check: CodingCheck) -> Outcome:
    known = population.variables
    both = Cohort(population, f"({check.among}) and ({check.expression})")
    return Outcome(
        name=check.name,
        title=check.title,
        rule=check.rule,
        numerator=check.expression,
        denominator=check.among,
        share=True,
        per=100,
        better="lower",
        source=check.source,
        fingerprint=hashlib.sha256(f"{both.definition_hash} {check.among}".encode()).hexdigest(),
        unit="",
        english=f"{to_english(parse(check.expression), known)}; of people for whom {to_english(parse(check.among), known)}",
        standing=True,
    )
