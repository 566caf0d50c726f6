"""Text to nodes: Python's own syntax, of which only a closed part is understood."""

from __future__ import annotations

import ast
import re
from datetime import date
from functools import lru_cache

from goldenthread.definitions.expressions.nodes import (
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
    Place,
)
from goldenthread.errors import GoldenThreadError

LARGEST = 10**18
LONGEST = 10_000
DEEPEST = 40

_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_SPAN = re.compile(r"\s*(\d+)\s*(day|month|year)s?\s*")


class ExpressionError(GoldenThreadError):
    """A mistake in an expression: ``start`` and ``end`` are the characters it is about.

    ``str()`` shows the line with a mark under the place.
    """

    def __init__(self, problem: str, text: str, place: Place, remedy: str = "") -> None:
        self.problem = problem
        self.text = text
        self.start = max(0, min(place.start, len(text)))
        self.end = max(self.start + 1, min(place.end, len(text)))
        super().__init__(f"{problem}\n{self._marked()}", f"\n{remedy}" if remedy else "")
        self.remedy = remedy

    def _marked(self) -> str:
        first = self.text.rfind("\n", 0, self.start) + 1
        last = self.text.find("\n", self.start)
        line = self.text[first : last if last >= 0 else len(self.text)]
        from_, to = self.start - first, min(self.end - first, len(line))
        window = max(0, from_ - 60)
        shown = line[window : window + 120]
        return f"  {shown}\n  {' ' * (from_ - window)}{'^' * max(1, min(to - from_, len(shown) - (from_ - window)))}"


@lru_cache(maxsize=4096)  # nodes do not change, and the same definitions are read again and again
def parse(text: str) -> Node:
    """Read an expression.

    Understood: names, numbers, quoted text, True and False, ``and or not``, comparisons (also chained),
    ``in (...)``, ``+ - * /``, ``missing(x)``, ``how_many(a, b, ...)``, ``ago("12 months")`` and
    ``date("2026-04-01")``. Raises ``ExpressionError`` at the character for anything else.

    >>> parse("age >= 65 and frailty in ('moderate', 'severe')")  # doctest: +ELLIPSIS
    Both(parts=(Compare(left=Name(name='age', ...
    """
    if not text.strip():
        raise ExpressionError(
            "The expression is empty.", text, Place(), "Write a condition, such as: age >= 65"
        )
    if len(text) > LONGEST:
        raise ExpressionError(
            f"The expression is {len(text):,} characters long; {LONGEST:,} is the most.",
            text[:100],
            Place(0, 1),
            "Put parts of it into definitions of their own.",
        )
    source = "".join(" " if c in "\r\n\t" else c for c in text)
    leading = len(source) - len(source.lstrip())
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        at = leading + max((error.offset or 1) - 1, 0)
        raise ExpressionError(
            _syntax_problem(error), text, Place(at, at + 1), _syntax_remedy(source)
        ) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(
            "The expression cannot be read.",
            text,
            Place(0, 1),
            "Look for odd characters or very deep brackets.",
        ) from None
    return _Reader(text, source.strip(), leading).read(tree, 0)


def _syntax_problem(error: SyntaxError) -> str:
    reason = (error.msg or "").split(". ")[0]
    if "never closed" in reason or "unterminated" in reason or "unmatched" in reason:
        return f"A bracket or quotation mark has no partner ({reason})."
    return "The expression stops making sense here."


def _syntax_remedy(text: str) -> str:
    if re.search(r"[^=!<>]=[^=]", text):
        return "Equality is written with two signs: =="
    if "&" in text or "|" in text:
        return "Write `and` and `or` as words."
    return "Example: age >= 65 and (copd or asthma) and not care_home"


class _Reader:
    def __init__(self, text: str, source: str, leading: int) -> None:
        self.text = text
        self.leading = leading
        # ast counts bytes of UTF-8; people count characters
        self.characters = {len(source[:i].encode()): i for i in range(len(source) + 1)}

    def place(self, node: ast.AST) -> Place:
        start = self.characters.get(getattr(node, "col_offset", 0), 0)
        end = self.characters.get(getattr(node, "end_col_offset", 0) or 0, start + 1)
        return Place(self.leading + start, self.leading + end)

    def error(self, problem: str, node: ast.AST, remedy: str = "") -> ExpressionError:
        return ExpressionError(problem, self.text, self.place(node), remedy)

    def read(self, node: ast.expr, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.error(
                f"Brackets go more than {DEEPEST} deep.", node, "Put parts into definitions of their own."
            )
        place, deeper = self.place(node), depth + 1
        match node:
            case ast.Name(id=name):
                return Name(name, place)
            case ast.Constant(value=int() | float() as value) if abs(value) > LARGEST:
                raise self.error("This number is too large.", node, "Nothing that is recorded is as large.")
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return Constant(value, place)
            case ast.BoolOp(op=ast.And(), values=values):
                return Both(tuple(self.read(v, deeper) for v in values), place)
            case ast.BoolOp(values=values):
                return Either(tuple(self.read(v, deeper) for v in values), place)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.read(operand, deeper), place)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if (
                abs(value) <= LARGEST
            ):
                return Constant(-value, place)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return Arithmetic(
                    self.read(left, deeper), _ARITHMETIC[type(op)], self.read(right, deeper), place
                )
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                raise self.error("`&` and `|` are not used here.", node, "Write `and` and `or` as words.")
            case ast.Compare():
                return self._comparison(node, deeper)
            case ast.Call():
                return self._call(node, deeper)
        raise self.error(
            "This is not part of the language.",
            node,
            "Use names, numbers, quoted text, comparisons, and, or, not, in, missing(), how_many(), ago().",
        )

    def _comparison(self, node: ast.Compare, depth: int) -> Node:
        parts: list[Node] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                parts.append(self._among(left, op, right, depth))
            elif type(op) in _COMPARE:
                place = Place(self.place(left).start, self.place(right).end)
                parts.append(
                    Compare(self.read(left, depth), _COMPARE[type(op)], self.read(right, depth), place)
                )
            else:
                raise self.error(
                    "`is` is not used here.", node, "To ask whether there is no value write missing(name)."
                )
            left = right
        return parts[0] if len(parts) == 1 else Both(tuple(parts), self.place(node))

    def _among(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> Node:
        if not isinstance(right, ast.Tuple | ast.List | ast.Set):
            raise self.error(
                "`in` needs a list in brackets.", right, 'Example: frailty in ("moderate", "severe")'
            )
        values = [self.read(v, depth) for v in right.elts]
        for value, source in zip(values, right.elts, strict=True):
            if not isinstance(value, Constant):
                raise self.error("A list holds only numbers, quoted text or dates.", source)
        if not values:
            raise self.error(
                "The list is empty, so nobody could be in it.", right, "Name at least one value."
            )
        literals = tuple(v for v in values if isinstance(v, Constant))
        place = Place(self.place(left).start, self.place(right).end)
        return Among(self.read(left, depth), literals, isinstance(op, ast.NotIn), place)

    def _call(self, node: ast.Call, depth: int) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or name not in ("missing", "how_many", "ago", "date"):
            raise self.error(
                f"There is no function {name!r}." if name else "This is not part of the language.",
                node.func,
                'There are missing(name), how_many(a, b, ...), ago("12 months") and date("2026-04-01").',
            )
        place = self.place(node)
        if name == "how_many":
            if len(node.args) < 2:
                raise self.error("how_many() needs at least two conditions.", node)
            return HowMany(tuple(self.read(a, depth) for a in node.args), place)
        if len(node.args) != 1:
            raise self.error(f"{name}() takes one thing in its brackets.", node)
        argument = node.args[0]
        if name == "missing":
            return Missing(self.read(argument, depth), place)
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise self.error(
                f"{name}() takes quoted text.", argument, 'Examples: ago("12 months"), date("2026-04-01")'
            )
        return self._ago(argument, place) if name == "ago" else self._date(argument, place)

    def _ago(self, node: ast.Constant, place: Place) -> Ago:
        found = _SPAN.fullmatch(str(node.value))
        if not found or int(found[1]) > 1_500:
            raise self.error(
                "This is not a span of time.",
                node,
                'Write whole days, months or years: "90 days", "12 months".',
            )
        amount, unit = int(found[1]), found[2]
        return (
            Ago(amount * 12, "months", place)
            if unit == "year"
            else Ago(amount, "days" if unit == "day" else "months", place)
        )

    def _date(self, node: ast.Constant, place: Place) -> Constant:
        try:
            return Constant(date.fromisoformat(str(node.value)), place)
        except ValueError:
            raise self.error(
                "This is not a date.", node, 'Write year, month and day: "2026-04-01".'
            ) from None
