SELECT e.pid,
       CAST(count(*) FILTER (WHERE e.date <= d.index_date AND e.date > CAST(d.index_date - INTERVAL '12' MONTH AS DATE) AND coalesce(e.emergency, FALSE)) AS INTEGER) AS emergency_admissions,
       round(coalesce(sum(CAST(e.bed_days AS DOUBLE)) FILTER (WHERE e.date <= d.index_date AND e.date > CAST(d.index_date - INTERVAL '12' MONTH AS DATE)), 0), 6) AS bed_days
FROM admission AS e JOIN index_dates AS d ON d.pid = e.pid
WHERE e.pid BETWEEN 0 AND 49999
GROUP BY e.pid
