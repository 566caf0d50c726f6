"""Who there is: one row for each person, with attributes from the source that knows best."""

from __future__ import annotations

from collections.abc import Sequence

from goldenthread.intake.assembly.sources import Sources

PEOPLE_FEEDS = ("apc", "ecds", "op", "csds_mpi", "mhsds_mpi", "cld", "urgent", "council", "programme")


def periods(sources: Sources, as_of: str) -> None:
    """Make ``registered_with``: for each patient and practice the latest regular registration, and ``home``.

    ``home``: the practice that a person belongs to now: an open registration first, then the latest start.
    Temporary registrations (type T) do not count: registered means regular general medical services.
    """
    run = sources.connection.execute
    run(
        f"""CREATE OR REPLACE TEMP TABLE registered_with AS
        SELECT pseudonym, practice, start_date, end_date, (end_date IS NULL OR end_date > DATE '{as_of}') AS open FROM (
            SELECT pseudonym, organisation AS practice, start_date, end_date FROM s_gp_registration WHERE type = 'R'
            UNION ALL
            SELECT p.pseudonym, p.organisation, NULL, DATE '1900-01-01' FROM s_gp_patient p
            ANTI JOIN (SELECT DISTINCT pseudonym, organisation FROM s_gp_registration WHERE type = 'R') r
                USING (pseudonym, organisation)
        ) QUALIFY row_number() OVER (PARTITION BY pseudonym, practice
            ORDER BY (end_date IS NULL OR end_date > DATE '{as_of}') DESC, start_date DESC NULLS LAST,
                end_date DESC NULLS FIRST) = 1"""
    )
    run(
        """CREATE OR REPLACE TEMP TABLE home AS SELECT pseudonym, practice, open FROM registered_with
        QUALIFY row_number() OVER (PARTITION BY pseudonym
            ORDER BY open DESC, start_date DESC NULLS LAST, practice) = 1"""
    )


def people(sources: Sources, feeds: Sequence[str]) -> int:
    """Make ``people`` (pid, pseudonym, practice): patients, and people whom other feeds know by a verified number.

    pid is dense, in order of practice and then pseudonym, so that people of one practice lie together; people
    registered nowhere come last. Returns how many there are.
    """
    others = " UNION ".join(f"SELECT who AS pseudonym FROM r_{feed} WHERE who IS NOT NULL" for feed in feeds)
    sources.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE people AS
        SELECT (row_number() OVER (ORDER BY h.practice NULLS LAST, a.pseudonym) - 1)::INTEGER AS pid,
            a.pseudonym, h.practice
        FROM (SELECT pseudonym FROM registered UNION {others}) a LEFT JOIN home h USING (pseudonym)"""
    )
    return sources.count("SELECT count(*) FROM people")


def _others(feeds: Sequence[str], column: str, unknown: str) -> str:
    """The value that most rows of other feeds give for a person; the first in order where two are level."""
    parts = " UNION ALL ".join(
        f"SELECT who, {column} AS value FROM r_{feed} WHERE pseudonym IS NOT NULL AND {column} NOT IN ({unknown})"
        for feed in feeds
    )
    return f"""SELECT who AS pseudonym, value FROM (SELECT who, value, count(*) AS n FROM ({parts}) GROUP BY who, value)
        QUALIFY row_number() OVER (PARTITION BY who ORDER BY n DESC, value) = 1"""


def person_sql(sources: Sources, feeds: Sequence[str], as_of: str) -> str:
    """SQL of the person table.

    Precedence: the record of the practice where the person is (or was last) registered; other practices; then,
    for what the GP does not know (sex X, ethnicity Z or 99, no birth date), what most hospital and other
    verified rows say. Death: registration of death first, then the GP record.
    """
    run = sources.connection.execute
    run(
        """CREATE OR REPLACE TEMP TABLE gp_view AS SELECT p.* FROM s_gp_patient p JOIN home h USING (pseudonym)
        LEFT JOIN registered_with w ON w.pseudonym = p.pseudonym AND w.practice = p.organisation
        QUALIFY row_number() OVER (PARTITION BY p.pseudonym ORDER BY (p.organisation = h.practice) DESC,
            w.open DESC, w.start_date DESC NULLS LAST, p.organisation, p.patient) = 1"""
    )
    run(
        """CREATE OR REPLACE TEMP TABLE death AS SELECT who AS pseudonym, death_date, death_cause FROM r_deaths
        WHERE who IS NOT NULL QUALIFY row_number() OVER (PARTITION BY who
            ORDER BY death_date, death_cause NULLS LAST, organisation, file, "row") = 1"""
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE living_at AS SELECT a.pseudonym, a.household FROM s_gp_address a
        JOIN home h ON h.pseudonym = a.pseudonym AND h.practice = a.organisation
        WHERE a.type = '0' AND (a.end_date IS NULL OR a.end_date > DATE '{as_of}')
        QUALIFY row_number() OVER (PARTITION BY a.pseudonym
            ORDER BY a.start_date DESC, a.household NULLS LAST, a.lsoa NULLS LAST) = 1"""
    )
    for name, column, unknown in (("sex", "sex", "'X'"), ("ethnicity", "ethnicity", "'Z', '99'")):
        having = [f for f in feeds if column in {c.to for c in sources.contracts[f].columns.values()}]
        run(f"CREATE OR REPLACE TEMP TABLE other_{name} AS {_others(having, column, unknown)}")
    born = [f for f in feeds if sources.contracts[f].identity("birth_date")]
    parts = " UNION ALL ".join(
        f"SELECT who, birth_month FROM r_{f} WHERE pseudonym IS NOT NULL AND birth_month IS NOT NULL"
        for f in born
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE other_birth AS SELECT who AS pseudonym, birth_month AS value FROM (
            SELECT who, birth_month, count(*) AS n FROM ({parts}) GROUP BY who, birth_month)
        QUALIFY row_number() OVER (PARTITION BY who ORDER BY n DESC, birth_month) = 1"""
    )
    verified = " UNION ".join(
        f"SELECT pseudonym FROM r_{feed} WHERE pseudonym IS NOT NULL" for feed in (*feeds, "deaths")
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE verified AS SELECT pseudonym FROM s_gp_patient WHERE verified
        UNION {verified}"""
    )
    return """SELECT p.pid, p.pseudonym, coalesce(g.birth_month, b.value) AS birth_month,
            coalesce(nullif(g.sex, 'X'), s.value, 'X') AS sex,
            coalesce(CASE WHEN g.ethnicity NOT IN ('Z', '99') THEN g.ethnicity END, e.value, g.ethnicity, '99')
                AS ethnicity,
            g.language, coalesce(d.death_date, g.death_date) AS death_date, d.death_cause, l.household,
            (v.pseudonym IS NOT NULL) AS nhs_number_verified
        FROM people p LEFT JOIN gp_view g USING (pseudonym) LEFT JOIN other_sex s USING (pseudonym)
        LEFT JOIN other_ethnicity e USING (pseudonym) LEFT JOIN other_birth b USING (pseudonym)
        LEFT JOIN death d USING (pseudonym) LEFT JOIN living_at l USING (pseudonym)
        LEFT JOIN verified v USING (pseudonym)"""
