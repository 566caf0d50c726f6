"""No identifier of the demonstration's people leaves the feeds, the vault and the quarantine: every file, every output."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Run
from tests.cli.test_strand import copy_of

# Each pattern finds anything that has the form; what it finds is then looked up among the people's own.
FORMS = {
    "nhs": re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)"),
    "birth": re.compile(r"(?<!\d)(?:\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})(?!\d)"),
    "postcode": re.compile(r"(?<![A-Z0-9])[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}(?![A-Z0-9])", re.IGNORECASE),
    "uprn": re.compile(r"(?<!\d)\d{8,12}(?!\d)"),
    "telephone": re.compile(r"(?<!\d)0\d{3,4} ?\d{3} ?\d{3,4}(?!\d)"),
    "email": re.compile(r"[\w.+-]+@[\w.-]+\w"),
}
COLUMNS = {
    "nhs": {"NHS_NUMBER", "NHS_Number"},
    "birth": {"PERSON_BIRTH_DATE", "DATE_OF_BIRTH", "Date_of_Birth"},
    "postcode": {"POSTCODE", "Postcode", "POSTCODE_OF_USUAL_ADDRESS"},
    "uprn": {"UPRN"},
    "telephone": {"TELEPHONE_NUMBER"},
    "email": {"EMAIL_ADDRESS"},
    "line": {"ADDRESS_LINE_1"},
}
GIVEN = ("PERSON_GIVEN_NAME", "GIVEN_NAME", "Given_Name")
FAMILY = ("PERSON_FAMILY_NAME", "FAMILY_NAME", "Family_Name")
WORDS = re.compile(r"[^\W\d_][\w'-]*")


def plain(text: str) -> str:
    return re.sub(r"[ -]", "", text).lower()


class People:
    """What the feeds say that names or finds somebody."""

    def __init__(self, feeds: Path) -> None:
        self.known: dict[str, set[str]] = {kind: set() for kind in COLUMNS}
        self.names: set[tuple[str, str]] = set()
        for path in feeds.rglob("*.csv"):
            encoding = "windows-1252" if "cld" in path.parts else "utf-8"
            with path.open(encoding=encoding, newline="") as stream:
                reader = csv.DictReader(stream)
                wanted = set(reader.fieldnames or ())
                kinds = [(kind, c) for kind, columns in COLUMNS.items() for c in columns & wanted]
                given, family = (next((c for c in each if c in wanted), "") for each in (GIVEN, FAMILY))
                if not kinds and not given:
                    continue
                for row in reader:
                    for kind, column in kinds:
                        if row[column]:
                            self.known[kind].add(plain(row[column]))
                    if given and row[given] and row[family]:
                        self.names.add((row[given].lower(), row[family].lower()))
        births = set(self.known["birth"])
        for text in births:  # 03/02/1950 is the same day as 1950-02-03, which stands without its hyphens
            if re.fullmatch(r"\d{8}", text):
                self.known["birth"].add(f"{text[6:]}/{text[4:6]}/{text[:4]}")
            else:
                self.known["birth"].add(text[6:] + text[3:5] + text[:2])

    def found(self, text: str, forms: frozenset[str]) -> Iterator[str]:
        """Everything in the text that is somebody's, as ``kind: where`` without the value."""
        for kind in sorted(forms - {"line", "name"}):
            for match in FORMS[kind].finditer(text):
                if plain(match.group()) in self.known[kind]:
                    yield f"{kind} at {match.start()}"
        words = [w.lower() for w in WORDS.findall(text)]
        if "name" in forms:
            for one, other in pairwise(words):
                if (one, other) in self.names or (other, one) in self.names:
                    yield "name"
        if "line" in forms:
            for line in re.findall(r"\d+[A-Z]? [A-Z][\w' ]+", text):
                if plain(line) in self.known["line"]:
                    yield "address line"


ALL = frozenset({*FORMS, "name", "line"})


@pytest.fixture(scope="module")
def people(demo: Path) -> People:
    found = People(demo / "feeds")
    assert len(found.known["nhs"]) > 2000
    assert all(len(values) > 300 for values in found.known.values())
    assert len(found.names) > 1500
    return found


def columns_of(path: Path) -> Iterator[tuple[str, str]]:
    """Each column of a data file as text, distinct values line by line; other files as one text."""
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield from texts(connection.sql(f"SELECT * FROM {name}").to_arrow_table(), name)
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        yield "metadata", str(table.schema.metadata)
        yield from texts(table, path.stem)
    elif path.suffix == ".arrow":
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        yield "metadata", str(table.schema.metadata)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if pa.types.is_dictionary(column.type):  # values that no row uses any more stand there too
                for chunk in column.chunks:
                    yield f"dictionary of {name}", "\n".join(map(str, chunk.dictionary.to_pylist()))
        yield from texts(table, path.parent.name)
    else:
        yield path.suffix, path.read_bytes().decode("latin-1")


def texts(table: pa.Table, where: str) -> Iterator[tuple[str, str]]:
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_list(column.type):
            column = column.combine_chunks().flatten()
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if not pa.types.is_floating(column.type):
            days = "days of " if pa.types.is_temporal(column.type) else ""
            yield f"{days}{where}.{name}", "\n".join(map(str, column.unique().to_pylist()))


def holds_births(people: People, text: str) -> bool:
    """Whether a column of days is one of birth dates.

    Some days on which something happened are somebody's birth date by chance, and a first of the month is its month.
    """
    days = [d for d in text.split("\n") if d[4:5] == "-" and d[8:10] != "01"]
    return len(days) > 20 and sum(plain(d[:10]) in people.known["birth"] for d in days) > 0.8 * len(days)


def test_no_identifier_in_any_file(run: Run, demo: Path, people: People) -> None:
    run("show", "--home", demo)
    files = [p for part in ("lake", "work", "reports") for p in (demo / part).rglob("*") if p.is_file()]
    assert len(files) > 100
    assert {".parquet", ".arrow", ".json"} <= {p.suffix for p in files}
    wrong = []
    for path in files:
        for where, text in columns_of(path):
            days = where.startswith("days of ")
            if days and holds_births(people, text):
                wrong.append(f"{path.relative_to(demo)} {where}: birth dates")
            forms = ALL - {"birth"} if days or path.suffix == ".json" else ALL  # JSON: data dates
            wrong += [f"{path.relative_to(demo)} {where}: {found}" for found in people.found(text, forms)]
    assert not wrong, wrong[:20]


def test_no_person_has_their_day_of_birth_in_the_lake(demo: Path) -> None:
    """The columns of days hold no birthday of their own person: births are months alone."""
    for path in (demo / "lake").rglob("person/person/*.parquet"):
        table = pq.read_table(path)
        days = [n for n in table.column_names if pa.types.is_date(table.schema.field(n).type)]
        for name in days:
            values = [v for v in table[name].to_pylist() if v is not None]
            if name != "death_date":
                assert all(isinstance(v, date) and v.day == 1 for v in values), name


def test_no_identifier_in_what_is_said(run: Run, demo: Path, people: People, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path)
    broken = home / "feeds" / "deaths" / "QZ1"
    (broken / "control.csv").unlink()
    rows = (broken / "deaths.csv").read_text().splitlines()
    rows[1] = rows[1].replace("-", "/") + ',"'
    (broken / "deaths.csv").write_text("\n".join(rows))
    patients = sorted((home / "feeds" / "gp").glob("*/patient.csv"))
    for control in home.glob("feeds/gp/*/control.csv"):
        control.unlink()
    patients[0].write_bytes(patients[0].read_bytes()[:-30])
    whole = patients[1].read_text()
    patients[1].write_text(whole.replace("PERSON_FAMILY_NAME", "SURNAME", 1))
    patients[2].write_bytes(patients[2].read_bytes() + b"\xff\xfe\x00")
    for words in (
        ("refresh",),
        ("refresh", "--json"),
        ("refresh", "--rebuild"),
        ("status",),
        ("status", "--json"),
        ("show",),
        ("show", "--json"),
        ("quarantine",),
        ("quarantine", "--json"),
        ("feeds", "list"),
        ("snapshots", "list"),
        ("snapshots", "verify"),
        ("doctor",),
        ("keys", "show"),
    ):
        done = run(*words, "--home", home, check=False)
        assert done.returncode in (0, 3), done.stderr
        for text in (done.stdout, done.stderr):
            assert not list(people.found(text, ALL - {"birth"})), words
    for path in (home / "reports").rglob("*"):
        assert not list(people.found(path.read_text(), ALL - {"birth"})), path


def test_the_scanner_finds_what_it_looks_for(demo: Path, people: People, tmp_path: Path) -> None:
    folder = sorted((demo / "feeds" / "gp").iterdir())[0]
    with (folder / "patient.csv").open(encoding="utf-8") as stream:
        person = next(r for r in csv.DictReader(stream) if r["TELEPHONE_NUMBER"] and r["EMAIL_ADDRESS"])
    with (folder / "address.csv").open(encoding="utf-8") as stream:
        address = next(r for r in csv.DictReader(stream) if r["UPRN"])
    number, born = person["NHS_NUMBER"], date.fromisoformat(person["PERSON_BIRTH_DATE"])
    for text, kind in (
        (f"NHS {number[:3]} {number[3:6]} {number[6:]}.", "nhs"),
        (f"'{number}'", "nhs"),
        (f"born {born:%d/%m/%Y}", "birth"),
        (f"{person['PERSON_GIVEN_NAME']} {person['PERSON_FAMILY_NAME']} came", "name"),
        (f"{person['PERSON_FAMILY_NAME'].upper()}, {person['PERSON_GIVEN_NAME'].upper()}", "name"),
        (f"at {address['POSTCODE'].replace(' ', '')}.", "postcode"),
        (f"{address['ADDRESS_LINE_1']}", "address line"),
        (f"|{address['UPRN']}|", "uprn"),
        (f"ring {person['TELEPHONE_NUMBER']}", "telephone"),
        (f"<{person['EMAIL_ADDRESS']}>", "email"),
    ):
        assert any(f.startswith(kind) for f in people.found(text, ALL)), kind
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"born": pa.array([born] * 3), "codes": [[number]] * 3}), path)
    said = [f for _, text in columns_of(path) for f in people.found(text, ALL)]
    assert {f.split()[0] for f in said} >= {"birth", "nhs"}
    births = sorted(people.known["birth"])[:4000]
    days = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in births if d.isdigit()]
    assert holds_births(people, "\n".join(days))
