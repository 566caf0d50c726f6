SELECT pid, slot, sub, CAST(count(*) AS INTEGER) AS n, min(date) AS first_date, max(date) AS latest_date, max(moment) AS latest_moment
FROM (SELECT e.pid,
       m.slot,
       e.date AS date,
       CASE m.sub WHEN 1 THEN date_diff('day', DATE '1900-01-01', e.date) WHEN 2 THEN e.code WHEN 3 THEN m.grp ELSE 0 END AS sub,
       CASE WHEN m.of > 0 THEN CAST(e.value AS DOUBLE) END AS value,
       CAST(date_diff('day', DATE '1900-01-01', e.date) AS BIGINT) * 68719476736 + 34359738368 + CASE m.keyed WHEN 1 THEN CAST(round(CAST(e.value AS DOUBLE) * 1000) AS BIGINT) WHEN 2 THEN -CAST(round(CAST(e.value AS DOUBLE) * 1000) AS BIGINT) WHEN 3 THEN -m.grp END AS moment
FROM gp_event AS e JOIN slots AS m ON e.code = m.code JOIN index_dates AS d ON d.pid = e.pid
WHERE e.pid BETWEEN 0 AND 49999
  AND e.date <= d.index_date
  AND e.date > CASE m.span WHEN 0 THEN CAST(d.index_date - INTERVAL '24' MONTH AS DATE) WHEN 1 THEN CAST(make_date(CASE WHEN month(d.index_date) >= 4 THEN year(d.index_date) ELSE year(d.index_date) - 1 END, 4, 1) - INTERVAL '1' DAY AS DATE) WHEN 2 THEN DATE '0001-01-01' END
  AND e.date <= CASE m.span WHEN 0 THEN d.index_date WHEN 1 THEN d.index_date WHEN 2 THEN d.index_date END
  AND (m.least IS NULL OR CAST(e.value AS DOUBLE) BETWEEN m.least AND m.greatest)) AS matched
GROUP BY pid, slot, sub
