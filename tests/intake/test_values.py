"""Values of columns, against plain Python."""

from __future__ import annotations

import datetime
import math
import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.intake.checkdigits import nhs_number_valid, verhoeff
from goldenthread.intake.contract import ColumnRule, load_contracts
from goldenthread.intake.packing import pack, repeats
from goldenthread.intake.reasons import REASONS
from goldenthread.intake.values import EPOCH, convert

TODAY = datetime.date(2026, 11, 22)


def read(rule: ColumnRule, *texts: str) -> list[tuple[object, str]]:
    made = convert(rule, pa.array(list(texts), pa.string()), TODAY)
    return [(v, REASONS[r].code) for v, r in zip(made.values.to_pylist(), made.reasons.tolist(), strict=True)]


def rule(kind: str, **more: object) -> ColumnRule:
    return ColumnRule("C", kind, **more)  # type: ignore[arg-type]


def day(text: str) -> int:
    return (datetime.date.fromisoformat(text) - EPOCH).days


def test_dates_and_their_precision() -> None:
    vague = rule("date", precision=("day", "month", "year"))
    made = convert(vague, pa.array(["2020-02-29", "2020-02", "2020", "2021-02-29", "29/02/2020"]), TODAY)
    assert made.values.to_pylist() == [day("2020-02-29"), day("2020-02-01"), day("2020-01-01"), None, None]
    assert made.precision is not None
    assert made.precision.tolist()[:3] == [0, 1, 2]


def test_dates_in_the_future_and_the_distant_past() -> None:
    assert read(rule("date"), "2026-11-22", "2026-11-23", "1899-12-31", "1900-01-01") == [
        (day("2026-11-22"), "accepted"),
        (None, "date in the future"),
        (None, "date before 1900"),
        (day("1900-01-01"), "accepted"),
    ]
    assert read(rule("date", future=True), "2027-01-01") == [(day("2027-01-01"), "accepted")]


def by_the_book(text: str, forms: list[str]) -> datetime.date | None:
    """What the standard library makes of a text that has one of the forms to the letter."""
    for form in forms:
        shape = re.escape(form).replace("%Y", "[0-9]{4}").replace("%m", "[0-9]{2}").replace("%d", "[0-9]{2}")
        if re.fullmatch(shape, text):
            try:
                return datetime.datetime.strptime(text, form).date()
            except ValueError:
                return None
    return None


@given(
    st.lists(
        st.one_of(
            st.dates().map(lambda d: d.strftime("%d/%m/") + f"{d.year:04}"),
            st.dates().map(lambda d: d.isoformat()),
            st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
            st.from_regex(r"[0-3][0-9]/[01][0-9]/[0-9]{4}", fullmatch=True),
            st.text("0123456789-/ é", max_size=11),
        ),
        max_size=30,
    )
)
def test_dates_agree_with_the_standard_library(texts: list[str]) -> None:
    forms = ["%d/%m/%Y", "%Y-%m-%d"]
    rule = ColumnRule("D", "date", formats=tuple(forms), future=True)
    made = convert(rule, pa.array(texts, pa.string()), TODAY)
    for text, days, reason in zip(texts, made.values.to_pylist(), made.reasons.tolist(), strict=True):
        found = by_the_book(text.strip(), forms)
        expected = found if found is not None and found >= datetime.date(1900, 1, 1) else None
        assert (None if days is None else EPOCH + datetime.timedelta(days)) == expected
        assert (reason == 0) == (expected is not None or not text.strip())


def test_codes_spellings_and_otherwise() -> None:
    sex = rule("code", values="sex", spellings={"Female": "2"}, otherwise="X")
    assert [v for v, _ in read(sex, "1", " FEMALE ", "7", "")] == ["1", "2", "X", "X"]
    strict = rule("code", values="sex")
    assert read(strict, "7", "") == [(None, "unknown code"), (None, "accepted")]
    ethnic = rule("code", values="ethnicity_2001", first_character=True)
    assert read(ethnic, "A1", "99", "Z", "Q") == [("A", "accepted"), ("99", "accepted"), ("Z", "accepted"), (None, "unknown code")]  # fmt: skip


def test_units_keep_symbols_apart() -> None:
    unit = load_contracts()["gp_event"].columns["UNIT"]
    assert [v for v, _ in read(unit, "mmHg", "%", "kg/m2", "per cent", "#", "g/L")] == [
        "mm[Hg]",
        "%",
        "kg/m2",
        "%",
        "#",
        "g/L",
    ]


def test_limits_lengths_and_required() -> None:
    assert read(rule("integer", minimum=0, maximum=9), "10", "-1", "5", "5.0", "") == [
        (None, "out of range"), (None, "out of range"), (5, "accepted"), (None, "not a number"), (None, "accepted"),
    ]  # fmt: skip
    assert read(rule("text", max_length=3, required=True), "abcd", "abc", "  ") == [
        (None, "too long"),
        ("abc", "accepted"),
        (None, "missing"),
    ]
    assert read(rule("time"), "23:59", "24:00", "7:05:30", "12") == [
        (1439, "accepted"),
        (None, "not a time"),
        (425, "accepted"),
        (None, "not a time"),
    ]
    assert read(rule("postcode"), "pe1 1aa", "LN11AA", "nonsense") == [
        ("PE1 1AA", "accepted"),
        ("LN1 1AA", "accepted"),
        (None, "wrong form"),
    ]
    assert read(rule("integer", take="[0-9]{4}"), "IoD2025", "none") == [
        (2025, "accepted"),
        (None, "not a number"),
    ]


def test_a_snomed_code_is_never_a_float() -> None:
    assert read(rule("snomed"), "73211009", "73211009.0", "73211008", "999791000000106", "0123456", "7.3e7") == [
        (73211009, "accepted"), (None, "wrong form"), (None, "check digit"), (999791000000106, "accepted"), (None, "wrong form"), (None, "wrong form"),
    ]  # fmt: skip


@given(st.lists(st.text(alphabet="0123456789+-.eE x", max_size=12), max_size=30))
def test_numbers_agree_with_python(texts: list[str]) -> None:
    for (value, reason), text in zip(read(rule("number"), *texts), texts, strict=True):
        plain = text.strip()
        try:
            wanted: float | None = float(plain)
        except ValueError:
            wanted = None
        if reason == "accepted" and plain:
            assert wanted is not None
            assert math.isfinite(wanted)
            assert value == wanted
        elif plain and wanted is not None:
            assert not math.isfinite(wanted) or re.search(
                r"[eE][+-]?\d{3}", plain
            )  # no measurement is written so


def _verhoeff(code: str) -> bool:
    """The dihedral group in words: ten turns and flips of a pentagon (Verhoeff 1969)."""

    def times(a: int, b: int) -> int:
        if a < 5:
            return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
        return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5

    first = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    state = 0
    for position, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(position % 8):
            value = first[value]
        state = times(state, value)
    return state == 0


@given(st.lists(st.integers(1, 10**18 - 1), min_size=1, max_size=50))
def test_verhoeff_agrees_with_the_definition(codes: list[int]) -> None:
    assert verhoeff(np.array(codes)).tolist() == [_verhoeff(str(code)) for code in codes]


@given(st.integers(10**5, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(stem: int, place: int, change: int) -> None:
    code = next(c for c in range(stem * 10, stem * 10 + 10) if _verhoeff(str(c)))
    text = str(code)
    at = place % len(text)
    wrong = text[:at] + str((int(text[at]) + change) % 10) + text[at + 1 :]
    if wrong[0] != "0":
        assert not verhoeff(np.array([int(wrong)]))[0]


@given(st.integers(0, 999_999_999))
def test_modulus_11_agrees_with_the_data_dictionary(nine: int) -> None:
    digits = f"{nine:09d}"
    check = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
    valid = [
        int(digits + str(last))
        for last in range(10)
        if check % 11 == last and len(set(digits + str(last))) > 1
    ]
    tried = np.array([int(digits + str(last)) for last in range(10)])
    assert tried[nhs_number_valid(tried)].tolist() == valid


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=1, max_size=60),
    st.sampled_from([6, 2**20, 2**40]),
)
def test_packing_keeps_equality_and_order(rows: list[list[int]], size: int) -> None:
    columns = [(np.array(column), size) for column in zip(*rows, strict=True)]
    key = pack(columns)
    for a in range(len(rows)):
        for b in range(len(rows)):
            assert (key[a] < key[b]) == (rows[a] < rows[b])
    seen: set[tuple[int, ...]] = set()
    later = [n for n, row in enumerate(rows) if tuple(row) in seen or seen.add(tuple(row))]  # type: ignore[func-returns-value]
    assert repeats(key, np.arange(len(rows))).tolist() == later
