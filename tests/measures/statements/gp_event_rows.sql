SELECT e.pid, c.number, e.date AS date, coalesce(CAST(e.value AS DOUBLE), CAST('NaN' AS DOUBLE)) AS value_0
FROM gp_event AS e JOIN codes AS c ON e.code = c.code
WHERE e.pid BETWEEN 0 AND 49999
  AND e.date <= DATE '2026-10-31'
