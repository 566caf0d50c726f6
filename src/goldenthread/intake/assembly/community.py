"""Community and mental health contacts, social care, council circumstances and programmes' contacts."""

from __future__ import annotations

from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.writing import write_linked
from goldenthread.lake import SnapshotBuilder
from goldenthread.model import table


def contacts(builder: SnapshotBuilder, sources: Sources, family: str) -> None:
    """Write the care contacts of CSDS or MHSDS: contact -> referral -> person, all of one active submission."""
    run = sources.connection.execute
    run(
        f"""CREATE OR REPLACE TEMP TABLE one_referral AS SELECT * FROM l_{family}_referral
        QUALIFY row_number() OVER (PARTITION BY organisation, submission, referral ORDER BY file DESC, "row" DESC) = 1"""
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE one_person AS SELECT organisation, submission, local_id,
            first(who ORDER BY file DESC, "row" DESC) FILTER (who IS NOT NULL) AS who
        FROM r_{family}_mpi GROUP BY ALL"""
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE latest_contact AS SELECT * FROM l_{family}_contact
        QUALIFY row_number() OVER (PARTITION BY provider, contact_id
            ORDER BY period_start DESC, file DESC, "row" DESC) = 1"""
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE {family}_joined AS
        SELECT c.*, f.team_type, m.who, 1 AS rows FROM latest_contact c
        JOIN one_referral f USING (organisation, submission, referral)
        LEFT JOIN one_person m ON m.organisation = f.organisation AND m.submission = f.submission
            AND m.local_id = f.local_id"""
    )
    tally = sources.tallies[f"{family}_contact"]
    before = sources.count(f"SELECT count(*) FROM l_{family}_contact")
    latest, joined = (
        sources.count(f"SELECT count(*) FROM {t}") for t in ("latest_contact", f"{family}_joined")
    )
    tally.superseded += before - latest
    if latest > joined:
        tally.not_stored += latest - joined
        tally.rules.append(f"{latest - joined} contacts have no accepted referral in their submission")
    kind = "service_type" if family == "csds" else "team_type"
    place = ", location" if family == "csds" else ""
    columns = f"contact_id, provider, date, team_type AS {kind}{place}, duration_minutes, attended"
    target = "community_contact" if family == "csds" else "mental_health_contact"
    write_linked(builder, sources, f"{family}_contact", target, columns, f"{family}_joined")
    _count_support(sources, family)


def _count_support(sources: Sources, family: str) -> None:
    """Referrals and person rows are not tables of the lake: they count as linked where their person is known."""
    tally = sources.tallies[f"{family}_mpi"]
    tally.linked += sources.count(f"SELECT count(*) FROM r_{family}_mpi WHERE who IS NOT NULL")
    tally.unlinked += sources.count(f"SELECT count(*) FROM r_{family}_mpi WHERE who IS NULL")
    tally = sources.tallies[f"{family}_referral"]
    known = sources.count(
        f"""SELECT count(*) FROM l_{family}_referral f SEMI JOIN (SELECT * FROM one_person WHERE who IS NOT NULL)
        USING (organisation, submission, local_id)"""
    )
    tally.linked += known
    tally.unlinked += sources.count(f"SELECT count(*) FROM l_{family}_referral") - known


def islands_sql(events: str) -> str:
    """SQL that joins rows of one social care package into spells.

    Rows about services of one person (or, unlinked, of one identity as sent), provider, client type (support
    for oneself is not support as a carer), service type and delivery mechanism are one spell where they
    overlap, touch or leave no full day between them. A row without an end goes on. Requests, assessments and reviews are moments: they are not joined, but rows that
    share their grain count once. The last row by start, submission and reference says the rest.
    """
    same = [c for c in table("social_care").grain if c not in ("pid", "start_date", "provider")]
    kinds = ", ".join(["organisation", *same])
    return f"""
    WITH whom AS (
        SELECT *, coalesce(who, record, encode(event_reference)) AS someone,
            coalesce(end_date, DATE '9999-12-31') AS until,
            CASE WHEN event_type = 'service' THEN NULL ELSE start_date END AS moment FROM {events}
    ), reach AS (
        SELECT *, max(until) OVER (PARTITION BY someone, {kinds}, moment
            ORDER BY start_date, until, submission_date, event_reference
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM whom
    ), islands AS (
        -- "no later than the day after": written without adding to the open end of time
        SELECT *, sum(CASE WHEN reached IS NULL OR start_date - INTERVAL 1 DAY > reached THEN 1 ELSE 0 END) OVER (
            PARTITION BY someone, {kinds}, moment
            ORDER BY start_date, until, submission_date, event_reference
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island FROM reach
    )
    SELECT who, organisation AS provider, client_type, event_type, service_type,
        delivery_mechanism, last(primary_support_reason ORDER BY {_LAST}) AS primary_support_reason,
        min(start_date) AS start_date, nullif(max(until), DATE '9999-12-31') AS end_date,
        count(*)::INTEGER AS rows_joined, count(*) AS rows
    FROM islands GROUP BY someone, who, organisation, {", ".join(same)}, moment, island
    """


_LAST = "start_date, submission_date, event_reference"


def social_care(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``social_care``."""
    sources.connection.execute(f"CREATE OR REPLACE TEMP TABLE package AS {islands_sql('r_cld')}")
    columns = """provider, client_type, event_type, service_type, delivery_mechanism, primary_support_reason, start_date,
        end_date, rows_joined"""
    write_linked(builder, sources, "cld", "social_care", columns, "package")


def circumstances(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``circumstance``: rows of one person, kind, start and council are one, open where any of them is."""
    sources.connection.execute(
        """CREATE OR REPLACE TEMP TABLE known AS SELECT who, organisation AS provider, kind, start_date,
            CASE WHEN count(end_date) = count(*) THEN max(end_date) END AS end_date, count(*) AS rows
        FROM r_council GROUP BY who, coalesce(who, record, encode(concat(file, ':', "row"))), organisation, kind, start_date"""
    )
    columns = "provider, kind, start_date, end_date"
    write_linked(builder, sources, "council", "circumstance", columns, "known")


def programme_contacts(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``contact``."""
    sources.connection.execute(
        """CREATE OR REPLACE TEMP TABLE reached AS SELECT who, initiative, date, outcome, count(*) AS rows
        FROM r_programme GROUP BY who, coalesce(who, encode(concat(file, ':', "row"))), initiative, date, outcome"""
    )
    write_linked(builder, sources, "programme", "contact", "initiative, date, outcome", "reached")
