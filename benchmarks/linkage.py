"""Linkage: precision, recall and time, in one run.

python benchmarks/linkage.py                                  # the vectors in tests/intake/linkage/vectors
python benchmarks/linkage.py --vectors FOLDER                 # the whole files: fake_1000, dataset4a and 4b
python benchmarks/linkage.py --people 100000 --records 15000  # invented people with households and errors
python benchmarks/linkage.py --demo FOLDER                    # a demo home with feeds/ and truth/
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from goldenthread.intake.linkage import LINK, REVIEW, LinkageResult, LinkageSettings, link

VECTORS = Path(__file__).parents[1] / "tests" / "intake" / "linkage" / "vectors"
COLUMNS = ["given_name", "family_name", "birth_date", "sex", "postcode", "address_line_1", "uprn"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, default=VECTORS)
    parser.add_argument("--people", type=int)
    parser.add_argument("--records", type=int, default=15_000)
    parser.add_argument("--demo", type=Path)
    arguments = parser.parse_args()
    print(f"{'data':<34}{'registered':>11}{'records':>9}{'linked':>8}{'precision':>11}{'recall':>8}"
          f"{'with review':>22}{'seconds':>9}{'peak MB':>9}")  # fmt: skip
    if arguments.people:
        registered, records, truth = invented(arguments.people, arguments.records)
        measure(f"invented, {arguments.people:,} people", registered, records, truth)
    elif arguments.demo:
        for name, registered, records, truth in demo(arguments.demo):
            measure(name, registered, records, truth)
    else:
        measure("FEBRL 4", *febrl(arguments.vectors))
        measure("fake_1000 (no address at all)", *fake_1000(arguments.vectors))


def measure(
    name: str, registered: pd.DataFrame, records: pd.DataFrame, truth: dict[int, object]
) -> LinkageResult:
    """Link, compare with the truth (record -> registered key, or None for nobody), print one line."""
    keys = {key: number for number, key in enumerate(dict.fromkeys(registered["key"]))}
    people = arrow(registered).append_column(
        "pseudonym", pa.array([keys[key].to_bytes(16, "big") for key in registered["key"]], pa.binary(16))
    )
    asked = arrow(records).append_column("record_id", pa.array(records["record_id"].tolist(), pa.int64()))
    asked = asked.append_column(
        "feed", pa.array(records.get("feed", pd.Series(["all"] * len(records))).tolist())
    )
    start = time.perf_counter()
    result = link(people, asked, LinkageSettings())
    seconds = time.perf_counter() - start
    shares = []
    possible = sum(key in keys for key in truth.values())
    for bands in ({LINK}, {LINK, REVIEW}):
        given = right = 0
        for row in result.links.select(["record_id", "pseudonym", "band"]).to_pylist():
            if row["band"] in bands:
                given += 1
                right += keys.get(truth[row["record_id"]]) == int.from_bytes(row["pseudonym"], "big")
        shares.append((given, right / max(given, 1), right / max(possible, 1)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    (linked, precision, recall), (_, with_precision, with_recall) = shares
    print(f"{name:<34}{len(keys):>11,}{len(records):>9,}{linked:>8,}{precision:>11.4f}{recall:>8.4f}"
          f"{with_precision:>13.4f}{with_recall:>9.4f}{seconds:>9.1f}{peak:>9,}   {result.model.source}")  # fmt: skip
    return result


def arrow(frame: pd.DataFrame) -> pa.Table:
    """The compared columns as text; what is missing or empty is null."""
    columns = {}
    for name in COLUMNS:
        if name in frame:
            values = frame[name].tolist()
            columns[name] = pa.array([v if isinstance(v, str) and v else None for v in values], pa.string())
    return pa.table(columns)


def febrl(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, object]]:
    """FEBRL data set 4: 4a are the registered people, 4b one record of each with up to three errors."""
    frames = []
    for name in ("dataset4a.csv", "dataset4b.csv"):
        raw = pd.read_csv(folder / name, dtype=str, skipinitialspace=True)
        raw.columns = raw.columns.str.strip()
        born = pd.to_datetime(raw["date_of_birth"], format="%Y%m%d", errors="coerce").dt.strftime("%Y-%m-%d")
        frames.append(
            pd.DataFrame(
                {
                    "key": raw["rec_id"].str.extract(r"rec-(\d+)-")[0].astype(int),
                    "given_name": raw["given_name"],
                    "family_name": raw["surname"],
                    "birth_date": born,
                    "postcode": raw["postcode"],
                    "address_line_1": (
                        raw["street_number"].fillna("") + " " + raw["address_1"].fillna("")
                    ).str.strip(),
                }
            )
        )
    registered, records = frames
    records["record_id"] = records["key"]
    return registered, records, dict(zip(records["record_id"], records["key"], strict=True))


def fake_1000(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, object]]:
    """Splink's fake_1000: the first record of each cluster is the registered person, the others are records.

    It has a city and an e-mail address where linkage compares a postcode and a UPRN: neither is used.
    """
    raw = pd.read_csv(folder / "fake_1000.csv", dtype=str)
    frame = raw.rename(columns={"first_name": "given_name", "surname": "family_name", "dob": "birth_date"})
    frame = frame.assign(record_id=frame["unique_id"].astype(int), key=frame["cluster"].astype(int))
    first = ~frame["key"].duplicated()
    registered, records = frame[first], frame[~first]
    return registered, records, dict(zip(records["record_id"], records["key"], strict=True))


# feed: (files, the row's own number, given, family, born, sex, postcode, first line, UPRN)
DEMO_FEEDS = {
    "council": ("council/*/circumstance.csv", "PERSON_REFERENCE", "GIVEN_NAME", "FAMILY_NAME", "DATE_OF_BIRTH", "SEX",
                "POSTCODE", "ADDRESS_LINE_1", "UPRN"),
    "cld": ("cld/*/cld_*.csv", "LA_Person_Unique_Identifier", "Given_Name", "Family_Name",
            "strptime(Date_of_Birth, '%d/%m/%Y')::DATE", "Gender", "Postcode", "NULL", "NULL"),
    "urgent": ("urgent/*/urgent_*.csv", "CALL_ID", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE",
               "PERSON_STATED_GENDER_CODE", "POSTCODE", "NULL", "NULL"),
    **{feed: (f"{feed}/*/{feed}_*.csv", number, "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME", "PERSON_BIRTH_DATE",
              "PERSON_STATED_GENDER_CODE", "POSTCODE_OF_USUAL_ADDRESS", "NULL", "NULL")
       for feed, number in (("apc", "CDS_UNIQUE_IDENTIFIER"), ("ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER"),
                            ("op", "ATTENDANCE_IDENTIFIER"))},
    **{feed: (f"{feed}/*/*/{file}", "LOCAL_PATIENT_IDENTIFIER_EXTENDED", "PERSON_GIVEN_NAME", "PERSON_FAMILY_NAME",
              "PERSON_BIRTH_DATE", "PERSON_STATED_GENDER_CODE", "POSTCODE_OF_USUAL_ADDRESS", "NULL", "NULL")
       for feed, file in (("csds", "cyp001mpi.csv"), ("mhsds", "mhs001mpi.csv"))},
}  # fmt: skip


def demo(home: Path) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame, dict[int, object]]]:
    """The demo's records that linkage is for (no verified number), feed by feed and all together."""
    run = duckdb.connect().sql
    read = "read_csv('{}', all_varchar = true, union_by_name = true, encoding = '{}')"
    gp = f"{home}/feeds/gp/*/{{}}.csv"
    folder = "regexp_extract(filename, '/gp/([^/]+)/', 1)"
    registered = run(
        f"""
        SELECT NHS_NUMBER AS key, PERSON_GIVEN_NAME AS given_name, PERSON_FAMILY_NAME AS family_name,
            PERSON_BIRTH_DATE AS birth_date, PERSON_STATED_GENDER_CODE AS sex, POSTCODE AS postcode,
            ADDRESS_LINE_1 AS address_line_1, UPRN AS uprn
        FROM (SELECT *, {folder} AS practice FROM read_csv('{gp.format("patient")}', all_varchar = true, filename = true))
        LEFT JOIN (SELECT * FROM (SELECT *, {folder} AS practice
                                  FROM read_csv('{gp.format("address")}', all_varchar = true, filename = true))
                   WHERE ADDRESS_TYPE = '0'
                   QUALIFY row_number() OVER (PARTITION BY practice, PATIENT_ID ORDER BY ADDRESS_START_DATE DESC) = 1)
        USING (practice, PATIENT_ID) WHERE NHS_NUMBER_STATUS_INDICATOR_CODE = '01'
        """
    ).to_df()  # fmt: skip
    parts = []
    for feed, (files, number, *columns) in DEMO_FEEDS.items():
        encoding = "latin-1" if feed == "cld" else "utf-8"
        named = ", ".join(f"{column} AS {name}" for column, name in zip(columns, COLUMNS, strict=True))
        parts.append(
            run(
                f"""
                SELECT DISTINCT '{feed}' AS feed, {number} AS row_id, t.nhs_number AS key, {named}
                FROM {read.format(f"{home}/feeds/{files}", encoding)} f
                JOIN '{home}/truth/link.parquet' t ON t.feed = '{feed}' AND t.row_id = f.{number}
                WHERE t.problem NOT IN ('withheld', 'other person') AND {columns[1]} IS NOT NULL
                """
            ).to_df().astype({"birth_date": str})
        )  # fmt: skip
    records = pd.concat(parts, ignore_index=True).sort_values(["feed", "row_id"], ignore_index=True)
    records["record_id"] = range(len(records))
    for feed, part in [*records.groupby("feed"), ("all feeds", records)]:
        yield f"demo: {feed}", registered, part, dict(zip(part["record_id"], part["key"], strict=True))


def invented(people: int, count: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, object]]:
    """Households that share family name, address and postcode (twins among them); records with common errors.

    One record in ten is of somebody who is not registered, half of those a relative of a registered household.
    """
    draw = random.Random(seed)
    syllables = [a + b for a in "BCDFGHJKLMNPRSTW" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on")]
    given = ["".join(draw.choices(syllables, k=draw.choice((2, 3)))).title() for _ in range(900)]
    family = ["".join(draw.choices(syllables, k=draw.choice((2, 3, 3)))).title() for _ in range(20_000)]
    postcodes = [
        f"ZX{1 + n // 2000} {n // 26 % 10}{chr(65 + n % 26)}{chr(65 + n // 260 % 26)}"
        for n in range(max(people // 40, 1))
    ]
    rank = list(accumulate(1 / (at + 8) for at in range(20_000)))
    rows: list[dict[str, object]] = []
    unregistered: list[dict[str, object]] = []
    while len(rows) < people:
        (surname,) = draw.choices(family, cum_weights=rank)
        home = {"family_name": surname, "postcode": draw.choice(postcodes), "uprn": str(10_000_000 + len(rows)),
                "address_line_1": f"{draw.randint(1, 150)} {draw.choice(family)} Road"}  # fmt: skip
        size = draw.choice((1, 1, 2, 2, 2, 3, 4, 5))
        births = [date(1925, 1, 1) + timedelta(days=draw.randrange(36_500)) for _ in range(size)]
        if size > 3 and draw.random() < 0.05:
            births[-1] = births[-2]
        for born in births:
            person = {"key": len(rows), **home, "given_name": draw.choices(given, cum_weights=rank[:900])[0],
                      "birth_date": born.isoformat(), "sex": draw.choice("12")}  # fmt: skip
            if draw.random() < 0.02:
                unregistered.append({**person, "key": None})
            else:
                rows.append(person)
    records = []
    for number in range(count):
        if number % 20 == 0 and unregistered:
            source = draw.choice(unregistered)
        elif number % 20 == 1:
            source = {**draw.choice(rows), "key": None, "family_name": draw.choice(family), "postcode": draw.choice(postcodes),
                      "address_line_1": "", "uprn": "", "birth_date": f"19{draw.randint(30, 99)}-0{draw.randint(1, 9)}-17"}  # fmt: skip
        else:
            source = draw.choice(rows)
        records.append(damaged(source, draw, postcodes, family) | {"record_id": number})
    frame = pd.DataFrame(records)
    return pd.DataFrame(rows), frame, dict(zip(frame["record_id"], frame["key"], strict=True))


def damaged(
    source: dict[str, object], draw: random.Random, postcodes: list[str], family: list[str]
) -> dict[str, object]:
    """One record of a person as another organisation might have typed it."""
    record = dict(source)
    record["uprn"] = source["uprn"] if draw.random() < 0.3 else ""
    for name in ("given_name", "family_name"):
        if draw.random() < 0.06:
            record[name] = mistyped(str(record[name]), draw)
    if draw.random() < 0.02:
        record["given_name"], record["family_name"] = record["family_name"], record["given_name"]
    if draw.random() < 0.03:
        record["family_name"] = draw.choice(family)
    if draw.random() < 0.02:
        record["given_name"] = str(record["given_name"])[0]
    if draw.random() < 0.08:  # moved
        record |= {"postcode": draw.choice(postcodes), "address_line_1": "1 New Street", "uprn": ""}
    if draw.random() < 0.05:
        year, month, day = str(record["birth_date"]).split("-")
        choice = draw.random()
        if choice < 0.3 and day <= "12":
            record["birth_date"] = f"{year}-{day}-{month}"
        elif choice < 0.7:
            record["birth_date"] = f"{year}-{month}-{draw.randint(1, 28):02d}"
        else:
            record["birth_date"] = ""
    return record


def mistyped(text: str, draw: random.Random) -> str:
    """One letter lost, doubled, replaced or exchanged with the next."""
    at = draw.randrange(len(text) - 1)
    return draw.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + draw.choice("aeioulnrst") + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


if __name__ == "__main__":
    main()
