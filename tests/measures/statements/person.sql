WITH people AS (SELECT *, DATE '2026-10-31' AS index_date FROM person WHERE pid BETWEEN 0 AND 49999),
registered_now AS (
    SELECT pid, practice FROM (
        SELECT r.pid, r.practice,
               row_number() OVER (PARTITION BY r.pid ORDER BY r.start_date DESC, r.practice DESC) AS place_in_line
        FROM registration AS r JOIN people AS p ON p.pid = r.pid
        WHERE r.pid BETWEEN 0 AND 49999 AND r.start_date <= p.index_date AND (r.end_date IS NULL OR r.end_date > p.index_date)
    ) AS lines WHERE place_in_line = 1
),
lives_now AS (
    SELECT pid, lsoa, care_home FROM (
        SELECT a.pid, a.lsoa, a.care_home,
               row_number() OVER (PARTITION BY a.pid ORDER BY a.start_date DESC, a.lsoa DESC, a.care_home DESC) AS place_in_line
        FROM address AS a JOIN people AS p ON p.pid = a.pid
        WHERE a.pid BETWEEN 0 AND 49999 AND a.start_date <= p.index_date AND (a.end_date IS NULL OR a.end_date > p.index_date) AND a.lsoa IS NOT NULL
    ) AS lines WHERE place_in_line = 1
)
SELECT p.pid,
       CAST(year(p.index_date) - year(p.birth_month)
            - CASE WHEN month(p.birth_month) * 100 + day(p.birth_month) > month(p.index_date) * 100 + day(p.index_date)
                   THEN 1 ELSE 0 END AS INTEGER) AS age,
       CAST((year(p.index_date) - year(p.birth_month)) * 12 + month(p.index_date) - month(p.birth_month)
            - CASE WHEN day(p.birth_month) > day(p.index_date) THEN 1 ELSE 0 END AS INTEGER) AS age_months,
       p.sex AS sex,
       coalesce(p.sex = '2', FALSE) AS female,
       coalesce(p.sex = '1', FALSE) AS male,
       p.ethnicity AS ethnicity,
       CASE WHEN ethnicity IN ('A', 'B', 'C') THEN 'White' WHEN ethnicity IN ('D', 'E', 'F', 'G') THEN 'Mixed' WHEN ethnicity IN ('H', 'J', 'K', 'L', 'R') THEN 'Asian' WHEN ethnicity IN ('M', 'N', 'P') THEN 'Black' WHEN ethnicity IN ('S') THEN 'Other' WHEN ethnicity IN ('Z') THEN 'Not stated' WHEN ethnicity IN ('99') THEN 'Not known' END AS ethnic_group,
       p.language AS language,
       (p.death_date IS NULL OR p.death_date > p.index_date) AS alive,
       (r.practice IS NOT NULL AND (p.death_date IS NULL OR p.death_date > p.index_date)) AS registered,
       r.practice AS practice,
       pr.pcn AS pcn,
       pc.place AS place,
       a.lsoa AS lsoa,
       l.msoa AS msoa,
       l.district AS district,
       l.imd_decile AS imd_decile,
       CAST(floor((l.imd_decile + 1) / 2) AS INTEGER) AS imd_quintile,
       coalesce(l.rural, FALSE) AS rural,
       coalesce(a.care_home, FALSE) AS care_home
FROM people AS p
LEFT JOIN registered_now AS r ON r.pid = p.pid
LEFT JOIN practice AS pr ON pr.practice = r.practice
LEFT JOIN pcn AS pc ON pc.pcn = pr.pcn
LEFT JOIN lives_now AS a ON a.pid = p.pid
LEFT JOIN lsoa AS l ON l.lsoa = a.lsoa
ORDER BY p.pid
