SELECT pid, slot, sub, CAST(count(*) AS INTEGER) AS n, min(date) AS first_date, max(date) AS latest_date, max(moment) AS latest_moment
FROM (SELECT e.pid,
       m.slot,
       e.date AS date,
       CASE m.sub WHEN 1 THEN date_diff('day', DATE '1900-01-01', e.date) WHEN 2 THEN e.code WHEN 3 THEN m.grp ELSE 0 END AS sub,
       CASE WHEN m.of > 0 THEN CAST(e.value AS DOUBLE) END AS value,
       CAST(date_diff('day', DATE '1900-01-01', e.date) AS BIGINT) * 68719476736 + 34359738368 + CASE m.keyed WHEN 1 THEN CAST(round(CAST(e.value AS DOUBLE) * 1000) AS BIGINT) WHEN 2 THEN -CAST(round(CAST(e.value AS DOUBLE) * 1000) AS BIGINT) WHEN 3 THEN -m.grp END AS moment
FROM gp_event AS e JOIN slots AS m ON e.code = m.code
WHERE e.pid BETWEEN 0 AND 49999
  AND e.date > m.after
  AND e.date <= m.up_to
  AND (m.least IS NULL OR CAST(e.value AS DOUBLE) BETWEEN m.least AND m.greatest)) AS matched
GROUP BY pid, slot, sub
