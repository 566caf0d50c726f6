"""The cohort language: what it understands, what it refuses and how it says so."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenthread.definitions.expressions import (
    Ago,
    Among,
    Arithmetic,
    Both,
    Compare,
    Constant,
    Either,
    ExpressionError,
    ExpressionJsonError,
    HowMany,
    Missing,
    Name,
    Node,
    Not,
    Variable,
    check,
    check_condition,
    from_json,
    names,
    parse,
    to_english,
    to_json,
    to_text,
)

KNOWN = {
    "age": Variable("number", "age", unit="years"),
    "falls_12m": Variable("number", "falls in the last 12 months"),
    "hba1c_latest": Variable("number", "latest HbA1c", unit="mmol/mol"),
    "hba1c_latest_date": Variable("date", "date of the latest HbA1c"),
    "frailty": Variable("text", "frailty", values=("fit", "mild", "moderate", "severe")),
    "registered": Variable("truth", "is registered here"),
    "care_home": Variable("truth", "lives in a care home"),
    "copd": Variable("truth", "has COPD"),
}


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        check_condition(parse(text), KNOWN, text)
    return caught.value


def test_the_example_of_the_design() -> None:
    text = (
        'age >= 65 and registered and (falls_12m >= 1 or frailty in ("moderate", "severe")) and not care_home'
    )
    node = parse(text)
    assert check(node, KNOWN, text) == "truth"
    assert names(node) == ["age", "registered", "falls_12m", "frailty", "care_home"]
    assert to_text(node) == text
    assert to_english(node, KNOWN) == (
        "age is at least 65 years, and is registered here, and "
        "(either falls in the last 12 months is at least 1, or frailty is moderate or severe), and "
        "does not live in a care home"
    )


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("18 <= age < 65", "18 is at most age, and age is under 65 years"),
        ("missing(hba1c_latest)", "latest HbA1c is not recorded"),
        ("not missing(hba1c_latest)", "latest HbA1c is recorded"),
        (
            "not hba1c_latest > 58",
            "not: latest HbA1c is over 58 mmol/mol (which counts people with no record)",
        ),
        (
            'hba1c_latest_date < ago("15 months")',
            "date of the latest HbA1c is before 15 months before the index date",
        ),
        ('hba1c_latest_date >= date("2026-04-01")', "date of the latest HbA1c is on or after 1 April 2026"),
        ("copd == False", "does not have COPD"),
        ('frailty not in ("fit",)', "frailty is recorded and is not fit"),
        (
            "how_many(copd, care_home) >= 2",
            "the number of these that hold (has COPD; lives in a care home) is at least 2",
        ),
    ],
)
def test_plain_english(text: str, english: str) -> None:
    check_condition(parse(text), KNOWN, text)
    assert to_english(parse(text), KNOWN) == english


@pytest.mark.parametrize(
    ("text", "marked", "says", "remedy"),
    [
        ("age >= 65 and hba1c_latst > 58", "hba1c_latst", "nothing called `hba1c_latst`", "`hba1c_latest`"),
        ("age >= '65'", "age >= '65'", "A number is compared with text", ""),
        ("hba1c_latest_date > 58", "hba1c_latest_date > 58", "A date is compared with a number", "ago("),
        ("frailty == 'sever'", "'sever'", 'never "sever"', '"severe"'),
        ("frailty > 'mild'", "frailty > 'mild'", "`>` needs numbers or dates", "in (...)"),
        ("age", "age", "gives a number, not true or false", ">= 65"),
        ("age >= 65 and age", "age", "here it must be true or false", ""),
        ("frailty + 1 > 2", "frailty", "Sums are of numbers", ""),
        ("age = 65", "=", "stops making sense here", "=="),
        ("copd & care_home", "copd & care_home", "`&` and `|` are not used", "and"),
        ("age is None", "age is None", "`is` is not used", "missing(name)"),
        ("age in 65", "65", "needs a list in brackets", ""),
        ("frailty in ()", "()", "list is empty", ""),
        ("sqrt(age) > 8", "sqrt", "no function 'sqrt'", "how_many"),
        ("__import__('os').system('id')", "__import__('os').system", "not part of the language", ""),
        ("copd.real", "copd.real", "not part of the language", ""),
        ("[x for x in (1, 2)]", "[x for x in (1, 2)]", "not part of the language", ""),
        ("hba1c_latest_date > ago('soon')", "'soon'", "not a span of time", '"12 months"'),
        ("hba1c_latest_date > date('2026-02-30')", "'2026-02-30'", "not a date", ""),
        ("(age >= 65", "(", "no partner", ""),
    ],
)
def test_a_mistake_is_shown_at_its_place(text: str, marked: str, says: str, remedy: str) -> None:
    error = refusal(text)
    assert says in error.problem
    assert text[error.start : error.end] == marked or (marked in "(=" and text[error.start] == marked)
    assert remedy in error.remedy
    assert "^" in str(error)


def test_characters_are_counted_as_people_count_them() -> None:
    text = "frailty == 'sévère' or agge > 1"
    error = refusal(text.replace("frailty == 'sévère' or ", "'é' == frailty or "))
    assert error.text[error.start : error.end] in ("'é'", "agge")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n",
        "a" * 10_001,
        "(" * 200 + "age" + ")" * 200,
        "not " * 300 + "copd",
        "\x00age > 1",
        "age > 1e999999 and \ud800",
    ],
)
def test_hostile_text_gets_a_message(text: str) -> None:
    assert refusal(text).problem


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.start <= len(error.text)


_NAMES = st.sampled_from(sorted(KNOWN)).map(Name)
_CONSTANTS = st.one_of(
    st.integers(-1000, 1000),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8),
    st.booleans(),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
).map(Constant)
_AGO = st.builds(Ago, st.integers(0, 1500), st.sampled_from(["days", "months"]))


def _deeper(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(Both),
        several.map(Either),
        several.map(HowMany),
        inner.map(Not),
        inner.map(Missing),
        st.builds(Compare, inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner),
        st.builds(Arithmetic, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds(Among, inner, st.lists(_CONSTANTS, min_size=1, max_size=3).map(tuple), st.booleans()),
    )


_NODES = st.recursive(st.one_of(_NAMES, _CONSTANTS, _AGO), _deeper, max_leaves=12)


@given(_NODES)
def test_what_is_written_reads_back_the_same(node: Node) -> None:
    written = to_text(node)
    assert to_text(parse(written)) == written


@given(_NODES)
def test_json_keeps_the_meaning(node: Node) -> None:
    once = parse(to_text(node))
    assert from_json(json.loads(json.dumps(to_json(once)))) == once


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "age > 1",
        {},
        {"name": "a b"},
        {"compare": ";", "left": {"name": "a"}, "right": {"value": 1}},
        {"all": []},
        {"name": "a) or (b"},
    ],
)
def test_json_that_is_no_expression(raw: object) -> None:
    with pytest.raises(ExpressionJsonError):
        from_json(raw)


@pytest.mark.parametrize("text", ["age > 1e999", "age > 10000000000000000000000", "age < -1e400"])
def test_numbers_without_end_are_refused_at_their_place(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)
    # codes have up to 18 digits
    assert parse("code == 999999999999999999")
