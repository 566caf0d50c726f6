"""Turns the distinct texts of one column into values, or into the reason why they cannot be accepted.

Columns are read as dictionaries (distinct texts and an index per row), so that a check runs once per distinct
value: a million events have some ten thousand patients, a few thousand dates and a few thousand codes.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread import model
from goldenthread.intake.checkdigits import nhs_number_valid, verhoeff
from goldenthread.intake.contract import ColumnRule
from goldenthread.intake.reasons import ACCEPTED, CODES
from goldenthread.vault import byte_values

EPOCH = datetime.date(1970, 1, 1)
EARLIEST = datetime.date(1900, 1, 1)
PRECISION_CODES = ("day", "month", "year")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$")
_INTEGER = r"^[+-]?[0-9]{1,18}$"
_NUMBER = r"^[+-]?([0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})([eE][+-]?[0-9]{1,2})?$"
_POSTCODE = r"^[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}$"
_TRUE, _FALSE = {"Y", "YES", "TRUE", "1", "T"}, {"N", "NO", "FALSE", "0", "F"}


@dataclass(frozen=True)
class Converted:
    """What each distinct text became: a value (null where empty or refused) and a reason number (0 = fine).

    ``precision`` is the index into ``PRECISION_CODES`` (dates only); ``set_aside`` marks texts that were
    replaced by the contract's ``otherwise``.
    """

    values: pa.Array
    reasons: NDArray[np.int8]
    set_aside: NDArray[np.bool_]
    precision: NDArray[np.int8] | None = None


def days(date: datetime.date) -> int:
    """Days since 1970-01-01, as dates are held in arrays.

    >>> days(datetime.date(2026, 10, 31))
    20757
    """
    return (date - EPOCH).days


def _numbers(texts: pa.Array, pattern: str, kind: pa.DataType) -> tuple[pa.Array, NDArray[np.bool_]]:
    good = pc.match_substring_regex(texts, pattern)
    kept = pc.replace_substring_regex(pc.if_else(good, texts, None), r"^\+", "")
    return kept.cast(kind), good.to_numpy(zero_copy_only=False)


def _integer(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    values, good = _numbers(texts, _INTEGER, pa.int64())
    return values, np.where(good, ACCEPTED, CODES["not a number"]).astype(np.int8)


def _number(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    values, good = _numbers(texts, _NUMBER, pa.float64())
    finite = np.isfinite(values.fill_null(0.0).to_numpy(zero_copy_only=False))
    return values, np.where(good & finite, ACCEPTED, CODES["not a number"]).astype(np.int8)


def _snomed(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    values, good = _numbers(texts, r"^[1-9][0-9]{5,17}$", pa.int64())
    checked = verhoeff(values.fill_null(0).to_numpy(zero_copy_only=False))
    reasons = np.where(checked, ACCEPTED, CODES["check digit"])
    return values, np.where(good, reasons, CODES["wrong form"]).astype(np.int8)


def _nhs_number(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    plain = pc.replace_substring_regex(texts, r"[ -]", "")
    values, good = _numbers(plain, r"^[0-9]{10}$", pa.int64())
    checked = nhs_number_valid(values.fill_null(0).to_numpy(zero_copy_only=False))
    reasons = np.where(good, np.where(checked, ACCEPTED, CODES["check digit"]), CODES["wrong form"])
    return pc.if_else(pa.array(good), plain, None), reasons.astype(np.int8)


def _dates(
    rule: ColumnRule, texts: pa.Array, today: datetime.date
) -> tuple[pa.Array, NDArray[np.int8], NDArray[np.int8]]:
    shapes = [(form, 0) for form in rule.formats if "day" in rule.precision]
    shapes += [
        (form, code) for form, code in (("%Y-%m", 1), ("%Y", 2)) if PRECISION_CODES[code] in rule.precision
    ]
    day = np.zeros(len(texts), np.int64)
    precision = np.zeros(len(texts), np.int8)
    shaped, read = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    for form, code in shapes:
        width = len(form.replace("%Y", "%Yyy"))
        # The first form that a text has decides, even where there is no such day.
        at = np.flatnonzero((lengths == width) & ~shaped)
        if len(at):
            shaped[at], read[at], day[at] = _read_dates(texts.take(pa.array(at)), form, width)
            precision[at[read[at]]] = code
    reasons = np.where(read, ACCEPTED, CODES["not a date"])
    reasons[read & (day < days(EARLIEST))] = CODES["date before 1900"]
    if not rule.future:
        reasons[read & (day > days(today))] = CODES["date in the future"]
    return pa.array(day.astype(np.int32), mask=reasons != ACCEPTED), reasons.astype(np.int8), precision


def _read_dates(
    texts: pa.Array, form: str, width: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Of texts of ``width`` bytes: which have the given form, which are dates, and their days since 1970."""
    signs = np.frombuffer(b"".join(byte_values(texts)), np.uint8).reshape(len(texts), width)
    good = np.ones(len(texts), np.bool_)
    part = {"Y": np.full(len(texts), 1970), "m": np.ones(len(texts), int), "d": np.ones(len(texts), int)}
    at = place = 0
    while at < len(form):
        if form[at] == "%":
            name, at = form[at + 1], at + 2
            number = np.zeros(len(texts), np.int64)
            for _ in range(4 if name == "Y" else 2):
                digit = signs[:, place].astype(np.int64) - 48
                good &= (digit >= 0) & (digit <= 9)
                number, place = number * 10 + digit, place + 1
            part[name] = number
        else:
            good &= signs[:, place] == ord(form[at])
            at, place = at + 1, place + 1
    year, month, day = part["Y"], part["m"], part["d"]
    shaped = good.copy()
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    first = np.datetime64("1970-01", "M") + np.where(good, (year - 1970) * 12 + month - 1, 0)
    begin = first.astype("datetime64[D]").astype(np.int64)
    length = (first + 1).astype("datetime64[D]").astype(np.int64) - begin
    good &= day <= length
    return shaped, good, begin + day - 1


def _time(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    """Minutes after midnight."""
    values: list[int | None] = []
    for text in texts.to_pylist():
        found = _TIME.match(text)
        good = found and int(found[1]) < 24 and int(found[2]) < 60 and int(found[3] or 0) < 61
        values.append(int(found[1]) * 60 + int(found[2]) if found and good else None)
    reasons = [ACCEPTED if v is not None else CODES["not a time"] for v in values]
    return pa.array(values, pa.int32()), np.array(reasons, np.int8)


def _flag(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    upper = [t.upper() for t in texts.to_pylist()]
    values = [True if t in _TRUE else False if t in _FALSE else None for t in upper]
    reasons = [ACCEPTED if v is not None else CODES["unknown code"] for v in values]
    return pa.array(values, pa.bool_()), np.array(reasons, np.int8)


def _postcode(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    plain = pc.replace_substring_regex(pc.utf8_upper(texts), r"\s+", "")
    good = pc.match_substring_regex(plain, _POSTCODE)
    spaced = pc.replace_substring_regex(plain, r"^(.*)(...)$", r"\1 \2")
    reasons = np.where(good.to_numpy(zero_copy_only=False), ACCEPTED, CODES["wrong form"])
    return pc.if_else(good, spaced, None), reasons.astype(np.int8)


def _code(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    codes = set(rule.accepted_codes)
    folded = {code.casefold(): code for code in codes}
    spellings = {_plain(k): v for k, v in rule.spellings.items() if _plain(k)} | dict(rule.spellings)
    values: list[str | None] = []
    reasons: list[int] = []
    for text in texts.to_pylist():
        found = spellings.get(text, spellings.get(_plain(text), text))
        if codes and found and found not in codes:
            found = folded.get(found.casefold(), folded.get(_plain(found), found))
            if found not in codes and rule.first_character:
                found = found[:1].upper()
        good = not codes or not found or found in codes
        values.append(found if good and found else None)
        reasons.append(ACCEPTED if good else CODES["unknown code"])
    return pa.array(values, pa.string()), np.array(reasons, np.int8)


def _plain(text: str) -> str:
    """A spelling without case, punctuation and doubled spaces, so that variants of one word meet."""
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


def _text(rule: ColumnRule, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int8]]:
    return texts, np.zeros(len(texts), np.int8)


_KINDS: dict[str, Callable[[ColumnRule, pa.Array], tuple[pa.Array, NDArray[np.int8]]]] = {
    "text": _text,
    "code": _code,
    "integer": _integer,
    "number": _number,
    "time": _time,
    "flag": _flag,
    "snomed": _snomed,
    "nhs_number": _nhs_number,
    "postcode": _postcode,
}


def convert(rule: ColumnRule, texts: pa.Array, today: datetime.date) -> Converted:
    """Read the distinct ``texts`` of a column as its contract says.

    >>> rule = ColumnRule("SEX", "code", values="sex", spellings={"female": "2"})
    >>> made = convert(rule, pa.array(["1", "Female", "7", ""]), datetime.date(2026, 10, 31))
    >>> made.values.to_pylist(), made.reasons.tolist() == [0, 0, CODES["unknown code"], 0]
    (['1', '2', None, None], True)
    """
    texts = pc.utf8_trim_whitespace(texts)
    if rule.case:
        texts = pc.utf8_upper(texts) if rule.case == "upper" else pc.utf8_lower(texts)
    if rule.take:
        found = pc.struct_field(pc.extract_regex(texts, f"(?P<part>{rule.take})"), "part")
        texts = pc.coalesce(found, texts)
    empty = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    long = lengths > rule.max_length
    if long.any():
        texts = pc.if_else(pa.array(long), "", texts)
    precision = None
    if rule.type == "date":
        values, reasons, precision = _dates(rule, texts, today)
    else:
        values, reasons = _KINDS[rule.type](rule, texts)
    reasons = _limits(rule, values, reasons)
    if rule.pattern:
        expression = model.FORMATS.get(rule.pattern, rule.pattern)
        form = pc.match_substring_regex(texts, f"^(?:{expression})$").to_numpy(zero_copy_only=False)
        reasons = np.where((reasons == ACCEPTED) & ~form, CODES["wrong form"], reasons)
    reasons = np.where(empty, CODES["missing"] if rule.required else ACCEPTED, reasons)
    reasons = np.where(long, CODES["too long"], reasons).astype(np.int8)
    keep = (reasons == ACCEPTED) & ~empty
    if not keep.all():
        values = pc.if_else(pa.array(keep), values, pa.scalar(None, values.type))
    return _otherwise(rule, Converted(values, reasons, np.zeros(len(texts), np.bool_), precision))


def _limits(rule: ColumnRule, values: pa.Array, reasons: NDArray[np.int8]) -> NDArray[np.int8]:
    if (rule.minimum is None and rule.maximum is None) or rule.type not in ("integer", "number"):
        return reasons
    numbers = values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    outside = np.zeros(len(numbers), np.bool_)
    if rule.minimum is not None:
        outside |= numbers < rule.minimum
    if rule.maximum is not None:
        outside |= numbers > rule.maximum
    return np.where((reasons == ACCEPTED) & outside, CODES["out of range"], reasons)


def _otherwise(rule: ColumnRule, made: Converted) -> Converted:
    """Put the contract's ``otherwise`` in place of values that cannot be accepted."""
    if rule.otherwise is None:
        return made
    bad = made.reasons != ACCEPTED
    values = made.values
    replace = bad if not rule.otherwise else bad | ~values.is_valid().to_numpy(zero_copy_only=False)
    if rule.otherwise and replace.any():
        values = pc.if_else(pa.array(replace), pa.scalar(rule.otherwise, values.type), values)
    missing = made.reasons == CODES["missing"]
    return Converted(values, np.zeros(len(bad), np.int8), bad & ~missing, made.precision)
