"""What to ask next: questions that narrow or widen a cohort, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from goldenthread.cohorts import Cohort
from goldenthread.definitions.expressions import Both, Name, Node, Not, to_english, to_text
from goldenthread.insight.who.compare import Comparison, Row
from goldenthread.insight.who.facts import Fact

LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Suggestion:
    """A question to ask next. ``kind`` is gap (care that can be put right), need, without (who is left out), or wider."""

    kind: str
    title: str
    expression: str
    reason: str


def next_questions(comparison: Comparison, *, most: int = 6) -> tuple[Suggestion, ...]:
    """Questions that follow from a comparison: gaps in care first, then what sets the people apart, who is left out, and wider.

    Reasons rest on shown figures only. Nothing is suggested that the cohort already asks.
    """
    cohort = comparison.cohort
    rows = [r for r in comparison.rows if r.them is not None and LEAST_SHARE <= r.them <= 0.95]
    gaps = sorted((r for r in rows if r.gap), key=lambda r: (not (r.stands_out and r.more), -(r.them or 0.0)))
    needs = [r for r in rows if not r.gap and r.stands_out and r.more and not r.group.startswith("Age")]
    less = [r for r in rows if r.stands_out and not r.more and r.group.startswith("Care in")]
    found = [_narrower("gap", cohort, r) for r in gaps[:2]]
    found += [_narrower("need", cohort, r) for r in needs[:2]]
    found += [_without(cohort, r) for r in less[:1]]
    found += _wider(cohort)
    seen = {cohort.expression}
    unique = [s for s in found if not (s.expression in seen or seen.add(s.expression))]  # type: ignore[func-returns-value]
    return tuple(unique[:most])


def _narrower(kind: str, cohort: Cohort, row: Row) -> Suggestion:
    title = f"Those with this too: {_lower(row.title)}"
    reason = f"{row.words}."
    if kind == "gap":
        title, reason = (
            f"Those with a gap to close: {_lower(row.title)}",
            f"{row.words}. It can be put right.",
        )
    return Suggestion(kind, title, to_text(_and(cohort.node, Fact("", "", row.expression).node)), reason)


def _without(cohort: Cohort, row: Row) -> Suggestion:
    node = Fact("", "", row.expression).node
    return Suggestion(
        "without",
        f"Those without it: {_lower(row.title)}",
        to_text(_and(cohort.node, Not(node))),
        f"{row.words}. Are they being missed?",
    )


def _wider(cohort: Cohort) -> list[Suggestion]:
    """The cohort without one of its conditions, the last first; a condition that leaves people out comes before the rest."""
    node = cohort.node
    if not isinstance(node, Both) or len(node.parts) < 2:
        return []
    known = cohort.population.variables
    parts = [(n, p) for n, p in enumerate(node.parts) if p != Name("registered")]
    parts.sort(key=lambda x: (not isinstance(x[1], Not), -x[0]))
    found = []
    for n, part in parts[:2]:
        rest = tuple(p for m, p in enumerate(node.parts) if m != n)
        wider = rest[0] if len(rest) == 1 else Both(rest)
        found.append(
            Suggestion(
                "wider",
                f"Without asking: {to_english(part, known)}",
                to_text(wider),
                "How many more would there be, and are they as much in need?",
            )
        )
    return found


def _and(first: Node, second: Node) -> Node:
    parts = [*(first.parts if isinstance(first, Both) else (first,))]
    parts += [*(second.parts if isinstance(second, Both) else (second,))]
    return Both(tuple(parts))


def _lower(title: str) -> str:
    return title if title[:2].isupper() or title[:3] in ("A&E", "NHS") else title[:1].lower() + title[1:]
