"""A street, its registered people, and records about them as other organisations might send them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pytest

from goldenthread.intake.linkage import Explanation, LinkageResult, link

COLUMNS = ["given_name", "family_name", "birth_date", "sex", "postcode", "address_line_1", "uprn"]

# key: given, family, born, sex, postcode, first line, UPRN
REGISTERED = {
    "margaret": ("Margaret", "Thistlewood", "1941-03-07", "2", "PE11 9ZA", "4 Mill Lane", "10001"),
    "george": ("George", "Thistlewood", "1938-11-21", "1", "PE11 9ZA", "4 Mill Lane", "10001"),
    "george_son": ("George", "Thistlewood", "1966-05-02", "1", "PE11 9ZA", "4 Mill Lane", "10001"),
    "robert": ("Robert", "Ashby-Cole", "1959-08-12", "1", "LN2 4ZB", "17 Castle Road", "10002"),
    "ella": ("Ella", "Winterton", "2009-06-30", "2", "LN2 4ZB", "19 Castle Road", "10003"),
    "ruth": ("Ruth", "Winterton", "2009-06-30", "2", "LN2 4ZB", "19 Castle Road", "10003"),
    "siobhan": ("Siobhán", "O'Hare", "1987-02-05", "2", "NG31 6ZC", "Flat 2, 8 High Street", "10004"),
    "piotr": ("Piotr", "Wiśniewski", "1979-09-10", "1", "PE21 7ZD", "33 Dock Road", "10005"),
    "jordan_a": ("Jordan", "Kirk", "1996-01-19", "1", "LN1 2ZE", "1 Brook Street", "10006"),
    "jordan_b": ("Jordan", "Kirk", "1996-01-19", "1", "LN6 8ZF", "9 Park Avenue", "10007"),
}
# scenario: (whose it is, the record)
RECORDS: dict[str, tuple[str | None, tuple[str | None, ...]]] = {
    "exactly the same": ("margaret", REGISTERED["margaret"]),
    "short form of the name, no UPRN": ("margaret", ("Peggy", "Thistlewood", "1941-03-07", "2", "PE11 9ZA", None, None)),
    "capitals, title, spaces": ("margaret", ("MRS  MARGARET ", "THISTLEWOOD", "1941-03-07", "F", "pe119za", None, None)),
    "father of two Georges": ("george", ("George", "Thistlewood", "1938-11-21", "1", "PE11 9ZA", "4 Mill Lane", "10001")),
    "son of two Georges": ("george_son", ("George", "Thistlewood", "1966-05-02", "1", "PE11 9ZA", None, None)),
    "George without a birth date": (None, ("George", "Thistlewood", None, "1", "PE11 9ZA", "4 Mill Lane", "10001")),
    "half of a double-barrelled name": ("robert", ("Bob", "Cole", "1959-08-12", "1", "LN2 4ZB", "17 Castle Road", None)),
    "day and month the other way round": ("robert", ("Robert", "Ashby Cole", "1959-12-08", "1", "LN2 4ZB", "17 Castle Rd", None)),
    "names the other way round": ("robert", ("Ashby-Cole", "Robert", "1959-08-12", "1", "LN2 4ZB", "17 Castle Road", None)),
    "one twin": ("ella", ("Ella", "Winterton", "2009-06-30", "2", "LN2 4ZB", None, None)),
    "a twin who is not registered": (None, ("Orla", "O'Hare", "1987-02-05", "2", "NG31 6ZC", "Flat 2, 8 High Street", "10004")),
    "accents and apostrophe lost": ("siobhan", ("Siobhan", "OHare", "1987-02-05", "2", "NG31 6ZC", None, None)),
    "moved to another town": ("piotr", ("Piotr", "Wisniewski", "1979-09-10", "1", "S1 2ZZ", "1 Far Away", None)),
    "mistyped family name and postcode": ("piotr", ("Piotr", "Wisniewksi", "1979-09-10", "1", "PE21 7DZ", "33 Dock Road", None)),
    "two people fit equally": (None, ("Jordan", "Kirk", "1996-01-19", "1", None, None, None)),
    "a stranger": (None, ("Hilda", "Farrow", "1933-04-04", "2", "DN21 1ZG", "2 Elm Close", "10099")),
    "a stranger's whole family, same address": (None, ("Rose", "Thistlewood", "1999-09-09", "2", "PE11 9ZA", "4 Mill Lane", "10001")),
    "nothing but a family name": (None, (None, "Thistlewood", None, None, None, None, None)),
    "nothing at all": (None, (None,) * 7),
}  # fmt: skip
_PARTS = (
    "Bar",
    "Cole",
    "Dun",
    "Eg",
    "Fen",
    "Gar",
    "Hol",
    "Ing",
    "Kel",
    "Lor",
    "Mar",
    "Nor",
    "Ors",
    "Pen",
    "Rus",
    "Sal",
)
# Neighbours, so that the street's own names are as rare as names are.
NEIGHBOURS = [
    (
        f"{_PARTS[at % 16]}{'aeiou'[at % 5]}n",
        f"{_PARTS[at // 16 % 16]}{_PARTS[at * 7 % 16].lower()}{('ton', 'by', 'well')[at % 3]}",
        f"{1930 + at % 85}-{1 + at * 5 % 12:02d}-{1 + at * 11 % 28:02d}",
        "12"[at % 2],
        f"LN{1 + at % 12} {at % 10}Z{chr(65 + at % 26)}",
        f"{1 + at % 60} Long Street",
        str(20_000 + at),
    )
    for at in range(600)
]
PSEUDONYMS = {key: number.to_bytes(16, "big") for number, key in enumerate(REGISTERED, start=1)}


def table(rows: list[tuple[str | None, ...]]) -> pa.Table:
    """Rows in the order of ``COLUMNS``, as text."""
    return pa.table(
        {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(COLUMNS)}
    )


def registered_table() -> pa.Table:
    neighbours = [(1000 + at).to_bytes(16, "big") for at in range(len(NEIGHBOURS))]
    return table([*REGISTERED.values(), *NEIGHBOURS]).append_column(
        "pseudonym", pa.array([*PSEUDONYMS.values(), *neighbours], pa.binary(16))
    )


def records_table(rows: list[tuple[str | None, ...]]) -> pa.Table:
    """Records numbered from 100; the first half from the council, the rest from social care."""
    ids = pa.array(range(100, 100 + len(rows)), pa.int64())
    feeds = pa.array(["council" if at < len(rows) // 2 else "cld" for at in range(len(rows))], pa.string())
    return table(rows).append_column("record_id", ids).append_column("feed", feeds)


@dataclass(frozen=True)
class Street:
    """The linked street: ask it by scenario."""

    result: LinkageResult

    def band(self, scenario: str) -> str:
        return str(self._row(scenario)["band"])

    def linked(self, scenario: str) -> str | None:
        pseudonym = self._row(scenario)["pseudonym"]
        return next((key for key, each in PSEUDONYMS.items() if each == pseudonym), None)

    def probability(self, scenario: str) -> float:
        return float(self._row(scenario)["probability"])

    def explanation(self, scenario: str) -> Explanation:
        return self.result.explanation(100 + list(RECORDS).index(scenario))

    def _row(self, scenario: str) -> dict[str, object]:
        row: dict[str, object] = self.result.links.slice(list(RECORDS).index(scenario), 1).to_pylist()[0]
        return row


@pytest.fixture(scope="package")
def street() -> Street:
    return Street(link(registered_table(), records_table([record for _, record in RECORDS.values()])))
