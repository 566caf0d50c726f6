"""Random definitions over random data: the engine against the plain reference."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldenthread.definitions import Catalogue, Codelist, Condition, Measure, Span
from goldenthread.definitions.expressions import parse
from goldenthread.measures import evaluate
from goldenthread.measures import evaluate as engine_evaluate
from tests.measures import reference
from tests.measures.tiny import build

INDEX = date(2026, 3, 31)
CODES = ["22298006", "73211009", "195967001", "13645005"]
LISTS = {
    "one": Codelist("one", {CODES[0]: "", CODES[1]: ""}, "snomed"),
    "two": Codelist("two", {CODES[1]: "", CODES[2]: ""}, "snomed"),
    "grouped": Codelist(
        "grouped", dict.fromkeys(CODES[:3], ""), "snomed",
        groups={CODES[0]: "low", CODES[1]: "high", CODES[2]: "high"},
        weights={CODES[0]: 1.0, CODES[1]: 2.0, CODES[2]: 3.0},
    ),
}  # fmt: skip

# dates crowd where windows begin and end: month ends, leap days, the financial year
_EDGES = [
    date(2024, 2, 29),
    date(2025, 2, 28),
    date(2025, 3, 31),
    date(2025, 4, 1),
    date(2026, 3, 30),
    INDEX,
    date(2026, 4, 1),
]
_DATES = st.one_of(st.sampled_from(_EDGES), st.dates(date(2020, 1, 1), date(2026, 12, 31)))
_VALUES = st.one_of(st.none(), st.integers(-5000, 300_000).map(lambda n: n / 1000))
_ROWS = st.lists(
    st.fixed_dictionaries(
        {"pid": st.integers(0, 3), "date": _DATES, "code": st.sampled_from(CODES), "value": _VALUES}
    ),
    max_size=25,
    unique_by=lambda r: (r["pid"], r["date"], r["code"], r["value"]),
)
_SPANS = st.one_of(
    st.none(),
    st.builds(Span, st.integers(1, 48), st.just("months")),
    st.builds(Span, st.integers(1, 400), st.just("days")),
)
_TAKES = st.sampled_from(
    ["exists", "count", "days", "distinct codes", "sum", "min", "max", "mean", "first value", "latest value", "first date", "latest date"]
)  # fmt: skip


@st.composite
def measures(draw: st.DrawFn) -> dict[str, Measure]:
    found = {}
    for number in range(draw(st.integers(1, 8))):
        grouped = draw(st.booleans())
        take = (
            draw(st.sampled_from(["distinct groups", "weights", "latest group"])) if grouped else draw(_TAKES)
        )
        name = f"m{number}"
        found[name] = Measure(
            name, "a rule", "a source", table="gp_event", take=take,
            codes=("grouped",) if grouped else tuple(draw(st.sets(st.sampled_from(["one", "two"]), min_size=1))),
            within=draw(_SPANS), until=draw(st.one_of(st.none(), st.just(Span(1, "months")))),
            since=draw(st.sampled_from(["", "", "financial year"])),
            valid=draw(st.sampled_from([None, (0.0, 100.0)])),
            values=draw(st.sampled_from([(), ("low", "high"), ("high", "low")])) if take == "latest group" else (),
        )  # fmt: skip
    return found


def drawn(rows: list[dict[str, object]]) -> str:
    lines = [
        "| pid | date | code | value |",
        *(
            f"| {r['pid']} | {r['date']} | {r['code']} | {'' if r['value'] is None else r['value']} |"
            for r in rows
        ),
    ]
    return "\n".join(lines)


PEOPLE = "\n".join(["| pid | birth_month |", *(f"| {n} | 19{50 + n}-03-01 |" for n in range(4))])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_ROWS, measures(), st.booleans())
def test_measures_agree(
    rows: list[dict[str, object]], definitions: dict[str, Measure], own_dates: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "lake", person=PEOPLE, gp_event=drawn(rows))
        catalogue = Catalogue(definitions, LISTS)
        dates = [INDEX, date(2025, 3, 31), date(2024, 2, 29), INDEX] if own_dates else [INDEX] * 4
        index = pa.table({"pid": [0, 1, 2, 3], "index_date": dates}) if own_dates else INDEX
        answer = evaluate(snapshot, catalogue, definitions, index_date=index).to_pylist()
    for pid, found in enumerate(answer):
        own = [r for r in rows if r["pid"] == pid]
        for name, measure in definitions.items():
            expected = reference.take(measure, own, [LISTS[c] for c in measure.codes], dates[pid])
            assert found[name] == expected, (pid, measure, own)


_CONDITIONS = st.builds(
    Condition, st.just("c"), st.just("a rule"), st.just("a source"),
    codes=st.just(("one",)), resolved=st.sampled_from([(), ("two",)]), within=_SPANS,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(_ROWS, _CONDITIONS)
def test_conditions_agree(rows: list[dict[str, object]], definition: Condition) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "lake", person=PEOPLE, gp_event=drawn(rows))
        answer = evaluate(
            snapshot, Catalogue({"c": definition}, LISTS), ["c", "c_since"], index_date=INDEX
        ).to_pylist()
    for pid, found in enumerate(answer):
        own = [r for r in rows if r["pid"] == pid]
        lists, ends = [LISTS["one"]], [LISTS[n] for n in definition.resolved]
        assert (found["c"], found["c_since"]) == reference.condition(definition, own, lists, ends, INDEX)


_EXPRESSIONS = st.sampled_from(
    [
        "latest > 50",
        "not latest > 50",
        "latest > 50 or latest <= 50",
        "missing(latest)",
        "latest + number >= 3 and not seen",
        "latest / number > 20",
        "how_many(seen, latest > 1, number >= 2) >= 2",
        'when >= ago("12 months")',
        'not when >= ago("12 months") and seen',
        "number in (1, 2)",
        "number not in (1, 2)",
        "seen == False",
        'seen != True or when == date("2026-03-31")',
        "18 <= age < 73 and latest - number < 100",
    ]
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(_ROWS, st.lists(_EXPRESSIONS, min_size=1, max_size=4, unique=True))
def test_expressions_agree(rows: list[dict[str, object]], texts: list[str]) -> None:
    base = {
        name: Measure(name, "a rule", "a source", table="gp_event", take=take, codes=("one",))
        for name, take in {
            "latest": "latest value",
            "number": "count",
            "seen": "exists",
            "when": "latest date",
        }.items()
    }
    worked_out = {
        f"e{n}": Measure(f"e{n}", "a rule", "a source", expression=text) for n, text in enumerate(texts)
    }
    names = [*base, *worked_out, "age"]
    with tempfile.TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "lake", person=PEOPLE, gp_event=drawn(rows))
        answer = engine_evaluate(
            snapshot, Catalogue(base | worked_out, LISTS), names, index_date=INDEX
        ).to_pylist()
    for found in answer:
        for name, measure in worked_out.items():
            expected = reference.evaluate(parse(measure.expression), found, INDEX)
            assert found[name] == expected, (measure.expression, found)


_PERIODS = st.lists(st.tuples(_DATES, st.one_of(st.none(), st.integers(0, 400))), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(_PERIODS, _SPANS)
def test_days_covered_agree(periods: list[tuple[date, int | None]], within: Span | None) -> None:
    ended = [
        (start, None if length is None else date.fromordinal(start.toordinal() + length))
        for start, length in periods
    ]
    unique = list({start: (start, end) for start, end in ended}.values())
    lines = ["| pid | start_date | end_date |", *(f"| 0 | {s} | {e or ''} |" for s, e in unique)]
    measure = Measure("cared", "a rule", "a source", table="social_care", take="days covered", within=within)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = build(Path(folder) / "lake", person=PEOPLE, social_care="\n".join(lines))
        found = evaluate(snapshot, Catalogue({"cared": measure}, {}), ["cared"], index_date=INDEX).to_pylist()
    after = reference.before(INDEX, within) if within else None
    assert found[0]["cared"] == reference.days_covered(unique, after, INDEX)
    assert [row["cared"] for row in found[1:]] == [0, 0, 0]
