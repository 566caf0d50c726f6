"""The first sentence of a profile, and the gaps to national targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldenthread.cohorts import Scope
from goldenthread.insight.profile.determinants import Determinant
from goldenthread.insight.profile.figures import Figure
from goldenthread.insight.profile.findings import Finding
from goldenthread.insight.profile.neighbours import Comparator
from goldenthread.insight.profile.reference import england_qof, england_structure

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True)
class Target:
    """An indicator that drives activity: achieved, what is asked for, and how many more people that takes.

    ``aim`` is the national target where there is one (``aim_source`` says whose), else what people of the same ages and
    sexes have in the comparator. ``gap`` is people still to help to reach it (0 where it is met).
    """

    figure: Figure
    aim: float | None
    aim_source: str
    gap: int | None

    @property
    def met(self) -> bool | None:
        """Whether it is met; ``None`` where it cannot be told."""
        return None if self.gap is None else self.gap == 0


def targets_of(indicators: Mapping[str, Figure], comparator: str = "places like it") -> tuple[Target, ...]:
    """Every indicator of which more is better, widest gap first."""
    found = []
    for figure in indicators.values():
        one = figure.counted
        if one.better != "higher" or not one.people:
            continue
        aim, source = (
            (one.target, one.target_source) if one.target is not None else (figure.comparator, comparator)
        )
        gap = None
        if aim is not None and figure.count is not None and figure.of:
            gap = max(0, math.ceil(aim / one.per * figure.of) - figure.count)
        found.append(Target(figure, aim, source if aim is not None else "", gap))
    return tuple(sorted(found, key=lambda t: (-(t.gap or 0), t.figure.counted.title)))


def england_beside(structure: Mapping[str, Figure], conditions: Mapping[str, Figure]) -> dict[str, float]:
    """England's shares in per cent, for those names that have them."""
    found = {n: v for n, v in england_structure().items() if n in structure}
    for name, figure in conditions.items():
        register = str(figure.counted.more.get("qof", ""))
        if register in england_qof():
            found[name] = england_qof()[register]
    return found


def headline_of(
    scope: Scope,
    structure: Mapping[str, Figure],
    england: Mapping[str, float],
    determinants: Sequence[Determinant],
    findings: Sequence[Finding],
    against: Comparator | None,
) -> str:
    """Who lives here in a sentence, and how many things stand out."""
    words = [*_age(structure, england), *_land(structure, england)]
    subject = (
        f"{_article(', '.join(words))} {', '.join(words)} population"
        if words
        else "A population much like England's"
    )
    poor = _deprivation(structure, england)
    first = f"{subject}{poor}."
    return f"{first} {_standing_out(scope, findings, against)}"


def _age(structure: Mapping[str, Figure], england: Mapping[str, float]) -> list[str]:
    gap = _gap(structure, england, "aged_65_plus")
    if gap is None or abs(gap) < 3:
        return []
    return ["much older" if gap >= 12 else "older"] if gap > 0 else ["younger"]


def _land(structure: Mapping[str, Figure], england: Mapping[str, float]) -> list[str]:
    figure = structure.get("rural")
    if figure is None or figure.value is None:
        return []
    if figure.value >= 60:
        return ["rural"]
    return ["urban"] if figure.value < 5 and england.get("rural", 0) > 5 else []


def _deprivation(structure: Mapping[str, Figure], england: Mapping[str, float]) -> str:
    most, least = structure.get("most_deprived_fifth"), structure.get("least_deprived_fifth")
    share = most.value if most is not None else None
    if share is None:
        return ""
    if share >= 40:
        return ", much of it very deprived"
    if share >= 25:
        return " with more deprivation than England"
    if share >= 8:
        return " with pockets of deep deprivation"
    rich = least.value if least is not None else None
    return ", little of it deprived" if rich is not None and rich >= 25 else ""


def _standing_out(scope: Scope, findings: Sequence[Finding], against: Comparator | None) -> str:
    own = [f for f in findings if not f.good]
    whom = against.words if against is not None else "the rest of the system"
    if not own:
        return f"Nothing stands out from {whom} by more than chance and ordinary variation."
    said = _NUMBERS[len(own)] if len(own) < len(_NUMBERS) else f"{len(own)}"
    if scope.kind == "system":
        return f"{said} {'thing stands' if len(own) == 1 else 'things stand'} out among its networks."
    return f"{said} {'thing stands' if len(own) == 1 else 'things stand'} out from {whom}."


def _gap(structure: Mapping[str, Figure], england: Mapping[str, float], name: str) -> float | None:
    figure = structure.get(name)
    if figure is None or figure.value is None or name not in england:
        return None
    return figure.value - england[name]


def _article(words: str) -> str:
    return "An" if words[:1] in "aeio" or words.startswith("urban") else "A"
