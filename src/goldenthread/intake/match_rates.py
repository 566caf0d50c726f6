"""Match rates by feed, deprivation, age and ethnicity: people who are not linked are missing from every figure."""

from __future__ import annotations

from typing import Any

from goldenthread.intake.assembly.sources import Sources
from goldenthread.statistics import wilson_limits

AGE_BANDS = ((0, "0-17"), (18, "18-64"), (65, "65-84"), (85, "85 and over"))


def match_rates(sources: Sources, feeds: tuple[str, ...], as_of: str) -> dict[str, list[dict[str, Any]]]:
    """Of the records that needed linkage: how many there were in each group, and what share was linked.

    A record is one identity as sent. Deprivation is the national decile of the LSOA in which most patients with
    the record's postcode live; age is in years at the data date; what a feed does not say is "not known".
    """
    run = sources.connection.execute
    ages = " ".join(f"WHEN age >= {lowest} THEN '{name}'" for lowest, name in reversed(AGE_BANDS))
    parts = []
    for feed in feeds:
        staged = {rule.to for rule in sources.contracts[feed].columns.values()}
        ethnicity = "ethnicity" if "ethnicity" in staged else "NULL::VARCHAR"
        area = "area" if "area" in staged else "NULL::VARCHAR"
        parts.append(
            f"""SELECT '{feed}' AS feed, record, min(birth_month) AS birth_month, min({ethnicity}) AS ethnicity,
            min({area}) AS area, bool_or(who IS NOT NULL) AS linked FROM r_{feed} WHERE record IS NOT NULL
            GROUP BY record"""
        )
    run(
        """CREATE OR REPLACE TEMP TABLE area_lsoa AS SELECT area, lsoa FROM (
            SELECT area, lsoa, count(*) AS n FROM s_gp_address WHERE area IS NOT NULL AND lsoa IS NOT NULL GROUP BY area, lsoa)
        QUALIFY row_number() OVER (PARTITION BY area ORDER BY n DESC, lsoa) = 1"""
    )
    run(
        f"""CREATE OR REPLACE TEMP TABLE attempt AS
        SELECT feed, linked, coalesce(CASE {ages} END, 'not known') AS age,
            coalesce(nullif(ethnicity, '99'), 'not known') AS ethnicity,
            coalesce(d.imd_decile::VARCHAR, 'not known') AS deprivation_decile
        FROM (SELECT *, date_diff('year', birth_month, DATE '{as_of}') - CASE WHEN
                strftime(birth_month, '%m%d') > '{as_of[5:7]}{as_of[8:10]}' THEN 1 ELSE 0 END AS age
            FROM ({" UNION ALL ".join(parts)})) r
        LEFT JOIN area_lsoa a USING (area) LEFT JOIN s_reference_lsoa d ON d.lsoa = a.lsoa"""
    )
    return {by: _rates(sources, by) for by in ("feed", "age", "ethnicity", "deprivation_decile")}


def _rates(sources: Sources, by: str) -> list[dict[str, Any]]:
    rows = sources.connection.execute(
        f"SELECT {by}, count(*), count(*) FILTER (linked) FROM attempt GROUP BY {by} ORDER BY {by}"
    ).fetchall()
    found = []
    for group, records, linked in rows:
        low, high = wilson_limits(linked, records)
        found.append(
            {
                by: group,
                "records": records,
                "linked": linked,
                "rate": round(linked / records, 6),
                "low": round(float(low), 6),
                "high": round(float(high), 6),
            }
        )
    return found
