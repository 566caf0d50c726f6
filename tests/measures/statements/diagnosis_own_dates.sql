SELECT pid, slot, CAST(count(*) AS INTEGER) AS n, min(date) AS first_date, max(date) AS latest_date
FROM (SELECT e.pid,
       m.slot,
       e.date AS date
FROM (SELECT pid, date, code, emergency, spell_id, provider, coalesce(code = primary_diagnosis, FALSE) AS main FROM (SELECT pid, date, unnest(diagnoses) AS code, emergency, primary_diagnosis, spell_id, provider FROM admission) AS listed) AS e JOIN slots AS m ON e.code = m.code JOIN index_dates AS d ON d.pid = e.pid
WHERE e.pid BETWEEN 0 AND 49999
  AND e.date <= d.index_date
  AND e.date > CASE m.span WHEN 0 THEN DATE '0001-01-01' END
  AND e.date <= CASE m.span WHEN 0 THEN d.index_date END
  AND CASE m.rule WHEN 0 THEN coalesce(e.main, FALSE) ELSE TRUE END) AS matched
GROUP BY pid, slot
