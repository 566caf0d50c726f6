"""From answers on a page to an expression and back: rows that must all hold, each with alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from goldenthread.definitions.expressions import (
    Ago,
    Among,
    Both,
    Compare,
    Constant,
    Either,
    Missing,
    Name,
    Node,
    Not,
    Variable,
    to_text,
)
from goldenthread.errors import GoldenThreadError

_COMPARED = {"at_least": ">=", "under": "<", "over": ">", "at_most": "<=", "is": "=="}
_SAID = {operator: word for word, operator in _COMPARED.items()}
MOST_MONTHS = 1_200


class QuestionError(GoldenThreadError):
    """An answer on a page that cannot be made into a condition."""


@dataclass(frozen=True)
class Clause:
    """One answer: a fact, a way to ask (a key of ``OPERATORS``) and what was given: a number, months, or codes.

    >>> to_text(Clause("age", "at_least", ("65",)).node({"age": Variable("number", "age")}))
    'age >= 65'
    """

    name: str
    operator: str
    values: tuple[str, ...] = ()

    def node(self, known: Mapping[str, Variable]) -> Node:
        """The condition; ``QuestionError`` where the answer does not fit the fact."""
        variable = known.get(self.name)
        if variable is None:
            raise QuestionError(
                f"There is nothing called {self.name[:60]!r} to ask about.", "Choose a fact from the list."
            )
        title = variable.meaning or self.name
        match variable.kind, self.operator:
            case "truth", "yes":
                return Name(self.name)
            case "truth", "no":
                return Not(Name(self.name))
            case (("number" | "text" | "date"), "known"):
                return Not(Missing(Name(self.name)))
            case (("number" | "text" | "date"), "unknown"):
                return Missing(Name(self.name))
            case "number", _ if self.operator in _COMPARED:
                return Compare(
                    Name(self.name), _COMPARED[self.operator], Constant(_number(self.values, title))
                )
            case "date", ("within" | "before"):
                sign = ">=" if self.operator == "within" else "<"
                return Compare(Name(self.name), sign, Ago(_months(self.values, title), "months"))
            case "text", ("any_of" | "none_of"):
                if not self.values:
                    raise QuestionError(f"Nothing is chosen for {title}.", "Tick at least one answer.")
                wrong = [v for v in self.values if variable.values and v not in variable.values]
                if wrong:
                    raise QuestionError(f"{title} is never {wrong[0][:60]!r}.", "Choose from the list.")
                chosen = tuple(Constant(v) for v in self.values)
                return Among(Name(self.name), chosen, negated=self.operator == "none_of")
        raise QuestionError(f"{title} cannot be asked about in that way.", "Choose one of the ways offered.")


Rows = tuple[tuple[Clause, ...], ...]
"""All of the rows must hold; of the clauses in one row, any."""


def expression_of(rows: Iterable[Iterable[Clause]], known: Mapping[str, Variable]) -> str:
    """The expression of rows of answers, as it would be typed; ``registered`` for none.

    Raises ``QuestionError`` at the first answer that does not fit.
    """
    parts: list[Node] = []
    for row in rows:
        alternatives = tuple(c.node(known) for c in row)
        if alternatives:
            parts.append(alternatives[0] if len(alternatives) == 1 else Either(alternatives))
    if not parts:
        return "registered"
    return to_text(parts[0] if len(parts) == 1 else Both(tuple(parts)))


def rows_of(node: Node, known: Mapping[str, Variable]) -> Rows | None:
    """The rows that an expression stands for; ``None`` where it says more than rows can.

    >>> from goldenthread.definitions.expressions import parse
    >>> known = {"age": Variable("number", "age"), "copd": Variable("truth", "COPD"), "asthma": Variable("truth", "asthma")}
    >>> [len(row) for row in rows_of(parse("age >= 65 and (copd or asthma)"), known)]
    [1, 2]
    >>> rows_of(parse("age / 2 > 30"), known) is None
    True
    """
    parts = node.parts if isinstance(node, Both) else (node,)
    rows = []
    for part in parts:
        alternatives = part.parts if isinstance(part, Either) else (part,)
        row = [_clause(one, known) for one in alternatives]
        if any(c is None for c in row):
            return None
        rows.append(tuple(c for c in row if c is not None))
    return tuple(rows)


def _clause(node: Node, known: Mapping[str, Variable]) -> Clause | None:
    match node:
        case Name(name=name) if name in known and known[name].kind == "truth":
            return Clause(name, "yes")
        case Not(of=Name(name=name)) if name in known and known[name].kind == "truth":
            return Clause(name, "no")
        case Missing(of=Name(name=name)):
            return Clause(name, "unknown")
        case Not(of=Missing(of=Name(name=name))):
            return Clause(name, "known")
        case Among(of=Name(name=name), values=values, negated=negated) if all(
            isinstance(v.value, str) for v in values
        ):
            return Clause(name, "none_of" if negated else "any_of", tuple(str(v.value) for v in values))
        case Compare(left=Name(name=name), operator="==", right=Constant(value=str() as value)):
            return Clause(name, "any_of", (value,))
        case Compare(left=Name(name=name), operator="!=", right=Constant(value=str() as value)):
            return Clause(name, "none_of", (value,))
        case Compare(left=Name(name=name), operator=sign, right=Constant(value=bool() as value)):
            if name not in known or known[name].kind != "truth" or sign not in ("==", "!="):
                return None
            return Clause(name, "yes" if value == (sign == "==") else "no")
        case Compare(left=Name(name=name), operator=sign, right=Constant(value=int() | float() as value)) if (
            sign in _SAID
        ):
            return Clause(name, _SAID[sign], (f"{value:g}" if float(f"{value:g}") == value else repr(value),))
        case Compare(
            left=Name(name=name), operator=(">=" | "<") as sign, right=Ago(amount=amount, unit="months")
        ):
            return Clause(name, "within" if sign == ">=" else "before", (str(amount),))
    return None


def _number(values: tuple[str, ...], title: str) -> int | float:
    text = values[0].strip().replace(",", "") if values else ""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or abs(value) > 1e12:
        raise QuestionError(f"{text[:40]!r} is not a number for {title}.", "Write a number, such as 65.")
    return int(value) if value == int(value) else value


def _months(values: tuple[str, ...], title: str) -> int:
    number = _number(values, title)
    if not isinstance(number, int) or not 1 <= number <= MOST_MONTHS:
        raise QuestionError(
            f"{number} is not a number of months for {title}.", "Write a whole number from 1."
        )
    return number
