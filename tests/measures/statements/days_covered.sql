SELECT pid, CAST(sum(CASE WHEN reaches > day THEN date_diff('day', day, reaches) ELSE 0 END) AS INTEGER) AS days
FROM (SELECT pid, CASE WHEN before IS NULL OR before < from_day THEN from_day ELSE before END AS day, reaches
      FROM (SELECT pid, from_day, reaches,
                   max(reaches) OVER (PARTITION BY pid ORDER BY from_day, reaches
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (SELECT e.pid, greatest(e.start_date, CAST(CAST(DATE '2026-10-31' - INTERVAL '12' MONTH AS DATE) + INTERVAL '1' DAY AS DATE)) AS from_day,
                         CAST(least(coalesce(e.end_date, DATE '2026-10-31'), DATE '2026-10-31') + INTERVAL '1' DAY AS DATE) AS reaches
                  FROM social_care AS e
WHERE e.pid BETWEEN 0 AND 49999 AND e.start_date <= DATE '2026-10-31' AND (e.end_date IS NULL OR e.end_date > CAST(DATE '2026-10-31' - INTERVAL '12' MONTH AS DATE))) AS clipped) AS ordered) AS joined
GROUP BY pid
