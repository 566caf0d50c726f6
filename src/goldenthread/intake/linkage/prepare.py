"""Identities as sent, made comparable: cleaned names, birth dates, postcodes, and what is derived from them."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.intake.linkage.errors import LinkageError

COMPARED = {
    "given_name": pa.string(),
    "family_name": pa.string(),
    "birth_date": pa.string(),
    "sex": pa.string(),
    "postcode": pa.string(),
    "address_line_1": pa.string(),
    "uprn": pa.string(),
}

# Typed where a name is not known; agreeing on one says nothing. "BABY" stands for any newborn.
_NO_NAME = (
    "UNKNOWN", "NOT KNOWN", "NOTKNOWN", "NK", "NA", "N A", "NONE", "NULL", "TEST", "BABY", "INFANT", "MALE", "FEMALE",
    "BOY", "GIRL", "TWIN", "MR", "MRS", "MS", "MISS", "DR", "X", "XX", "XXX", "ANON", "ANONYMOUS", "NO NAME", "PATIENT",
)  # fmt: skip
_MOST_PAIRS = 20_000  # that one birth date may make
_TITLES = r"^(MR|MRS|MS|MISS|MX|DR|REV|SIR|MASTER) +"

# Text is cut before it is compared: comparing takes time with the square of its length.
_NAME = f"""
    nullif(trim(regexp_replace(regexp_replace(regexp_replace(upper(strip_accents(left({{column}}, 80))),
        '[''’`.]', '', 'g'), '[^\\p{{{{L}}}}]+', ' ', 'g'), '{_TITLES}', '')), '')
"""
_KNOWN = "CASE WHEN {value} NOT IN (" + ", ".join(f"'{each}'" for each in _NO_NAME) + ") THEN {value} END"

_CLEANED = f"""
SELECT row,
    {_KNOWN.format(value=f"({_NAME.format(column='given_name')})")} AS given_all,
    {_KNOWN.format(value=f"({_NAME.format(column='family_name')})")} AS family_all,
    -- 1900-01-01 and earlier stand for "not known" in several systems
    CASE WHEN try_cast(birth_date AS DATE) BETWEEN DATE '1900-01-02' AND DATE '2199-12-31'
         THEN strftime(try_cast(birth_date AS DATE), '%Y%m%d') END AS birth_date,
    CASE upper(trim(sex)) WHEN '1' THEN 'M' WHEN 'M' THEN 'M' WHEN 'MALE' THEN 'M'
                          WHEN '2' THEN 'F' WHEN 'F' THEN 'F' WHEN 'FEMALE' THEN 'F' END AS sex,
    CASE WHEN length(squeezed) BETWEEN 4 AND 8 AND squeezed NOT LIKE 'ZZ99%' THEN squeezed END AS postcode,
    nullif(trim(regexp_replace(upper(strip_accents(left(address_line_1, 100))), '[^\\p{{L}}0-9]+', ' ', 'g')), '')
        AS address,
    nullif(ltrim(trim(left(uprn, 20)), '0'), '') AS uprn
FROM (SELECT *, regexp_replace(upper(left(postcode, 20)), '[^A-Z0-9]+', '', 'g') AS squeezed FROM SOURCE)
"""

_DERIVED = """
SELECT c.row, given_all, family_all, birth_date, sex, postcode, address, uprn,
    string_split(given_all, ' ')[1] AS given,
    string_split(given_all, ' ') AS given_parts,
    replace(family_all, ' ', '') AS family,
    list_filter(string_split(family_all, ' '), lambda part: length(part) > 3) AS family_parts,
    n.roots AS given_roots,
    n.roots[1] AS given_root,
    s.sound AS family_sound,
    left(given_all, 1) AS given_initial,
    left(birth_date, 4) AS birth_year,
    -- only where it can be a date, and another one than it is
    CASE WHEN substr(birth_date, 7, 2) <= '12' AND substr(birth_date, 7, 2) <> substr(birth_date, 5, 2)
         THEN left(birth_date, 4) || substr(birth_date, 7, 2) || substr(birth_date, 5, 2) END AS birth_date_turned,
    left(postcode, length(postcode) - 2) AS sector,
    regexp_extract(address, '[0-9]+[A-Z]?') AS house
FROM {cleaned} c
LEFT JOIN name_roots n ON n.name = string_split(c.given_all, ' ')[1]
LEFT JOIN name_sounds s ON s.name = replace(c.family_all, ' ', '')
"""


def conform(table: pa.Table, what: str, key: str, key_type: pa.DataType) -> pa.Table:
    """The columns that linkage compares, as text, with the table's key; absent ones are null.

    Raises ``LinkageError`` where the key is missing, null or of another type.
    """
    if key not in table.column_names:
        raise LinkageError(f"The table of {what} has no column {key!r}.", f"Give each row its {key}.")
    try:
        keys = table[key].cast(key_type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise LinkageError(f"The column {key!r} of {what} is not {key_type}.", "Convert it first.") from None
    if keys.null_count:
        raise LinkageError(f"{keys.null_count} rows of {what} have no {key}.", f"Give each row its {key}.")
    columns = {key: keys}
    for name, kind in COMPARED.items():
        if name not in table.column_names:
            columns[name] = pa.nulls(table.num_rows, kind)
            continue
        try:
            columns[name] = table[name].cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # Arrow's message may quote a value, so it is not passed on.
            raise LinkageError(
                f"The column {name!r} of {what} cannot be read as text.", "Convert it."
            ) from None
    return pa.table(columns)


def prepare(connection: duckdb.DuckDBPyConnection, sources: list[str]) -> None:
    """Make ``<source>_prepared`` of each source table (``row`` and the compared columns)."""
    for source in sources:
        connection.execute(f"CREATE TEMP TABLE {source}_cleaned AS {_CLEANED.replace('SOURCE', source)}")
    names = {}
    for column, expression in (
        ("given", "string_split(given_all, ' ')[1]"),
        ("family", "replace(family_all, ' ', '')"),
    ):
        union = " UNION ".join(f"SELECT {expression} AS name FROM {source}_cleaned" for source in sources)
        names[column] = connection.sql(f"SELECT name FROM ({union}) WHERE name IS NOT NULL").to_arrow_table()[
            "name"
        ]
    roots = pa.array([name_roots(name) for name in names["given"].to_pylist()], pa.list_(pa.string()))
    sounds = pa.array([sound(name) for name in names["family"].to_pylist()], pa.string())
    connection.register("name_roots", pa.table({"name": names["given"], "roots": roots}))
    connection.register("name_sounds", pa.table({"name": names["family"], "sound": sounds}))
    for source in sources:
        derived = _DERIVED.format(cleaned=f"{source}_cleaned")
        connection.execute(f"CREATE TEMP TABLE {source}_prepared AS {derived}")
        connection.execute(f"DROP TABLE {source}_cleaned")
        connection.execute(f"ALTER TABLE {source}_prepared ADD COLUMN birth_date_selective VARCHAR")
    _mark_selective(connection, sources)
    connection.unregister("name_roots")
    connection.unregister("name_sounds")


def _mark_selective(connection: duckdb.DuckDBPyConnection, sources: list[str]) -> None:
    """Copy birth dates that few share to ``birth_date_selective``: a date that thousands share (1 January of a
    year, where the day was not known) would make millions of pairs."""
    counts = [
        f"(SELECT birth_date, count(*) AS n FROM {source}_prepared GROUP BY 1) {source}" for source in sources
    ]
    joined = " JOIN ".join([counts[0], *(f"{each} USING (birth_date)" for each in counts[1:])])
    pairs = " * ".join(f"{source}.n" for source in sources)
    connection.execute(
        f"CREATE TEMP TABLE selective AS SELECT birth_date FROM {joined} WHERE {pairs} <= {_MOST_PAIRS}"
    )
    for source in sources:
        connection.execute(
            f"UPDATE {source}_prepared SET birth_date_selective = birth_date"
            " WHERE birth_date IN (SELECT birth_date FROM selective)"
        )
    connection.execute("DROP TABLE selective")


def name_roots(name: str) -> list[str]:
    """The formal names that a given name may stand for; itself where the list does not know it.

    >>> name_roots("BERT"), name_roots("ZEBEDEE")
    (['ALBERT', 'HERBERT', 'HUBERT', 'ROBERT', 'RUPERT'], ['ZEBEDEE'])
    """
    return _nicknames().get(name, [name])


_CODES = {
    letter: code
    for code, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), start=1)
    for letter in letters
}


def sound(name: str) -> str:
    """Soundex of a family name (Russell and Odell, US patent 1261167; the census rules for H and W).

    A name in another script is its own sound.

    >>> sound("ROBERT"), sound("RUPERT"), sound("ASHCRAFT"), sound("TYMCZAK"), sound("LLOYD")
    ('R163', 'R163', 'A261', 'T522', 'L300')
    """
    if not name.isascii():
        return name
    code, last = name[0], _CODES.get(name[0], 0)
    for letter in name[1:]:
        digit = _CODES.get(letter, 0)
        if digit and digit != last:
            code += str(digit)
        if letter not in "HW":
            last = digit
        if len(code) == 4:
            break
    return code.ljust(4, "0")


def useful(prepared: str) -> str:
    """SQL condition: a row of a prepared table that has enough in it to tell one person from another."""
    known = ("given", "family", "birth_date", "coalesce(uprn, postcode)")
    count = " + ".join(
        f"({prepared}.{each} IS NOT NULL)::INT" if "(" not in each else f"({each} IS NOT NULL)::INT"
        for each in known
    )
    return f"({count}) >= 3"


@cache
def _nicknames() -> dict[str, list[str]]:
    """Each name in the project's list -> the formal names it may stand for."""
    text = resources.files("goldenthread.intake.linkage").joinpath("nicknames.csv").read_text("utf-8")
    known: dict[str, set[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        for name in (row["root"], *row["variants"].split()):
            known.setdefault(name, set()).add(row["root"])
    return {name: sorted(roots) for name, roots in known.items()}


def is_empty(column: pa.ChunkedArray) -> bool:
    """Whether a column says nothing at all."""
    return bool(pc.all(pc.is_null(column)).as_py()) if len(column) else True
