"""What a comparison says aloud."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from goldenthread.cohorts import NOT_KNOWN, Dimension, Population
from goldenthread.disclosure import ReleasedTable
from goldenthread.insight.inequality.groups import groups_of
from goldenthread.insight.inequality.outcomes import Outcome
from goldenthread.statistics import Estimate, SlopeIndex

Figure = tuple[float, float, float]

_TITLES = {
    "imd_quintile": "deprivation fifth",
    "imd_decile": "deprivation tenth",
    "ethnic_group": "ethnic group",
    "age_band": "age",
    "rural": "rural or urban",
    "pcn": "primary care network",
    "msoa": "MSOA of residence",
    "lsoa": "LSOA of residence",
}
_ENDS = {
    ("imd_quintile", "1"): "Most deprived fifth",
    ("imd_quintile", "5"): "Least deprived fifth",
    ("imd_decile", "1"): "Most deprived tenth",
    ("imd_decile", "10"): "Least deprived tenth",
    ("rural", "yes"): "Rural areas",
    ("rural", "no"): "Urban areas",
    ("sex", "1"): "Males",
    ("sex", "2"): "Females",
}
_NTH = ("", "", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth")


@dataclass(frozen=True)
class Comparison:
    """One group beside another, in figures as they are shown. ``fewer`` is how many fewer there would be if every group
    were like the reference; below zero, how many more. ``chosen`` says that the group was picked because it differs most."""

    group: str
    label: str
    figure: Figure
    reference: str
    reference_label: str
    reference_figure: Figure
    ratio: Estimate
    gap: Estimate
    fewer: Estimate
    by: str
    chosen: bool

    @property
    def clear(self) -> bool:
        """Whether the two differ by more than chance: the interval of the gap leaves out nought."""
        return bool(self.gap.lower > 0 or self.gap.upper < 0)


def group_words(population: Population, dimension: Dimension, groups: Sequence[str]) -> tuple[str, list[str]]:
    """What the division is called, and what each group is called."""
    variable = population.variables.get(dimension.name)
    spoken = variable.meaning if variable is not None else dimension.name.replace("_", " ")
    title = _TITLES.get(dimension.name, spoken.removeprefix("has ").removeprefix("is "))
    known = groups_of(population.catalogue).get(dimension.name)
    labels = []
    for group in groups:
        if (dimension.name, group) in _ENDS:
            labels.append(_ENDS[dimension.name, group])
        elif dimension.name in ("imd_quintile", "imd_decile") and group.isdigit():
            size = "fifth" if dimension.name == "imd_quintile" else "tenth"
            labels.append(f"{_NTH[int(group)]} {size}")
        elif set(groups) - {NOT_KNOWN, "All"} <= {"yes", "no"} and group in ("yes", "no"):
            said = known.title if known else title[:1].upper() + title[1:]
            labels.append(said if group == "yes" else "Everybody else")
        else:
            labels.append(dimension.names.get(group, group))
    return title, labels


def reading(outcome: Outcome, compared: Comparison | None, table: ReleasedTable, by_title: str) -> str:
    """The comparison in a sentence or two."""
    if compared is None:
        return f"{outcome.title} by {by_title}: too few people to compare the groups."
    ours, theirs = in_words(compared.by, compared.label), in_words(compared.by, compared.reference_label)
    unit = "" if outcome.share else f" {outcome.each}"
    first = (
        f"{outcome.title}: {between(outcome, compared.figure)}{unit} in {ours}, "
        f"{between(outcome, compared.reference_figure)} in {theirs}"
    )
    if not compared.clear:
        return f"{first}: no clear difference."
    ratio, gap = compared.ratio, compared.gap
    more = gap.value > 0
    if math.isfinite(float(ratio.value)) and ratio.value >= 1.15:
        told = f"{ratio.value:.1f} times as high ({ratio.lower:.1f} to {ratio.upper:.1f})"
    else:
        size = [abs(float(x)) for x in (gap.value, gap.lower, gap.upper)]
        low, high = sorted(size[1:])
        points = " percentage points" if outcome.share else ""
        scale = 100 if outcome.share else 1
        told = (
            f"{size[0] * scale:,.1f}{points} {'higher' if more else 'lower'} "
            f"({low * scale:,.1f} to {high * scale:,.1f})"
        )
    sentence = f"{first}: {told}."
    fewer = affected_words(outcome, compared)
    return f"{sentence} {fewer}".strip()


def affected_words(outcome: Outcome, compared: Comparison) -> str:
    """What it would mean in people if every group were like the reference; empty where that is not clear."""
    f = compared.fewer
    if not math.isfinite(float(f.value)) or f.lower <= 0 <= f.upper:
        return ""
    size, (low, high) = abs(float(f.value)), sorted(abs(float(x)) for x in (f.lower, f.upper))
    if round(size) < 5:
        return ""
    what = "people" if outcome.share else "events"
    way = "fewer" if f.value > 0 else "more"
    return (
        f"If everybody had the figure of {in_words(compared.by, compared.reference_label)}, there would be about "
        f"{_round(size)} {way} {what} (between {_round(low)} and {_round(high)})."
    )


def slope_words(outcome: Outcome, slope: SlopeIndex | None) -> str:
    """Slope and relative index in a sentence; empty where there is none."""
    if slope is None:
        return ""
    change = float(slope.sii.value)
    # said from the most deprived end: how much higher it is there
    value, low, high = -change, -float(slope.sii.upper), -float(slope.sii.lower)
    scale, points = (100, " percentage points") if outcome.share else (1, f" {outcome.each}")
    if low <= 0 <= high:
        return "Across the whole range of deprivation there is no clear slope."
    size = sorted((abs(low) * scale, abs(high) * scale))
    way = "lower" if value < 0 else "higher"
    told = (
        f"Across the whole range of deprivation it is {abs(value) * scale:,.1f}{points} {way} at the most deprived end "
        f"({size[0]:,.1f} to {size[1]:,.1f}; slope index)"
    )
    ratio = slope.rii
    if ratio.available:
        turned = sorted(1 / float(x) for x in (ratio.lower, ratio.upper) if float(x) > 0)
        if len(turned) == 2:
            told += f", {1 / float(ratio.value):.2f} times as high ({turned[0]:.2f} to {turned[1]:.2f}; relative index)"
    return told + "."


def between(outcome: Outcome, figure: Figure) -> str:
    """A figure with its interval: "9.1% (8.3% to 10.0%)"."""
    value, lower, upper = (outcome.said(x) for x in figure)
    return f"{value} ({lower} to {upper})"


def in_words(by: str, label: str) -> str:
    """A group inside a sentence.

    >>> in_words("imd_quintile", "Most deprived fifth"), in_words("ethnic_group", "Asian"), in_words("age_band", "85+")
    ('the most deprived fifth', 'Asian people', 'people aged 85+')
    """
    match by:
        case "imd_quintile" | "imd_decile":
            return f"the {label[:1].lower()}{label[1:]}"
        case "ethnic_group":
            return f"{label} people"
        case "age_band":
            return f"people aged {label}"
        case "practice" | "pcn" | "place" | "district" | "msoa" | "lsoa":
            return label
    return label[:1].lower() + label[1:]


def _round(number: float) -> str:
    """To two figures, as nobody should read more out of it.

    >>> _round(1234.0), _round(87.2), _round(6.1)
    ('1,200', '87', '6')
    """
    if number < 100:
        return f"{number:.0f}"
    digits = len(f"{number:.0f}") - 2
    return f"{round(number, -digits):,.0f}"
