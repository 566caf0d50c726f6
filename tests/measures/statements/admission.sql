SELECT e.pid,
       CAST(count(*) FILTER (WHERE e.date <= DATE '2026-10-31' AND e.date > CAST(DATE '2026-10-31' - INTERVAL '12' MONTH AS DATE) AND coalesce(e.emergency, FALSE)) AS INTEGER) AS emergency_admissions,
       round(coalesce(sum(CAST(e.bed_days AS DOUBLE)) FILTER (WHERE e.date <= DATE '2026-10-31' AND e.date > CAST(DATE '2026-10-31' - INTERVAL '12' MONTH AS DATE)), 0), 6) AS bed_days
FROM admission AS e
WHERE e.pid BETWEEN 0 AND 49999
GROUP BY e.pid
