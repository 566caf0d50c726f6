"""Numbers, intervals and lists in the words of a sentence read aloud: no symbols for uncertainty."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

import pandas as pd

HIDDEN = "hidden to protect people"
MISSING = "not available"

_ONES = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@runtime_checkable
class Interval(Protocol):
    """A value with its limits, as every function of ``goldenthread.statistics`` returns."""

    @property
    def value(self) -> Any: ...
    @property
    def lower(self) -> Any: ...
    @property
    def upper(self) -> Any: ...


def is_known(value: Any) -> bool:
    """Whether there is a finite number to say.

    >>> is_known(3.0), is_known(float("nan")), is_known(None)
    (True, False, False)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return False
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def cell(value: Any, say: Callable[[Any], str], hidden: bool = False) -> str:
    """A figure as a table says it: hidden, said, or not there.

    >>> cell(3.0, number), cell(float("nan"), number), cell(3.0, number, hidden=True)
    ('3', 'not available', 'hidden to protect people')
    """
    if hidden:
        return HIDDEN
    return say(value) if is_known(value) else MISSING


def number(value: float, places: int | None = None) -> str:
    """A number with thousands separated; three meaningful figures unless ``places`` is given.

    >>> number(38420), number(4.126), number(0.0312), number(-2.5), number(12.0)
    ('38,420', '4.13', '0.031', 'minus 2.5', '12')
    """
    size = abs(float(value))
    if places is None:
        if size >= 100 or size == round(size):
            places = 0
        elif size >= 10:
            places = 1
        elif size >= 1:
            places = 2
        else:
            places = 3
        text = f"{size:,.{places}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{size:,.{places}f}"
    return f"minus {text}" if value < 0 and text.strip("0.,") else text


def money(value: float) -> str:
    """Pounds, to the penny only under ten.

    >>> money(8289.4), money(3.5), money(-120)
    ('£8,289', '£3.50', 'minus £120')
    """
    size = abs(float(value))
    text = f"£{size:,.2f}" if 0 < size < 10 and size != round(size) else f"£{size:,.0f}"
    return f"minus {text}" if value < 0 and text.strip("£0.,") else text


def percent(value: float, places: int | None = None) -> str:
    """A percentage given as 0 to 100.

    >>> percent(58.04), percent(4.26), percent(0.4), percent(0.01)
    ('58%', '4.3%', '0.4%', 'under 0.1%')
    """
    if places is None and 0 < abs(value) < 0.05:
        return "under 0.1%"
    if places is None:
        places = 0 if abs(value) >= 10 or value == round(value) else 1
    return number(value, places) + "%"


def count_word(value: float) -> str:
    """Small counts in words, as one would say them.

    >>> count_word(2), count_word(14)
    ('two', '14')
    """
    whole = round(float(value))
    return _ONES[whole] if 0 <= whole < len(_ONES) and whole == value else number(value)


def counted(value: float, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> counted(1, "practice"), counted(2, "A&E attendance"), counted(0, "stay"), counted(3, "person", "people")
    ('one practice', 'two A&E attendances', 'no stays', 'three people')
    """
    return f"{count_word(value)} {one if value == 1 else many or one + 's'}"


def listed(items: Iterable[str]) -> str:
    """Items as a list in a sentence.

    >>> listed(["falls"]), listed(["a", "b", "c"])
    ('falls', 'a, b and c')
    """
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def between(lower: Any, upper: Any, form: Any = number) -> str:
    """An interval in words, smaller number first; empty when a limit is unknown.

    >>> between(2.1, 2.7), between(None, 2)
    ('between 2.1 and 2.7', '')
    """
    if not (is_known(lower) and is_known(upper)):
        return ""
    return f"between {form(min(lower, upper))} and {form(max(lower, upper))}"


def with_interval(value: float, lower: Any, upper: Any, form: Any = number) -> str:
    """A value and its likely range in one breath.

    >>> with_interval(58, 52, 64, percent)
    '58% (likely between 52% and 64%)'
    """
    words = between(lower, upper, form)
    return f"{form(value)} (likely {words})" if words else form(value)


def fewer_or_more(value: float, lower: Any, upper: Any, fewer: str = "fewer", more: str = "more") -> str:
    """A percentage change in words, with its interval.

    >>> fewer_or_more(-19, -31, -5)
    '19% fewer (likely between 31% and 5% fewer)'
    >>> fewer_or_more(2, -1, 5)
    '2% more (likely between 1% fewer and 5% more)'
    """

    def say(x: float) -> str:
        return f"{percent(abs(x))} {fewer if x < 0 else more}"

    if not (is_known(lower) and is_known(upper)):
        return say(value)
    if (lower < 0 and upper < 0) or (lower > 0 and upper > 0) or lower == upper:
        span = f"between {percent(abs(lower))} and {percent(abs(upper))} {fewer if upper < 0 else more}"
    else:
        span = f"between {say(lower)} and {say(upper)}"
    return f"{say(value)} (likely {span})"


def day(value: Any) -> str:
    """A date as people write it.

    >>> day("2026-10-31")
    '31 October 2026'
    """
    stamp = pd.Timestamp(value)
    return f"{stamp.day} {stamp:%B %Y}"


def clean(text: str) -> str:
    """Text without the control characters and stray surrogates that no XML or page may hold.

    >>> clean("Skegness\\x00 & Boston")
    'Skegness & Boston'
    """
    return "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)


def sentence_case(text: str) -> str:
    """The first letter raised, the rest left alone.

    >>> sentence_case("two falls, A&E")
    'Two falls, A&E'
    """
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The first letter lowered unless the word is an abbreviation or a name in capitals.

    >>> lower_first("Emergency admissions"), lower_first("A&E attendances"), lower_first("COPD reviews")
    ('emergency admissions', 'A&E attendances', 'COPD reviews')
    """
    return text if len(text) > 1 and not text[1].islower() else text[:1].lower() + text[1:]


def as_date(value: Any) -> dt.date:
    """A calendar date from whatever a frame holds.

    >>> as_date("2026-10-31")
    datetime.date(2026, 10, 31)
    """
    return pd.Timestamp(value).date()
