"""Hospital feeds: spells from episodes, emergency attendances, outpatient appointments; calls to 111 and 999."""

from __future__ import annotations

from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.writing import write_linked
from goldenthread.lake import SnapshotBuilder

_DIAGNOSES = ", ".join(f"diagnosis_{n}" for n in range(1, 14))
_PROCEDURES = ", ".join(f"procedure_{n}" for n in range(1, 6))


def spells_sql(episodes: str) -> str:
    """SQL that joins finished consultant episodes into hospital provider spells.

    A spell is a spell number of a provider. Method, class, site and treatment function are those of its first
    episode; how it ended is what the last episode that says so says; diagnoses and procedures are those of every
    episode in order, without repeats. ``who``: the first episode that knows its person decides.
    """
    return f"""
    WITH numbered AS (
        SELECT *, row_number() OVER (PARTITION BY organisation, spell_id
            ORDER BY episode, episode_start, extract_date, cds_id) AS place FROM {episodes}
    ), codes AS (
        SELECT organisation, spell_id, kind, code, min(place * 100 + position) AS first FROM (
            SELECT organisation, spell_id, place, 'd' AS kind, unnest([{_DIAGNOSES}]) AS code,
                generate_subscripts([{_DIAGNOSES}], 1) AS position FROM numbered
            UNION ALL
            SELECT organisation, spell_id, place, 'p', unnest([{_PROCEDURES}]),
                generate_subscripts([{_PROCEDURES}], 1) FROM numbered
        ) WHERE code IS NOT NULL GROUP BY organisation, spell_id, kind, code
    ), listed AS (
        SELECT organisation, spell_id, list(code ORDER BY first) FILTER (kind = 'd') AS diagnoses,
            list(code ORDER BY first) FILTER (kind = 'p') AS procedures
        FROM codes GROUP BY organisation, spell_id
    ), spells AS (
        SELECT organisation, spell_id, first(who ORDER BY place) FILTER (who IS NOT NULL) AS who,
            first(site ORDER BY place) AS site, min(spell_start) AS date, max(discharge_date) AS discharge_date,
            first(method ORDER BY place) AS method, first(patient_class ORDER BY place) AS patient_class,
            last(discharge_method ORDER BY place) FILTER (discharge_method NOT IN ('8', '9')) AS ended,
            last(discharge_method ORDER BY place) FILTER (discharge_method IS NOT NULL) AS ended_somehow,
            last(discharge_destination ORDER BY place) FILTER (discharge_destination IS NOT NULL)
                AS discharge_destination,
            first(treatment_function ORDER BY place) AS treatment_function,
            first(diagnosis_1 ORDER BY place) AS primary_diagnosis, count(*) AS rows
        FROM numbered GROUP BY organisation, spell_id
    )
    SELECT who, rows, spell_id, organisation AS provider, site, date, discharge_date, method,
        starts_with(method, '2') AS emergency, patient_class, coalesce(ended, ended_somehow) AS discharge_method,
        discharge_destination, treatment_function, primary_diagnosis,
        coalesce(diagnoses, []::VARCHAR[]) AS diagnoses, coalesce(procedures, []::VARCHAR[]) AS procedures,
        rows::INTEGER AS episodes,
        CASE WHEN discharge_date >= date THEN discharge_date - date END::INTEGER AS bed_days
    FROM spells LEFT JOIN listed USING (organisation, spell_id)
    """


def admissions(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``admission``."""
    sources.connection.execute(f"CREATE OR REPLACE TEMP TABLE spell AS {spells_sql('r_apc')}")
    columns = """spell_id, provider, site, date, discharge_date, method, emergency, patient_class, discharge_method,
        discharge_destination, treatment_function, primary_diagnosis, diagnoses, procedures, episodes, bed_days"""
    write_linked(builder, sources, "apc", "admission", columns, "spell")


def emergency_attendances(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``emergency_attendance``. A stay that would be negative or over 30 days is left empty."""
    sources.connection.execute(
        """CREATE OR REPLACE TEMP TABLE attendance AS SELECT *, 1 AS rows,
            (departure_date - date) * 1440 + departure_minute - arrival_minute AS stay FROM r_ecds"""
    )
    columns = """cds_id AS attendance_id, organisation AS provider, site, date,
        (arrival_minute // 60)::INTEGER AS arrival_hour,
        CASE WHEN stay BETWEEN 0 AND 43200 THEN stay END::INTEGER AS minutes_in_department, department_type,
        attendance_category, arrival_mode, acuity, chief_complaint, diagnosis, injury_mechanism,
        discharge_destination, accommodation"""
    write_linked(builder, sources, "ecds", "emergency_attendance", columns, "attendance")


def outpatients(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``outpatient``."""
    sources.connection.execute("CREATE OR REPLACE TEMP VIEW appointment_op AS SELECT *, 1 AS rows FROM r_op")
    columns = """cds_id AS attendance_id, organisation AS provider, date, treatment_function, first_attendance,
        attended, outcome, priority"""
    write_linked(builder, sources, "op", "outpatient", columns, "appointment_op")


def urgent_calls(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``urgent_call``: of rows with one call number the last sent counts."""
    sources.connection.execute(
        """CREATE OR REPLACE TEMP TABLE call AS SELECT *, 1 AS rows FROM r_urgent
        QUALIFY row_number() OVER (PARTITION BY organisation, call_id ORDER BY file DESC, "row" DESC) = 1"""
    )
    before, after = (sources.count(f"SELECT count(*) FROM {t}") for t in ("r_urgent", "call"))
    sources.tallies["urgent"].superseded += before - after
    columns = """call_id, organisation AS provider, date, (minute // 60)::INTEGER AS hour, service, reason, disposition,
        conveyed"""
    write_linked(builder, sources, "urgent", "urgent_call", columns, "call")
