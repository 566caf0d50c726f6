"""Tables that are empty, incomplete or hostile: a clear answer or a clear message, never a value in it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.linkage.conftest import COLUMNS, PSEUDONYMS, REGISTERED, records_table, registered_table

from goldenthread.intake.linkage import LINK, NO_LINK, LinkageError, LinkageSettings, link
from goldenthread.intake.linkage.prepare import name_roots, prepare, sound
from goldenthread.intake.linkage.scoring import connect


def test_empty_tables() -> None:
    for people, records in (
        (registered_table().slice(0, 0), records_table([REGISTERED["piotr"]])),
        (registered_table(), records_table([])),
        (registered_table().slice(0, 0), records_table([])),
    ):
        result = link(people, records)
        assert result.links.num_rows == records.num_rows
        assert set(result.links["band"].to_pylist()) <= {NO_LINK}
        assert result.report.num_rows == min(records.num_rows, 1)
        assert result.review.num_rows == 0


def test_missing_columns_are_not_compared() -> None:
    people = registered_table().select(["pseudonym", "given_name", "family_name", "birth_date"])
    records = records_table([REGISTERED["siobhan"]]).select(
        ["record_id", "given_name", "family_name", "birth_date"]
    )
    result = link(people, records)
    assert result.links["pseudonym"].to_pylist() == [PSEUDONYMS["siobhan"]]
    assert {
        each.compared for each in result.explanation(100).reasons if each.agreement == "not compared"
    } == {
        "Sex",
        "Address",
    }


def test_columns_that_are_all_null() -> None:
    nothing = pa.table({name: pa.nulls(1) for name in COLUMNS} | {"record_id": [1], "feed": pa.nulls(1)})
    result = link(registered_table(), nothing)
    assert result.links["band"].to_pylist() == [NO_LINK]
    assert result.explanation(1).note.startswith("Too little is known")
    nobody = pa.table(
        {name: pa.nulls(1) for name in COLUMNS} | {"pseudonym": pa.array([bytes(16)], pa.binary(16))}
    )
    assert link(nobody, records_table([REGISTERED["piotr"]])).links["band"].to_pylist() == [NO_LINK]


@pytest.mark.parametrize(
    ("people", "records", "message"),
    [
        (pa.table({"x": [1]}), records_table([]), "no column 'pseudonym'"),
        (registered_table(), pa.table({"x": [1]}), "no column 'record_id'"),
        (registered_table(), pa.table({"record_id": pa.array([None], pa.int64())}), "1 rows of records have no record_id"),
        (registered_table(), pa.table({"record_id": [1, 1]}), "same record_id"),
        (registered_table(), pa.table({"record_id": ["Thistlewood"]}), "is not int64"),
        (pa.table({"pseudonym": pa.array([None], pa.binary(16))}), records_table([]), "have no pseudonym"),
        (registered_table(), pa.table({"record_id": [1], "given_name": [["Thistlewood"]]}), "cannot be read as text"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_linked(people: pa.Table, records: pa.Table, message: str) -> None:
    with pytest.raises(LinkageError, match=message) as caught:
        link(people, records)
    assert "Thistlewood" not in str(caught.value)
    assert caught.value.remedy


def test_withheld_identities_never_enter() -> None:
    records = records_table([REGISTERED["piotr"], REGISTERED["ella"]])
    reasons = pa.array(["03", None], pa.string())
    with pytest.raises(LinkageError, match="withheld"):
        link(registered_table(), records.append_column("withheld_identity_reason", reasons))
    allowed = records.slice(1).append_column("withheld_identity_reason", pa.nulls(1))
    assert link(registered_table(), allowed).links["band"].to_pylist() == [LINK]


def test_dates_may_be_dates() -> None:
    people, records = registered_table(), records_table([REGISTERED["piotr"]])
    for number, each in enumerate((people, records)):
        at = each.column_names.index("birth_date")
        converted = each.set_column(at, "birth_date", each["birth_date"].cast(pa.date32()))
        people, records = (converted, records) if number == 0 else (people, converted)
    assert link(people, records).links["pseudonym"].to_pylist() == [PSEUDONYMS["piotr"]]


HOSTILE = [
    "'; DROP TABLE person; --", '"', "\\", "\x00", "%", "{source}", "$1", "?", "Ω≈ç√", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "名前", "ﷺ" * 30,
    " " * 1000, "A" * 100_000, "=cmd|' /C calc'!A0", "\u202eRTL", "a\nb\rc", "NULL", "1e999", "-", "' OR 1=1",
]  # fmt: skip


def test_hostile_text_is_only_text() -> None:
    rows = [(text, text, text, text, text, text, text) for text in HOSTILE]
    rows += [(text, "Thistlewood", "1941-03-07", "2", "PE11 9ZA", text, text) for text in HOSTILE]
    people = pa.concat_tables(
        [
            registered_table(),
            records_table(rows).drop_columns(["record_id", "feed"]).append_column(
                "pseudonym", pa.array([(1000 + at).to_bytes(16, "big") for at in range(len(rows))], pa.binary(16))
            ).select(registered_table().column_names),
        ]
    )  # fmt: skip
    result = link(people, records_table([*rows, REGISTERED["siobhan"]]))
    assert result.links.num_rows == len(rows) + 1
    assert result.links["pseudonym"].to_pylist()[-1] == PSEUDONYMS["siobhan"]


def test_a_birth_date_that_stands_for_not_known_is_not_compared() -> None:
    placeholders = ["1900-01-01", "0001-01-01", "9999-12-31", "not known", "1941-02-30", ""]
    rows = [
        ("Siobhan", "O'Hare", each, "2", "NG31 6ZC", "Flat 2, 8 High Street", None) for each in placeholders
    ]
    result = link(registered_table(), records_table(rows))
    for number in range(len(rows)):
        said = {each.compared: each.agreement for each in result.explanation(100 + number).reasons}
        assert said["Birth date"] == "not compared"


def test_a_birth_date_shared_by_thousands_does_not_make_millions_of_pairs() -> None:
    """1 January where the day is not known: it stays out of the block that pairs all who share a birth date."""
    connection = connect(LinkageSettings())
    for table, size in (("registered", 300), ("identities", 200)):
        rows = [("Given", "Family", "1960-01-01", "1", None, None, None)] * size
        rows += [("Other", "Person", "1961-02-03", "1", None, None, None)] * 5
        numbered = records_table(rows).rename_columns([*COLUMNS, "row", "feed"])
        connection.register("given_rows", numbered)
        connection.execute(f"CREATE TEMP TABLE {table} AS FROM given_rows")
    prepare(connection, ["registered", "identities"])
    kept = connection.execute(
        "SELECT birth_date, birth_date_selective, count(*) FROM identities_prepared GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert kept == [("19600101", None, 200), ("19610203", "19610203", 5)]


@pytest.mark.parametrize(
    "given_settings",
    [{"link": 1.0}, {"link": 0.4, "review": 0.5}, {"review": 0}, {"threads": 0}, {"expected_share": 1},
     {"link": "high"}, {"link": True}, {"threads": 1.5}, {"lnik": 0.9}],
)  # fmt: skip
def test_settings_that_make_no_sense(given_settings: dict[str, object]) -> None:
    with pytest.raises(LinkageError) as caught:
        LinkageSettings.from_mapping(given_settings)
    assert caught.value.remedy


def test_settings_take_limits_from_the_deployment() -> None:
    made = LinkageSettings.from_mapping({"link": 0.995}, memory_mb=1000, threads=1)
    assert (made.link, made.memory_mb, made.threads) == (0.995, 1000, 1)


@given(st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_sounds_and_roots_take_any_text(text: str) -> None:
    assert name_roots(text)
    if text:
        assert sound(text)
