"""Since when a condition that is made of other conditions has held."""

from __future__ import annotations

from collections.abc import Collection

from goldenthread.definitions.expressions import Both, Either, Name, Node
from goldenthread.measures.sql import identifier


def parts_with_dates(node: Node, conditions: Collection[str]) -> list[str]:
    """The conditions whose dates decide: those joined by ``and`` and ``or`` alone, as no date is known of anything else."""
    match node:
        case Name(name=name) if name in conditions:
            return [name]
        case Both(parts=parts):
            return [n for p in parts for n in parts_with_dates(p, conditions)]
        case Either(parts=parts):
            found = [parts_with_dates(p, conditions) for p in parts]
            # of an alternative that may have come first, no date is known
            return [n for each in found for n in each] if all(found) else []
    return []


def since_sql(node: Node, conditions: Collection[str]) -> str:
    """SQL for the date: the latest of conditions that must all hold, the earliest of those of which one is enough.

    >>> from goldenthread.definitions.expressions import parse
    >>> since_sql(parse("age >= 18 and (chd or pad)"), {"chd", "pad"})
    'least(CASE WHEN chd THEN chd_since END, CASE WHEN pad THEN pad_since END)'
    >>> since_sql(parse("chd or age >= 18"), {"chd"})
    'CAST(NULL AS DATE)'
    """
    match node:
        case Name(name=name) if name in conditions:
            return f"CASE WHEN {identifier(name)} THEN {identifier(name + '_since')} END"
        case Both(parts=parts) | Either(parts=parts):
            dated = [since_sql(p, conditions) for p in parts if parts_with_dates(p, conditions)]
            if not dated or (isinstance(node, Either) and len(dated) < len(parts)):
                return "CAST(NULL AS DATE)"
            if len(dated) == 1:
                return dated[0]
            return f"{'greatest' if isinstance(node, Both) else 'least'}({', '.join(dated)})"
    return "CAST(NULL AS DATE)"
