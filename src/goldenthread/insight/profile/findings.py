"""What stands out: differences from places like it that survive the number of questions asked, largest first, each with what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from goldenthread.cohorts import Scope
from goldenthread.evaluation import benjamini_hochberg
from goldenthread.insight.profile.contents import Counted
from goldenthread.insight.profile.figures import Figure

FALSE_FINDINGS = 0.05
"""Expected share of findings that are chance (Benjamini and Hochberg 1995)."""
WORTH_HAVING = 0.15
"""Least relative difference, of those who have it or of those who have not."""
FEWEST_PEOPLE = 8
"""Least number of people, or events, more or fewer than expected."""


@dataclass(frozen=True)
class Link:
    """What can be done: ``kind`` is ask (an expression), indicator, template or coding (a name)."""

    kind: str
    words: str
    target: str


@dataclass(frozen=True)
class Finding:
    """One thing that stands out. ``place`` is named where it is about a part of the scope; ``good`` where it is better than expected."""

    name: str
    title: str
    sentence: str
    figure: Figure
    comparator_words: str
    difference: int
    good: bool
    p_adjusted: float
    size: float
    day: date
    links: tuple[Link, ...]
    place: Scope | None = None

    @property
    def here(self) -> str:
        """The figure here, as people read it."""
        return unit_said(self.figure, self.figure.said)

    @property
    def between(self) -> str:
        """Its interval in words."""
        return f"95% interval {self.figure.between}"

    @property
    def comparator(self) -> str:
        """The figure that people of the same ages and sexes have in places like it."""
        return unit_said(self.figure, self.figure.comparator_said)


@dataclass(frozen=True)
class Candidate:
    """A comparison that may be a finding."""

    figure: Figure
    comparator_words: str
    place: Scope | None = None


def candidates(
    figures: Mapping[str, Figure],
    comparator_words: str,
    place: Scope | None = None,
    *,
    coding_only: bool = False,
) -> list[Candidate]:
    """Comparisons of conditions, services and indicators, each thing once. ``coding_only`` keeps what is recorded less than expected."""
    found = []
    asked = {f.counted.name for f in figures.values() if f.counted.family == "condition"}
    counted = {
        (f.counted.numerator, f.counted.denominator)
        for f in figures.values()
        if f.counted.family == "indicator"
    }
    for figure in figures.values():
        one = figure.counted
        twin = one.family == "indicator" and one.more.get("same_as") in {*asked, "most_deprived_fifth"}
        same = one.family == "pressure" and (one.numerator, one.denominator) in counted
        if (
            one.family == "structure"
            or twin
            or same
            or figure.p is None
            or (coding_only and not (one.coding and _lower(figure)))
        ):
            continue
        found.append(Candidate(figure, comparator_words, place))
    return found


def _lower(figure: Figure) -> bool:
    return (figure.count or 0) < (figure.expected or 0.0)


def what_stands_out(tried: Iterable[Candidate], day: date) -> tuple[Finding, ...]:
    """Findings among all the comparisons tried, those that ask for something first, then by size.

    p-values are adjusted over everything tried; a finding must also be worth having: 15% more or fewer people (of those
    who have it or of those who have not), and 8 or more people or events. Size is the relative difference times the square root of how
    many people it is about, so that neither a large difference in few nor a small one in many comes first.
    """
    all_tried = list(tried)
    if not all_tried:
        return ()
    adjusted = benjamini_hochberg([c.figure.p if c.figure.p is not None else 1.0 for c in all_tried])
    found = [
        _finding(c, float(q), day)
        for c, q in zip(all_tried, adjusted, strict=True)
        if q <= FALSE_FINDINGS
        and _relative(c.figure) >= math.log(1 + WORTH_HAVING)
        and _people(c.figure) >= FEWEST_PEOPLE
    ]
    return tuple(sorted(_once(found), key=lambda f: (f.good, -f.size, f.name)))


def _once(found: list[Finding]) -> list[Finding]:
    """A thing that stands out for the whole scope is said once, with the parts in which it does so most."""
    whole = {(f.name, f.good) for f in found if f.place is None}
    kept = []
    for finding in found:
        if finding.place is not None:
            if (finding.name, finding.good) not in whole:
                kept.append(finding)
            continue
        parts = [f for f in found if f.place is not None and (f.name, f.good) == (finding.name, finding.good)]
        parts.sort(key=lambda f: -f.size)
        if parts:
            most = " and ".join(p.place.words for p in parts[:2] if p.place is not None)
            finding = replace(finding, sentence=f"{finding.sentence} Most of all at {most}.")
        kept.append(finding)
    return kept


def _people(figure: Figure) -> float:
    """How many people, or first events, more or fewer: nights and days that one person has many of count as one."""
    return abs((figure.count or 0) - (figure.expected or 0.0)) / (figure.repeats or 1.0)


def _relative(figure: Figure) -> float:
    """The larger of the relative differences of those who have it and of those who have not, on the logarithmic scale."""
    if figure.count is None or figure.expected is None or figure.of is None:
        return 0.0
    sizes = [abs(math.log((figure.count + 0.5) / (figure.expected + 0.5)))]
    if figure.counted.people:
        rest, wanted = figure.of - figure.count, figure.of - figure.expected
        sizes.append(abs(math.log((max(rest, 0) + 0.5) / (max(wanted, 0.0) + 0.5))))
    return max(sizes)


def _finding(candidate: Candidate, adjusted: float, day: date) -> Finding:
    figure, one = candidate.figure, candidate.figure.counted
    higher = (figure.count or 0) > (figure.expected or 0.0)
    good = one.better != "neither" and higher == (one.better == "higher")
    difference = round((figure.count or 0) - (figure.expected or 0.0))
    bare = Finding(
        name=one.name, title=_title(candidate, higher), sentence="", figure=figure,
        comparator_words=candidate.comparator_words, difference=difference, good=good, p_adjusted=adjusted,
        size=_relative(figure) * math.sqrt(_people(figure)), day=day, links=links_for(one, figure, higher=higher, good=good),
        place=candidate.place,
    )  # fmt: skip
    return replace(bare, sentence=_sentence(bare))


def _title(candidate: Candidate, higher: bool) -> str:
    one = candidate.figure.counted
    at = f" at {candidate.place.words}" if candidate.place is not None else ""
    how = "recorded more" if higher else "recorded less"
    if one.coding:
        return f"{one.title} {how} than expected{at}"
    words = ("higher", "lower") if one.people else ("more", "fewer")
    return f"{one.title}: {words[0] if higher else words[1]} than expected{at}"


def _sentence(found: Finding) -> str:
    figure, one = found.figure, found.figure.counted
    what = "people" if one.people else "events"
    more = "more" if found.difference > 0 else "fewer"
    at = f" at {found.place.words}" if found.place is not None else ""
    return (
        f"{one.title}{at}: {found.here} ({figure.between}); {found.comparator} in {found.comparator_words} at the same ages "
        f"and sexes. About {round_to_5(abs(found.difference)):,} {what} {more} than expected."
    )


def round_to_5(number: float) -> int:
    """To the nearest 5, as counts are shown: a difference of rounded counts is no more exact than they are.

    >>> round_to_5(73), round_to_5(1)
    (75, 5)
    """
    return max(5, 5 * round(number / 5))


def unit_said(figure: Figure, text: str) -> str:
    """A value with the words for its unit, where it is no percentage."""
    unit = figure.counted.unit
    return text if unit == "%" or not text else f"{text} {unit}"


def both(expression: str) -> str:
    """An expression that can stand beside ``and``.

    >>> both("age >= 65"), both("copd or asthma")
    ('age >= 65', '(copd or asthma)')
    """
    return f"({expression})" if " or " in expression else expression


def links_for(one: Counted, figure: Figure, *, higher: bool, good: bool) -> tuple[Link, ...]:
    """What somebody who sees this may do next."""
    found: list[Link] = []
    if one.coding and not higher:
        found.append(
            Link(
                "coding",
                "Coding first: other figures that rest on it are affected",
                one.indicator or one.name,
            )
        )
    if one.better == "higher" and not good and figure.count is not None and figure.of is not None:
        target = one.named or f"{both(one.denominator)} and not ({one.numerator})"
        due = round_to_5(max(figure.of - figure.count, 0))
        words = "See who they are" if one.named else f"About {due:,} people without it"
        found.append(Link("ask", words, target))
    elif one.named:
        found.append(Link("ask", "See who they are", one.named))
    elif one.people:
        found.append(Link("ask", "See who they are", f"{both(one.denominator)} and {both(one.numerator)}"))
    else:
        found.append(Link("ask", "See who they are", f"{both(one.denominator)} and {one.numerator} >= 1"))
    if one.template and not good:
        found.append(Link("template", "Start from the template", one.template))
    if one.indicator:
        found.append(Link("indicator", "By deprivation, ethnicity, age", one.indicator))
    return tuple(found)
