"""Expressions as SQL: a portable subset of DuckDB's dialect, in which a comparison with a missing value is false."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

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
    Variable,
)
from goldenthread.measures.words import WORDS


def literal(value: bool | float | int | str | date | None) -> str:
    """A value written into SQL: only ever from a definition, never from data.

    >>> literal("it's"), literal(date(2026, 10, 31)), literal(True)
    ("'it''s'", "DATE '2026-10-31'", 'TRUE')
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
    return repr(value)


def identifier(name: str) -> str:
    """A name in SQL, in quotation marks where it is a word of the language.

    >>> identifier("age"), identifier("when")
    ('age', '"when"')
    """
    return f'"{name}"' if name.upper() in WORDS else name


def shifted(index: str, amount: int, unit: str) -> str:
    """The index date less whole days or months."""
    return (
        f"CAST({index} - INTERVAL '{amount}' {'DAY' if unit == 'days' else 'MONTH'} AS DATE)"
        if amount
        else index
    )


def to_sql(node: Node, variables: Mapping[str, Variable], *, index: str, prefix: str = "") -> str:
    """SQL for an expression.

    ``index`` is SQL for the index date; ``prefix`` stands before column names ("e."). A truth is never
    NULL; numbers, texts and dates may be.

    >>> from goldenthread.definitions.expressions import parse
    >>> known = {"hba1c_latest": Variable("number"), "copd": Variable("truth")}
    >>> to_sql(parse("not (hba1c_latest > 58) or copd"), known, index="DATE '2026-10-31'")
    '((NOT coalesce(hba1c_latest > 58, FALSE)) OR coalesce(copd, FALSE))'
    """
    return _Writer(variables, index, prefix).write(node)


class _Writer:
    def __init__(self, variables: Mapping[str, Variable], index: str, prefix: str) -> None:
        self.variables, self.index, self.prefix = variables, index, prefix

    def write(self, node: Node) -> str:
        match node:
            case Name(name=name):
                column = f"{self.prefix}{identifier(name)}"
                return f"coalesce({column}, FALSE)" if self.variables[name].kind == "truth" else column
            case Constant(value=value):
                return literal(value)
            case Ago(amount=amount, unit=unit):
                return shifted(self.index, amount, unit)
            case Missing(of=Name(name=name)):
                return f"({self.prefix}{identifier(name)} IS NULL)"
            case Missing(of=of):
                return f"(({self.write(of)}) IS NULL)"
            case Compare(left=left, operator=operator, right=right):
                sign = {"==": "=", "!=": "<>"}.get(operator, operator)
                return f"coalesce({self.write(left)} {sign} {self.write(right)}, FALSE)"
            case Among(of=of, values=values, negated=negated):
                listed = ", ".join(self.write(v) for v in values)
                return f"coalesce({self.write(of)} {'NOT IN' if negated else 'IN'} ({listed}), FALSE)"
            case Both(parts=parts):
                return "(" + " AND ".join(map(self.write, parts)) + ")"
            case Either(parts=parts):
                return "(" + " OR ".join(map(self.write, parts)) + ")"
            case Not(of=of):
                return f"(NOT {self.write(of)})"
            case HowMany(parts=parts):
                return "(" + " + ".join(f"CAST({self.write(p)} AS INTEGER)" for p in parts) + ")"
            case Arithmetic(left=left, operator="/", right=right):
                return f"(CAST({self.number(left)} AS DOUBLE) / nullif({self.number(right)}, 0))"
            case Arithmetic(left=left, operator=operator, right=right):
                return f"({self.number(left)} {operator} {self.number(right)})"

    def number(self, node: Node) -> str:
        """A truth counts as 1 or 0 in a sum."""
        text = self.write(node)
        truth = isinstance(node, Compare | Among | Both | Either | Not | Missing) or (
            isinstance(node, Name) and self.variables[node.name].kind == "truth"
        )
        truth = truth or (isinstance(node, Constant) and isinstance(node.value, bool))
        return f"CAST({text} AS INTEGER)" if truth else text
