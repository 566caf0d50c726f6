"""A plain, slow way to work out facts: one person, one row at a time. The engine must agree with it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from goldenthread.definitions import Codelist, Condition, Measure
from goldenthread.definitions.expressions import (
    Ago,
    Among,
    Arithmetic,
    Both,
    Compare,
    Constant,
    Either,
    HowMany,
    Missing,
    Name,
    Node,
    Not,
)
from goldenthread.measures.windows import before, window_of

Row = dict[str, Any]


def evaluate(node: Node, facts: dict[str, Any], index: date) -> Any:
    """The value of an expression for one person."""
    match node:
        case Name(name=name):
            return facts[name]
        case Constant(value=value):
            return value
        case Ago(amount=amount, unit=unit):
            from goldenthread.definitions import Span

            return before(index, Span(amount, unit))
        case Missing(of=of):
            return evaluate(of, facts, index) is None
        case Compare(left=left, operator=operator, right=right):
            a, b = evaluate(left, facts, index), evaluate(right, facts, index)
            if a is None or b is None:
                return False
            return {
                "==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b,
            }[operator] if not isinstance(a, str | bool) else {"==": a == b, "!=": a != b}[operator]  # fmt: skip
        case Among(of=of, values=values, negated=negated):
            a = evaluate(of, facts, index)
            return a is not None and ((a in [v.value for v in values]) != negated)
        case Both(parts=parts):
            return all(evaluate(p, facts, index) for p in parts)
        case Either(parts=parts):
            return any(evaluate(p, facts, index) for p in parts)
        case Not(of=of):
            return not evaluate(of, facts, index)
        case HowMany(parts=parts):
            return sum(bool(evaluate(p, facts, index)) for p in parts)
        case Arithmetic(left=left, operator=operator, right=right):
            a, b = evaluate(left, facts, index), evaluate(right, facts, index)
            if a is None or b is None:
                return None
            if operator == "/":
                return float(a) / b if b else None
            return {"+": a + b, "-": a - b, "*": a * b}[operator]


def take(measure: Measure, rows: list[Row], lists: list[Codelist], index: date, *, text: bool = False) -> Any:
    """One measure of one person from their rows of a table of codes."""
    after, up_to = window_of(measure, index)
    of = measure.of or "value"
    groups = {c: g for one in reversed(lists) for c, g in one.groups.items()}
    weights = {c: w for one in reversed(lists) for c, w in one.weights.items()}
    codes = {c for one in lists for c in one.codes}
    kept = []
    for row in rows:
        if str(row["code"]) not in codes or not (
            row["date"] <= up_to and (after is None or row["date"] > after)
        ):
            continue
        valued = measure.take in ("sum", "min", "max", "mean", "first value", "latest value")
        if (valued or measure.valid) and row[of] is None:
            continue
        if measure.valid and not measure.valid[0] <= row[of] <= measure.valid[1]:
            continue
        kept.append(row)
    if measure.take == "exists":
        return bool(kept)
    if measure.take == "count":
        return len(kept)
    if measure.take == "days":
        return len({r["date"] for r in kept})
    if measure.take == "distinct codes":
        return len({r["code"] for r in kept})
    if measure.take == "distinct groups":
        return len({groups[str(r["code"])] for r in kept})
    if measure.take == "weights":
        found = {groups[str(r["code"])] for r in kept}
        return sum(max(w for c, w in weights.items() if groups[c] == g) for g in found)
    if measure.take == "sum":
        return round(sum(r[of] for r in kept), 6)
    if not kept:
        return None
    dates = [r["date"] for r in kept]
    if measure.take == "first date":
        return min(dates)
    if measure.take == "latest date":
        return max(dates)
    if measure.take == "latest group":
        on_day = {groups[str(r["code"])] for r in kept if r["date"] == max(dates)}
        order = [*measure.values, *sorted(on_day - set(measure.values))]
        return next(g for g in order if g in on_day)
    values = [r[of] for r in kept]
    if measure.take == "mean":
        return round(sum(values) / len(values), 6)
    if measure.take == "min":
        return min(values)
    if measure.take == "max":
        return max(values)
    day = max(dates) if measure.take == "latest value" else min(dates)
    return max(r[of] for r in kept if r["date"] == day)


def condition(
    definition: Condition, rows: list[Row], lists: list[Codelist], ends: list[Codelist], index: date
) -> tuple[bool, date | None]:
    """Whether a condition stands, and since when."""
    after = before(index, definition.within) if definition.within else None
    codes, resolving = ({c for one in some for c in one.codes} for some in (lists, ends))
    begun = [
        r["date"]
        for r in rows
        if str(r["code"]) in codes and r["date"] <= index and (after is None or r["date"] > after)
    ]
    ended = [r["date"] for r in rows if str(r["code"]) in resolving and r["date"] <= index]
    if not begun or (ended and max(ended) > max(begun)):
        return False, None
    return True, min(d for d in begun if not ended or d >= max(ended) or min(begun) >= max(ended))


def days_covered(periods: list[tuple[date, date | None]], after: date | None, up_to: date) -> int:
    """Days in the window that any period covers; a period's end is its last day."""
    covered = set()
    for start, end in periods:
        day, last = start, min(end or up_to, up_to)
        while day <= last:
            if after is None or day > after:
                covered.add(day)
            day += timedelta(days=1)
    return len(covered)
