SELECT e.pid, c.number, e.date AS date, coalesce(e.main, FALSE) AS rule_0
FROM (SELECT pid, date, code, emergency, spell_id, provider, coalesce(code = primary_diagnosis, FALSE) AS main FROM (SELECT pid, date, unnest(diagnoses) AS code, emergency, primary_diagnosis, spell_id, provider FROM admission) AS listed) AS e JOIN codes AS c ON e.code = c.code JOIN index_dates AS d ON d.pid = e.pid
WHERE e.pid BETWEEN 0 AND 49999
  AND e.date <= d.index_date
