SELECT e.pid,
       count(*) FILTER (WHERE e.start_date <= DATE '2026-10-31' AND (e.end_date IS NULL OR e.end_date >= DATE '2026-10-31')) > 0 AS in_care
FROM social_care AS e
WHERE e.pid BETWEEN 0 AND 49999
GROUP BY e.pid
