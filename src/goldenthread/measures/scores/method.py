"""How a score is called: named columns in, one number per person out, and one clear message when they do not fit."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.errors import GoldenThreadError

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]
Kind = Literal["number", "truth", "text"]

ENGINE_PARAMETERS = ("within", "until", "where")
"""Parameters of a definition that choose rows before a score sees them; a method passes over them."""


class ScoreError(GoldenThreadError):
    """A score that was asked for in a way in which it cannot be worked out."""


@dataclass(frozen=True)
class Argument:
    """One column that a score is fed with.

    A number or text that is missing gives no score, unless ``optional``; a truth that is missing is false, since a
    record that does not mention a condition is how its absence is recorded.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Parameter:
    """A choice within a method, with what it may be and what it is when nothing is said."""

    name: str
    default: str | bool
    allowed: tuple[str | bool, ...]
    meaning: str


_NUMERIC = ("integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty")
_SEXES = frozenset(("", "0", "1", "2", "9", "X", "F", "M"))

Compute = Callable[[Mapping[str, Any], Mapping[str, Any]], Numbers]
ComputeRows = Callable[[NDArray[Any], Any, int, Mapping[str, Any]], Numbers]


@dataclass(frozen=True)
class ScoreMethod:
    """A published score, ready to be fed.

    Fed either with one column per argument (``from_columns``) or with diagnosis rows (``from_rows``).
    ``decimals`` is the published rounding; ``compute`` does not round. ``disclaimer`` is the owner's text that must
    stand wherever the score is shown.
    """

    name: str
    title: str
    arguments: tuple[Argument, ...]
    unit: str
    decimals: int
    source: str
    parameters: tuple[Parameter, ...] = ()
    disclaimer: str = ""
    from_columns: Compute | None = None
    from_rows: ComputeRows | None = None

    @property
    def takes_rows(self) -> bool:
        """Whether the score is worked out from diagnosis rows."""
        return self.from_rows is not None

    def compute(
        self, columns: Mapping[str, ArrayLike], parameters: Mapping[str, Any] | None = None
    ) -> Numbers:
        """The score of each person, unrounded; NaN where it cannot be worked out.

        ``columns`` holds one array for each argument, all of one length; missing values are masked, NaN, None or
        empty text. Raises ``ScoreError`` for an argument that is unknown or not given, lengths that differ, a
        column of another kind, or a parameter that does not exist.
        """
        if self.from_columns is None:
            raise ScoreError(
                f"{self.title} is worked out from diagnosis rows, not from columns.", "Use compute_rows."
            )
        settings = self.settle(parameters or {})
        return self.from_columns(self._columns(columns), settings)

    def compute_rows(
        self,
        person_index: ArrayLike,
        codes: Any,
        people: int,
        parameters: Mapping[str, Any] | None = None,
    ) -> Numbers:
        """The score of each of ``people`` from rows (position of the person, ICD-10 code); people without rows score 0.

        The window and the kinds of spell have been chosen already. Raises ``ScoreError`` for positions that are
        not whole numbers from 0 to people - 1, for as many codes as positions not being there, or a parameter
        that does not exist.
        """
        if self.from_rows is None:
            raise ScoreError(
                f"{self.title} is worked out from columns, not from diagnosis rows.", "Use compute."
            )
        settings = self.settle(parameters or {})
        return self.from_rows(np.asarray(person_index), codes, people, settings)

    def settle(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters of the method, with those given in place of what they are when nothing is said."""
        known = {p.name: p for p in self.parameters}
        settled: dict[str, Any] = {name: p.default for name, p in known.items()}
        for name, value in parameters.items():
            if name in ENGINE_PARAMETERS:
                continue
            if name not in known:
                raise unknown(name, known, f"parameter of {self.title}")
            if not any(value == a and type(value) is type(a) for a in known[name].allowed):
                choices = ", ".join(repr(a) for a in known[name].allowed)
                raise ScoreError(
                    f"The parameter {name!r} of {self.title} is {value!r}.", f"It may be: {choices}."
                )
            settled[name] = value
        return settled

    def _columns(self, given: Mapping[str, ArrayLike]) -> dict[str, Any]:
        known = {a.name: a for a in self.arguments}
        for name in given:
            if name not in known:
                raise unknown(name, known, f"input of {self.title}")
        wanting = [a.name for a in self.arguments if not a.optional and a.name not in given]
        if wanting:
            raise ScoreError(
                f"{self.title} is not given {', '.join(wanting)}.",
                "Name a fact for each under `inputs`.",
            )
        lengths = {name: _length(name, column) for name, column in given.items()}
        if len(set(lengths.values())) > 1:
            raise ScoreError(
                f"The inputs of {self.title} have different lengths: "
                f"{', '.join(f'{n} {length}' for n, length in lengths.items())}.",
                "Give one value per person in each.",
            )
        people = next(iter(lengths.values()), 0)
        return {name: _column(a, given.get(name), people) for name, a in known.items()}


def _length(name: str, column: ArrayLike) -> int:
    array: Any = np.ma.asarray(column)
    if array.ndim != 1:
        raise ScoreError(f"The input {name!r} is not one column.", "Give one value per person, in a row.")
    return len(array)


def unknown(name: str, known: Mapping[str, Any], what: str) -> ScoreError:
    """The error for a name that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    having = f"There are: {', '.join(known)}." if known else "It has none."
    return ScoreError(f"{name!r} is no {what}.", f"{hint}{having}")


def _column(argument: Argument, values: ArrayLike | None, people: int) -> Any:
    if values is None:
        empty: dict[Kind, Any] = {
            "number": np.full(people, np.nan),
            "truth": np.zeros(people, dtype=bool),
            "text": np.full(people, "", dtype=object),
        }
        return empty[argument.kind]
    if argument.kind == "number":
        return numbers(argument.name, values)
    if argument.kind == "truth":
        return truths(argument.name, values)
    return texts(values)


def numbers(name: str, values: ArrayLike) -> Numbers:
    """``values`` as floating point, NaN where missing. Raises ``ScoreError`` where they are not numbers.

    >>> numbers("age", np.ma.array([40, 50], mask=[False, True]))
    array([40., nan])
    """
    array: Any = np.ma.asarray(values)
    data = np.asarray(array.data)
    # text that happens to look like a number, and dates, are of another kind: somebody named the wrong fact
    if data.dtype.kind == "O":
        import pandas as pd  # slow to import, and most commands work out no score

        data = np.where(pd.isna(data), np.nan, data)
    if data.dtype.kind not in "Obiuf" or not _all_numbers(data):
        raise ScoreError(
            f"The input {name!r} holds something that is not a number.", "Give numbers, or NaN where missing."
        )
    found = np.array(data, dtype=np.float64)
    found[np.ma.getmaskarray(array)] = np.nan
    return found


def _all_numbers(data: NDArray[Any]) -> bool:
    import pandas as pd

    if data.dtype.kind != "O" or pd.api.types.infer_dtype(data.ravel()) in _NUMERIC:
        return True
    return all(isinstance(v, (int, float, np.number, np.bool_)) for v in data.flat)


def truths(name: str, values: ArrayLike) -> Truths:
    """``values`` as true or false, false where missing. Raises ``ScoreError`` for anything but 0, 1, true and false.

    >>> truths("falls", [True, None, 1, 0]).tolist()
    [True, False, True, False]
    """
    array: Any = np.ma.asarray(values)
    if array.dtype == np.bool_:
        return np.asarray(array.data & ~np.ma.getmaskarray(array))
    try:
        found = numbers(name, values)
    except ScoreError:
        found = np.full(array.shape, 2.0)
    if not np.isin(found, (0, 1)).all(where=~np.isnan(found)):
        raise ScoreError(
            f"The input {name!r} holds something other than true and false.",
            "Give a truth, such as a condition or a measure that takes `exists`.",
        )
    return np.asarray(found == 1)


def texts(values: ArrayLike) -> NDArray[Any]:
    """``values`` as text, empty where missing.

    >>> texts(["A", None]).tolist()
    ['A', '']
    """
    import pandas as pd

    array: Any = np.ma.asarray(values)
    found = np.array(array.data, dtype=object)
    found[np.ma.getmaskarray(array)] = None
    place, levels = pd.factorize(found)  # -1, the last level, for what is missing
    return np.array([*(_written(level) for level in levels), ""], dtype=object)[place]


def _written(level: Any) -> str:
    """A code as text; 1.0 is how a column of whole numbers with a gap looks."""
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def sex_masks(sex: ArrayLike) -> tuple[Truths, Truths]:
    """Who is female and who is male, from the NHS person codes ("1" male, "2" female) or "F" and "M".

    Not known (0), not specified (9), X and missing are neither. Raises ``ScoreError`` for anything else.

    >>> [mask.tolist() for mask in sex_masks(["1", "2", "9", None])]
    [[False, True, False, False], [True, False, False, False]]
    """
    import pandas as pd

    codes, levels = pd.factorize(texts(sex))
    levels = np.asarray(levels, dtype=object)
    if strange := sorted(set(levels) - _SEXES):
        raise ScoreError(f"{strange[0]!r} is no sex.", "Give 1 (male), 2 (female), 9 or X (neither), M or F.")
    female = np.isin(levels, ("2", "F"))
    male = np.isin(levels, ("1", "M"))
    return np.asarray(female[codes]), np.asarray(male[codes])
