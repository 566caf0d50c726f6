SELECT e.pid,
       count(*) FILTER (WHERE e.start_date <= d.index_date AND (e.end_date IS NULL OR e.end_date >= d.index_date)) > 0 AS in_care
FROM social_care AS e JOIN index_dates AS d ON d.pid = e.pid
WHERE e.pid BETWEEN 0 AND 49999
GROUP BY e.pid
