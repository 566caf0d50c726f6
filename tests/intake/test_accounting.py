"""Rows in = accepted + quarantined + exact duplicates, whatever is done to a file."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import random
import zipfile
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.intake import FileRefusedError, load_contracts
from goldenthread.intake.arrivals import Arrival, content
from goldenthread.intake.packed import plain as unpack
from goldenthread.intake.people import LocalRoster, local_people, roster
from goldenthread.intake.stage import StagedFile, split, stage
from goldenthread.vault import Keys

TODAY = datetime.date(2026, 11, 22)
KEYS = Keys(bytes(range(32)))
CONTRACTS = load_contracts()
HEADER = b"PATIENT_ID,EVENT_DATE,SNOMED_CODE,OBSERVATION_VALUE,UNIT\n"
GOOD = b"".join(
    b"%d,2024-0%d-1%d,73211009,%s\n" % (100 + n % 7, 1 + n % 9, n % 9, b"5.5,mmol/L" if n % 3 else b",")
    for n in range(40)
)


def patients(organisation: str = "Z00001", count: int = 7) -> LocalRoster:
    ids = pa.array([str(100 + n) for n in range(count)])
    hashed = local_people(KEYS, organisation, ids)
    months = pa.array([datetime.date(1950, 1, 1)] * count, pa.date32())
    return roster(
        organisation, KEYS, pa.table({"patient": hashed, "pseudonym": hashed, "birth_month": months})
    )


ROSTER = patients()


def arrival(feed: str, name: str = "file.csv", path: Path | None = None) -> Arrival:
    return Arrival(CONTRACTS[feed], path or Path(name), f"group/Z00001/{name}", "Z00001", "group/Z00001")


def take(feed: str, data: bytes, name: str = "file.csv") -> StagedFile:
    there = arrival(feed, name)
    return stage(there, split(there, data), KEYS, ROSTER, TODAY)


def sums(staged: StagedFile) -> None:
    account = staged.account
    assert account.rows_in == account.accepted + account.quarantined + account.duplicates
    assert account.accepted == account.staged + account.merged + account.superseded
    assert staged.table.num_rows == account.staged
    assert len(staged.quarantine) == account.quarantined
    for line in staged.quarantine:
        assert line["file"].startswith("group/")
        assert line["line"] >= 1
        assert line["reasons"][0]["words"]
        assert line["reasons"][0]["remedy"]


def test_a_clean_file() -> None:
    staged = take("gp_event", HEADER + GOOD)
    sums(staged)
    assert (staged.account.rows_in, staged.account.accepted) == (40, 40)


def test_each_kind_of_bad_row_is_kept_with_line_column_reason_and_remedy() -> None:
    rows = [
        (b"100,2024-01-01,73211009,,", None, None),
        (b"100,2024-01-01,73211008,,", "SNOMED_CODE", "check digit"),
        (b"100,2024-13-01,73211009,,", "EVENT_DATE", "not a date"),
        (b"100,2030-01-01,73211009,,", "EVENT_DATE", "date in the future"),
        (b"100,1949-12-31,73211009,,", "EVENT_DATE", "before birth"),
        (b"100,1950,73211009,,", None, None),
        (b"999,2024-01-01,73211009,,", "PATIENT_ID", "unknown patient"),
        (b"100,2024-01-01,73211009,5", None, "field count"),
        (b"100,2024-01-01,73211009,x,kg", "OBSERVATION_VALUE", "not a number"),
        (b"100,2024-01-01,27113001,800,kg", "OBSERVATION_VALUE", "out of range"),
        (b'100,2024-01-01,73211009,,"kg', None, "bad quoting"),
        (b"100,2024-01-01,73211009,,k\x00g", None, "null bytes"),
        (b"100,2024-01-01,73211009,,k\xffg", None, "bad bytes"),
        (b"100,2024-01-01,73211009,,k\rg", None, "stray line break"),
        (b",2024-01-01,73211009,,", "PATIENT_ID", "missing"),
        (b"100,2024-01-01,7321", None, "incomplete line"),
    ]
    staged = take("gp_event", HEADER + b"\n".join(row for row, _, _ in rows))
    sums(staged)
    found = {line["line"]: (line["column"], line["reasons"][0]["code"]) for line in staged.quarantine}
    wanted = {n: (column, reason) for n, (_, column, reason) in enumerate(rows, 2) if reason}
    assert found == wanted
    assert staged.quarantine[0]["row"] == rows[1][0].decode()


def test_duplicates_and_rows_that_mean_the_same() -> None:
    """Identical rows are duplicates; rows that say the same in other words are merged."""
    rows = [
        b"100,2024-01-01,73211009,,",
        b"100,2024-01-01,73211009,,",
        b"100,2024-01,73211009,,",
        b"100,2024-01-01,73211009,, ",
    ]
    account = take("gp_event", HEADER + b"\n".join(rows) + b"\n").account
    assert (account.rows_in, account.accepted, account.duplicates, account.merged, account.staged) == (
        4,
        3,
        1,
        2,
        1,
    )


def test_the_most_exact_date_stays() -> None:
    rows = b"100,2024-01,73211009,,\n100,2024-01-01,73211009,,\n100,2024,73211009,,\n"
    table = unpack(take("gp_event", HEADER + rows).table)
    assert table["date_precision"].to_pylist() == ["day"]


def test_units_are_converted_as_declared() -> None:
    rows = b"100,2024-01-01,999791000000106,7.0,%\n101,2024-01-01,999791000000106,53,mmol/mol\n102,2024-01-01,313436004,7,%\n"
    table = unpack(take("gp_event", HEADER + rows).table)
    found = sorted(zip(table["value"].to_pylist(), table["unit"].to_pylist(), strict=True))
    assert found == [(7.0, "%"), (53.0, "mmol/mol"), (53.0, "mmol/mol")]


def test_quoted_newlines_and_line_numbers() -> None:
    header = b"INITIATIVE,NHS_NUMBER,CONTACT_DATE,OUTCOME\n"
    rows = b'"falls,\nspring ""26""",9434765919,2025-01-01,invited\nplain,9434765919,2025-01-01,nonsense\n'
    staged = take("programme", header + rows)
    sums(staged)
    assert staged.table["initiative"].to_pylist() == ['falls,\nspring "26"']
    assert staged.quarantine[0]["line"] == 4


@pytest.mark.parametrize(
    "form",
    ["plain", "bom", "crlf", "cr", "no last newline", "gzip", "zip", "parquet", "reordered", "extra column"],
)
def test_forms_of_one_file_give_one_table(form: str, tmp_path: Path) -> None:
    data, name = HEADER + GOOD, "event.csv"
    lines = data.decode().splitlines()
    if form == "bom":
        data = b"\xef\xbb\xbf" + data
    elif form == "crlf":
        data = data.replace(b"\n", b"\r\n")
    elif form == "cr":
        data = data.replace(b"\n", b"\r")
    elif form == "no last newline":
        data = data[:-1]
    elif form == "gzip":
        data, name = gzip.compress(data), "event.csv.gz"
    elif form == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("event.csv", data)
        data, name = archive.getvalue(), "event.zip"
    elif form == "parquet":
        sink = io.BytesIO()
        pq.write_table(pyarrow.csv.read_csv(io.BytesIO(data)), sink)
        data, name = sink.getvalue(), "event.parquet"
    elif form == "reordered":
        data = "\n".join(",".join(reversed(line.split(","))) for line in lines).encode() + b"\n"
    elif form == "extra column":
        data = "\n".join(line + (",NEW" if n == 0 else ",x") for n, line in enumerate(lines)).encode() + b"\n"
    path = tmp_path / name
    path.write_bytes(data)
    there = arrival("gp_event", name, path)
    bare, _ = content(there, None)
    staged = stage(there, split(there, bare), KEYS, ROSTER, TODAY)
    sums(staged)
    assert staged.account.accepted == 40
    assert unpack(staged.table).equals(unpack(take("gp_event", HEADER + GOOD).table))
    assert any("NEW" in w for w in staged.account.warnings) == (form == "extra column")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PATIENT_ID,EVENT_DATE\n1,2020-01-01\n", "lacks the columns SNOMED_CODE"),
        (GOOD, "lacks the columns"),
        (b"UNIT," + HEADER, "twice"),
        ((HEADER + GOOD).decode().encode("utf-16"), "UTF-16"),
        (b'"' + HEADER, "header line"),
        (b"\x00\x00\x00", "header line"),
    ],
)
def test_files_that_are_not_what_the_contract_says_are_refused_whole(data: bytes, words: str) -> None:
    with pytest.raises(FileRefusedError, match=words) as caught:
        take("gp_event", data)
    assert caught.value.remedy


def _rows_in_plainly(data: bytes) -> int:
    """Lines that are not blank after the header: the number of rows where nothing is quoted."""
    body = data.split(b"\n", 1)[1] if b"\n" in data else b""
    return sum(1 for line in body.split(b"\n") if line.removesuffix(b"\r"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rows_are_accounted_for_under_arbitrary_mutation(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body)))
        kind = data.draw(st.sampled_from(["insert", "delete", "replace", "repeat"]))
        piece = data.draw(
            st.sampled_from(
                [b"\n", b",", b'"', b"\r", b"\0", b"\xff", b"\xc3\xa9", b"x", b"\n\n", b'""', b"9" * 30]
            )
        )
        if kind == "insert":
            body[at:at] = piece
        elif kind == "delete":
            del body[at : at + data.draw(st.integers(1, 40))]
        elif kind == "replace":
            body[at : at + len(piece)] = piece
        else:
            body[at:at] = body[at : at + data.draw(st.integers(1, 80))]
    mutated = HEADER + bytes(body)
    staged = take("gp_event", mutated)
    sums(staged)
    if b'"' not in mutated:
        assert staged.account.rows_in == _rows_in_plainly(mutated)
    else:
        assert staged.account.rows_in <= _rows_in_plainly(mutated)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(alphabet='ab,"\n é', max_size=6), min_size=4, max_size=4), max_size=12))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    """Any texts that are properly quoted are read as written: nothing is lost to quoting or line breaks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["INITIATIVE", "NHS_NUMBER", "CONTACT_DATE", "OUTCOME"])
    writer.writerows([row[0], "9434765919", "2025-01-01", "invited"] for row in rows)
    staged = take("programme", text.getvalue().encode())
    sums(staged)
    wanted = [row[0].strip() for row in rows if row[0].strip()]
    distinct = len({row[0] for row in rows if row[0].strip()})
    assert staged.account.rows_in == len(rows)
    assert staged.account.accepted == distinct
    assert set(staged.table["initiative"].to_pylist()) == set(wanted)


def _mutate(rng: random.Random, data: bytes, big: bool) -> bytes:
    """One of the ways in which files go wrong."""
    lines = data.split(b"\n")
    kind = rng.randrange(14)
    at = rng.randrange(1, len(lines) - 1)
    if big:
        lines[at] = lines[at].replace(b",", b"," + b"z" * 10_000_000, 1)
    elif kind == 0:
        return data[: rng.randrange(len(data))]
    elif kind == 1:
        return data.decode("utf-8", "replace").encode(
            rng.choice(["utf-16", "utf-32", "cp500", "utf-8-sig"]), "replace"
        )
    elif kind == 2:
        return b"\n".join(b",".join(rng.sample(f := line.split(b","), len(f))) for line in lines)
    elif kind == 3:
        lines[at] = lines[at][:5] + b"\0" * rng.randrange(1, 20) + lines[at][5:]
    elif kind == 4:
        return b""
    elif kind == 5:
        return lines[0] + b"\n"
    elif kind == 6:
        lines[at] = lines[at] + b"," * rng.randrange(1, 5)
    elif kind == 7:
        lines[at] = b",".join(lines[at].split(b",")[:-2])
    elif kind == 8:
        place = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + rng.choice([b'"', b'""', b'"x', b"\r"]) + lines[at][place:]
    elif kind == 9:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(400)))
    elif kind == 10:
        spoiled = bytearray(data)
        for _ in range(rng.randrange(1, 60)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        return bytes(spoiled)
    elif kind == 11:
        return data.replace(b"\n", rng.choice([b"\r", b"\r\n", b"\n\n", b";\n"]))
    elif kind == 12:
        return data.replace(b",", rng.choice([b";", b"\t", b"|"]))
    else:
        lines[at:at] = lines[at : at + 3] * rng.randrange(1, 4)
    return b"\n".join(lines)


@pytest.fixture(scope="module")
def samples(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, bytes]:
    from intake_feedmaker import make_feeds  # loaded by conftest under this name

    feeds = tmp_path_factory.mktemp("samples")
    make_feeds(feeds)
    return {
        "gp_event": HEADER + GOOD,
        "gp_patient": (feeds / "gp/Z00001/patient.csv").read_bytes(),
        "gp_address": (feeds / "gp/Z00001/address.csv").read_bytes(),
        "apc": (feeds / "apc/RZ1/apc_2026Q1.csv").read_bytes(),
        "cld": (feeds / "cld/CLN/cld_2026Q1.csv").read_bytes(),
        "council": (feeds / "council/E07000136/circumstance.csv").read_bytes(),
        "csds_contact": (feeds / "csds/RZ2/SUB1/cyp201carecontact.csv").read_bytes(),
    }  # fmt: skip


def test_two_thousand_mutated_files(samples: dict[str, bytes], feedmaker: ModuleType) -> None:
    """No exception but a refusal with words and a remedy; every row of what is taken is accounted for."""
    rng = random.Random(20261031)
    # Wide files take longer and teach no more: fewer of them.
    feeds = [*samples, *["gp_event", "gp_address", "csds_contact"] * 4, "gp_patient", "council"]
    outcomes = {"taken": 0, "refused": 0, "quarantined": 0}
    for number in range(2000):
        feed = feeds[number % len(feeds)]
        mutated = _mutate(rng, samples[feed], big=number in (700, 1401))
        if rng.random() < 0.15:
            mutated = _mutate(rng, mutated, big=False) if mutated.count(b"\n") > 3 else mutated
        try:
            staged = take(feed, mutated)
        except FileRefusedError as refused:
            assert refused.message
            assert refused.remedy
            outcomes["refused"] += 1
            continue
        sums(staged)
        outcomes["taken"] += 1
        outcomes["quarantined"] += staged.account.quarantined
    assert outcomes["taken"] > 900
    assert outcomes["refused"] > 200
    assert outcomes["quarantined"] > 500


APPOINTMENTS = b"APPOINTMENT_ID,PATIENT_ID,BOOKED_DATE,APPOINTMENT_DATE,DURATION_MINUTES,STATUS,MODE,ROLE\n"


def test_a_practice_own_number_of_an_appointment_is_hashed_and_still_tells_which_row_is_later() -> None:
    rows = [
        b"7,100,2024-01-01,2024-01-02,10,Booked,F2F,gp",
        b"8,101,2024-01-01,2024-01-02,10,Attended,F2F,gp",
        b"7,100,2024-01-01,2024-01-03,10,Attended,F2F,gp",
    ]
    staged = take("gp_appointment", APPOINTMENTS + b"\n".join(rows) + b"\n")
    sums(staged)
    table = staged.table
    known = {
        n: int.from_bytes(KEYS.records([str(n)], "appointment")[0].as_py()[:8], "big") >> 1 for n in (7, 8)
    }
    assert table.schema.field("appointment_id").type == pa.int64()
    assert dict(zip(table["appointment_id"].to_pylist(), table["date"].to_pylist(), strict=True)) == {
        known[7]: datetime.date(2024, 1, 3),
        known[8]: datetime.date(2024, 1, 2),
    }
    assert staged.account.superseded == 1
