"""Facts about the person themselves on the index date: one portable statement."""

from __future__ import annotations

from goldenthread.measures.sql import literal
from goldenthread.model import value_set


def person_sql(first: int, last: int, index: str | None) -> str:
    """SQL that gives one row per person from ``first`` to ``last`` with every fact in ``facts.PERSON``.

    ``index`` is SQL for one index date for everybody; ``None`` reads each person's from ``index_dates``.
    """
    source = f"person WHERE pid BETWEEN {first} AND {last}"
    if index is None:
        people = f"SELECT p.*, d.index_date FROM (SELECT * FROM {source}) AS p JOIN index_dates AS d ON d.pid = p.pid"
    else:
        people = f"SELECT *, {index} AS index_date FROM {source}"
    groups = " ".join(
        f"WHEN ethnicity IN ({', '.join(literal(c) for c in codes)}) THEN {literal(group)}"
        for group, codes in value_set("ethnicity_2001").groups.items()
    )
    return f"""
WITH people AS ({people}),
registered_now AS (
    SELECT pid, practice FROM (
        SELECT r.pid, r.practice,
               row_number() OVER (PARTITION BY r.pid ORDER BY r.start_date DESC, r.practice DESC) AS place_in_line
        FROM registration AS r JOIN people AS p ON p.pid = r.pid
        WHERE r.start_date <= p.index_date AND (r.end_date IS NULL OR r.end_date > p.index_date)
    ) AS lines WHERE place_in_line = 1
),
lives_now AS (
    SELECT pid, lsoa, care_home FROM (
        SELECT a.pid, a.lsoa, a.care_home,
               row_number() OVER (PARTITION BY a.pid ORDER BY a.start_date DESC, a.lsoa DESC, a.care_home DESC) AS place_in_line
        FROM address AS a JOIN people AS p ON p.pid = a.pid
        WHERE a.start_date <= p.index_date AND (a.end_date IS NULL OR a.end_date > p.index_date) AND a.lsoa IS NOT NULL
    ) AS lines WHERE place_in_line = 1
)
SELECT p.pid,
       CAST(year(p.index_date) - year(p.birth_month)
            - CASE WHEN month(p.birth_month) * 100 + day(p.birth_month) > month(p.index_date) * 100 + day(p.index_date)
                   THEN 1 ELSE 0 END AS INTEGER) AS age,
       CAST((year(p.index_date) - year(p.birth_month)) * 12 + month(p.index_date) - month(p.birth_month)
            - CASE WHEN day(p.birth_month) > day(p.index_date) THEN 1 ELSE 0 END AS INTEGER) AS age_months,
       p.sex, coalesce(p.sex = '2', FALSE) AS female, coalesce(p.sex = '1', FALSE) AS male,
       p.ethnicity, CASE {groups} END AS ethnic_group, p.language,
       (p.death_date IS NULL OR p.death_date > p.index_date) AS alive,
       (r.practice IS NOT NULL AND (p.death_date IS NULL OR p.death_date > p.index_date)) AS registered,
       r.practice, pr.pcn, pc.place, a.lsoa, l.msoa, l.district,
       l.imd_decile, CAST(floor((l.imd_decile + 1) / 2) AS INTEGER) AS imd_quintile,
       coalesce(l.rural, FALSE) AS rural, coalesce(a.care_home, FALSE) AS care_home
FROM people AS p
LEFT JOIN registered_now AS r ON r.pid = p.pid
LEFT JOIN practice AS pr ON pr.practice = r.practice
LEFT JOIN pcn AS pc ON pc.pcn = pr.pcn
LEFT JOIN lives_now AS a ON a.pid = p.pid
LEFT JOIN lsoa AS l ON l.lsoa = a.lsoa
ORDER BY p.pid
"""
