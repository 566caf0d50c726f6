"""The GP record under construction: coded events and medicines, gathered in columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from goldenthread.demo import codes
from goldenthread.demo.population import VISITOR, People

Array = npt.NDArray[Any]
UNITS = ["", "mmol/mol", "%", "mmHg", "kg/m2", "kg", "cm", "mmol/L", "umol/L", "mL/min/1.73m2", "mg/mmol", "g/L",
         "10*9/L", "fL", "mIU/L", "mg/L", "ug/L", "nmol/L", "U/L", "L/min", "/min", "units/week", "score", "L"]  # fmt: skip


class Vocabulary:
    """Codes by small numbers, so that ten million rows hold integers until they are written."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._at: dict[str, int] = {}

    def number(self, word: str) -> int:
        if word not in self._at:
            self._at[word] = len(self.words)
            self.words.append(word)
        return self._at[word]

    def take(self, numbers: Array) -> pa.Array:
        return pa.array(self.words).take(pa.array(numbers))


class Record:
    """Rows of (person, day, code, value, unit), and of medicines issued."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.vocabulary = Vocabulary()
        self.visits: dict[str, Array] = {}
        self._events: list[tuple[Array, Array, Array, Array, Array]] = []
        self._medicines: list[tuple[Array, Array, Array, Array, Array, Array]] = []

    def add(
        self,
        who: Array,
        day: Array,
        concept: str,
        value: Array | float | None = None,
        unit: str = "",
        which: Any = 0,
    ) -> None:
        """Add events of one concept; ``which`` chooses the code in its list (one for all, or one each)."""
        n = len(who)
        if not n:
            return
        numbers = np.array([self.vocabulary.number(c) for c in codes.codes(concept)], dtype=np.int32)
        code = np.broadcast_to(numbers[np.asarray(which) % len(numbers)], n)
        values = np.full(n, np.nan) if value is None else np.broadcast_to(np.asarray(value, dtype=float), n)
        self._events.append(
            (
                np.asarray(who, dtype=np.int32), np.asarray(day, dtype=np.int32), code, values,
                np.full(n, UNITS.index(unit), dtype=np.int8),
            )
        )  # fmt: skip

    def issue(
        self, who: Array, day: Array, concept: str, which: Any, quantity: Any, days: Any, repeat: bool
    ) -> None:
        """Add medicines of one concept."""
        n = len(who)
        if not n:
            return
        numbers = np.array([self.vocabulary.number(c) for c in codes.codes(concept)], dtype=np.int32)
        code = np.broadcast_to(numbers[np.asarray(which) % len(numbers)], n)
        self._medicines.append(
            (
                np.asarray(who, dtype=np.int32), np.asarray(day, dtype=np.int32), code,
                np.broadcast_to(np.asarray(quantity, dtype=np.int32), n),
                np.broadcast_to(np.asarray(days, dtype=np.int32), n), np.full(n, repeat),
            )
        )  # fmt: skip

    def leave_out(self, away: Callable[[Array, Array], Array]) -> None:
        """Drop events and visits on days when ``away(who, day)`` is true: nobody is seen while in hospital."""
        for k, (who, day, code, value, unit) in enumerate(self._events):
            here = ~away(who, day)
            self._events[k] = (who[here], day[here], code[here], value[here], unit[here])
        for key, (who, day) in self.visits.items():
            self.visits[key] = np.stack([who, day])[:, ~away(who, day)]

    def events(self) -> dict[str, Array]:
        """All events within each person's observed life, in order of person and day."""
        who, day, code, value, unit = (np.concatenate(x) for x in zip(*self._events, strict=True))
        keep = (
            (day >= self.people.birth[who])
            & (day <= self.people.end[who])
            & (self.people.kind[who] != VISITOR)
        )
        order = np.flatnonzero(keep)
        order = order[np.lexsort((day[order], who[order]))]
        return {
            "who": who[order],
            "day": day[order],
            "code": code[order],
            "value": value[order],
            "unit": unit[order],
        }

    def medicines(self) -> dict[str, Array]:
        """All medicines issued while registered, in order of person and day."""
        who, day, code, quantity, days, repeat = (
            np.concatenate(x) for x in zip(*self._medicines, strict=True)
        )
        start = np.where(self.people.previous >= 0, self.people.birth, self.people.reg_start)
        within = (day >= start[who]) & (day <= self.people.end[who]) & (day > self.people.birth[who])
        order = np.flatnonzero(within & (self.people.kind[who] != VISITOR))
        order = order[np.lexsort((day[order], who[order]))]
        return {
            "who": who[order], "day": day[order], "code": code[order], "quantity": quantity[order],
            "days": days[order], "repeat": repeat[order],
        }  # fmt: skip


def at_rate(rng: np.random.Generator, per_year: Array, years: Array | float) -> Array:
    """Person index repeated as often as a Poisson count says."""
    counts = rng.poisson(np.maximum(per_year * years, 0))
    return np.repeat(np.arange(len(counts)), counts)


@cache
def concept_codes(concept: str) -> frozenset[str]:
    """Codes of a concept as a set."""
    return frozenset(codes.codes(concept))
