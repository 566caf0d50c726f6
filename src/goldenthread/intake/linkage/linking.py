"""From registered people and records to links: prepare, score, and decide for one person at most."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from goldenthread.intake.linkage.errors import LinkageError
from goldenthread.intake.linkage.model import COMPARISONS
from goldenthread.intake.linkage.prepare import COMPARED, conform, prepare, useful
from goldenthread.intake.linkage.result import LINK, NO_LINK, REVIEW, LinkageResult
from goldenthread.intake.linkage.scoring import Model, connect, explain_failure, fit, score, to_arrow
from goldenthread.intake.linkage.settings import LinkageSettings

PSEUDONYM = pa.binary(16)

# Which levels contradict (gamma 0 is the last level, "different"). A sister has the family name and the address,
# a twin the birth date too, a son his father's whole name: never linked by the machine, whatever else agrees.
# Christian and Christina are spelt alike, so a given name that is only roughly alike needs the sex to agree.
_CONFLICT = """
    CASE WHEN gamma_given_name = 0 AND gamma_birth_date = 0 THEN 2
         WHEN gamma_given_name = 0 OR gamma_birth_date = 0 THEN 1
         WHEN gamma_given_name BETWEEN 0 AND 1 AND gamma_sex = 0 THEN 1 ELSE 0 END
"""
_WORTH_SHOWING = 0.05  # a second candidate from this probability
_NOTES = {
    1: "Given name or birth date contradicts: a relative is possible, so the machine does not link.",
    2: "Given name and birth date contradict: a relative, not the same person.",
    3: "Too little is known of this record to tell one person from another.",
}


def link(registered: pa.Table, records: pa.Table, settings: LinkageSettings | None = None) -> LinkageResult:
    """Which registered person each record belongs to.

    ``registered``: pseudonym (16 bytes), given_name, family_name, birth_date, sex, postcode, address_line_1, uprn;
    several rows of one pseudonym are other forms of one person (a former name or address). ``records``:
    record_id (int64), feed (text), and the same columns. Columns that are absent or null are not compared.

    A record belongs to one registered person or to none, so the probability of each candidate is its odds
    against all others and against "nobody": of two people who fit equally well neither is linked.

    Raises ``LinkageError`` where a key is missing or withheld-identity records are among the records.
    """
    settings = settings or LinkageSettings()
    if "withheld_identity_reason" in records.column_names and _any(records["withheld_identity_reason"]):
        raise LinkageError(
            "Records whose identity is withheld were given to linkage.",
            "Leave them out: they are never linked.",
        )
    people = conform(registered, "registered people", "pseudonym", PSEUDONYM)
    asked = conform(records, "records", "record_id", pa.int64())
    if len(asked["record_id"].unique()) < asked.num_rows:
        raise LinkageError("Two records have the same record_id.", "Give each record its own.")
    feeds = (
        records["feed"].cast(pa.string())
        if "feed" in records.column_names
        else pa.nulls(asked.num_rows, pa.string())
    )
    connection = connect(settings)
    try:
        _load(connection, people, asked)
        model = _candidates(connection, settings)
        _best(connection)
        return _result(connection, model, feeds)
    except duckdb.Error as error:
        raise explain_failure(error) from None
    finally:
        connection.close()


def _load(connection: duckdb.DuckDBPyConnection, people: pa.Table, asked: pa.Table) -> None:
    """Number distinct people and distinct identities, and prepare both for comparison."""
    columns = ", ".join(COMPARED)
    connection.register("people_given", people)
    connection.register(
        "records_given", asked.append_column("position", pa.array(range(asked.num_rows), pa.int64()))
    )
    connection.execute(
        "CREATE TEMP TABLE person AS SELECT pseudonym, row_number() OVER (ORDER BY pseudonym)::INT AS person"
        " FROM (SELECT DISTINCT pseudonym FROM people_given)"
    )
    # Numbered in the order of their content, so that the answer does not depend on the order of the feeds.
    connection.execute(
        f"CREATE TEMP TABLE registered AS SELECT row_number() OVER (ORDER BY person, {columns})::INT AS row, *"
        f" FROM (SELECT DISTINCT person, {columns} FROM people_given JOIN person USING (pseudonym))"
    )
    connection.execute(
        f"CREATE TEMP TABLE identities AS SELECT row_number() OVER (ORDER BY {columns})::INT AS row, *"
        f" FROM (SELECT DISTINCT {columns} FROM records_given)"
    )
    same = " AND ".join(f"r.{name} IS NOT DISTINCT FROM i.{name}" for name in COMPARED)
    connection.execute(
        f"CREATE TEMP TABLE record AS SELECT position, record_id, i.row FROM records_given r JOIN identities i ON {same}"
    )
    connection.unregister("people_given")
    connection.unregister("records_given")
    prepare(connection, ["registered", "identities"])
    for table in ("registered", "identities"):
        connection.execute(f"DELETE FROM {table}_prepared AS p WHERE NOT {useful('p')}")


def _best(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TEMP TABLE decided AS SELECT * EXCLUDE (place) FROM candidate WHERE place = 1")


def _candidates(connection: duckdb.DuckDBPyConnection, settings: LinkageSettings) -> Model:
    """Make the table ``candidate``: identity and person, probability, band and reasons, best first (``place``)."""
    people = _count(connection, "count(DISTINCT person) FROM registered_prepared JOIN registered USING (row)")
    identities = _count(connection, "count(*) FROM identities_prepared")
    if not people or not identities:
        names = [f"gamma_{each.name}" for each in COMPARISONS]
        weights = ", ".join(f"NULL::INT AS {name}" for name in names)
        connection.execute(
            "CREATE TEMP TABLE candidate AS SELECT 1 AS place, NULL::INT AS row, NULL::INT AS row_l, NULL::DOUBLE AS match_weight,"
            f" NULL::DOUBLE AS probability, NULL::DOUBLE AS rivals, NULL::INT AS note, NULL::VARCHAR AS band, {weights}"
            " WHERE false"
        )
        return Model(COMPARISONS, settings.expected_share / max(people, 2), "none (nothing to compare)")
    model = fit(connection, people, identities, settings)
    pairs = score(connection, model, identities)
    connection.execute(
        f"""
        CREATE TEMP TABLE candidate AS
        WITH best_row AS (  -- one row for each identity and person: the form of the person that fits best
            SELECT p.* REPLACE (round(p.match_weight, 6) AS match_weight), g.person, {_CONFLICT} AS note
            FROM {pairs} p JOIN registered g ON g.row = p.row_l
            QUALIFY row_number() OVER (
                PARTITION BY p.row_r, g.person ORDER BY round(p.match_weight, 6) DESC, p.row_l) = 1
        ), weighed AS (
            SELECT *, pow(2, least(match_weight, 500)) AS odds, row_r AS row FROM best_row
        ), shared AS (
            SELECT *, odds / (1 + sum(odds) OVER identity) AS share,
                (sum(odds) OVER identity - odds) / (1 + sum(odds) OVER identity) AS others
            FROM weighed WINDOW identity AS (PARTITION BY row)
        )
        SELECT * EXCLUDE (person, odds, share, others), round(share, 6) AS probability, round(others, 6) AS rivals,
            row_number() OVER (PARTITION BY row ORDER BY match_weight DESC, person) AS place,
            -- Two who fit equally well: one of them it is, so a person may find out which.
            CASE WHEN note = 2 OR round(share + others, 6) < {settings.review:.17g} THEN '{NO_LINK}'
                 WHEN note = 1 OR round(share, 6) < {settings.link:.17g} THEN '{REVIEW}'
                 ELSE '{LINK}' END AS band
        FROM shared
        """
    )
    return model


def _count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    # fetchall: DuckDB 2.0 refuses further work while a result is not read to its end
    return int(connection.execute(f"SELECT {what}").fetchall()[0][0])


def _result(connection: duckdb.DuckDBPyConnection, model: Model, feeds: pa.ChunkedArray) -> LinkageResult:
    notes = " ".join(f"WHEN {number} THEN '{words}'" for number, words in _NOTES.items())
    kept = "COLUMNS('^(gamma|mw)_.*')"
    detail = to_arrow(
        connection,
        f"""
        SELECT r.record_id, coalesce(d.band, '{NO_LINK}') AS band, coalesce(d.probability, 0.0) AS probability,
            d.match_weight, d.rivals, d.row_l, {kept},
            CASE CASE WHEN i.row IS NULL THEN 3 ELSE d.note END {notes} END AS note
        FROM record r LEFT JOIN decided d USING (row) LEFT JOIN identities_prepared i ON i.row = r.row
        ORDER BY r.position
        """,
    )
    links = to_arrow(
        connection,
        f"""
        SELECT r.record_id, CASE WHEN d.band <> '{NO_LINK}' THEN p.pseudonym END AS pseudonym,
            coalesce(d.probability, 0.0) AS probability, coalesce(d.band, '{NO_LINK}') AS band
        FROM record r LEFT JOIN decided d USING (row) LEFT JOIN registered g ON g.row = d.row_l
        LEFT JOIN person p USING (person) ORDER BY r.position
        """,
    )
    links = links.set_column(1, "pseudonym", links["pseudonym"].cast(PSEUDONYM))
    sides = ", ".join(f"i.{name} AS record_{name}, g.{name} AS registered_{name}" for name in COMPARED)
    review = to_arrow(
        connection,
        f"""
        SELECT f.record_id, f.records, f.record_ids, c.place, c.probability, p.pseudonym, {sides}
        FROM candidate c JOIN decided d USING (row) JOIN identities i USING (row)
        JOIN (SELECT row, min(record_id) AS record_id, count(*) AS records,
            string_agg(record_id::VARCHAR, ' ' ORDER BY record_id) AS record_ids FROM record GROUP BY row) f USING (row)
        JOIN registered g ON g.row = c.row_l JOIN person p USING (person)
        WHERE d.band = '{REVIEW}' AND (c.place = 1 OR c.probability >= {_WORTH_SHOWING})
        ORDER BY f.record_id, c.place
        """,
    )
    return LinkageResult(links, feeds, detail, review, model)


def _any(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count < len(column))
