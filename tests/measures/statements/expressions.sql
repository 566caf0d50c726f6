over_target = (coalesce(hba1c_latest > 58, FALSE) AND (NOT (bed_days IS NULL)))
diabetes = (coalesce(diabetes, FALSE) AND coalesce(age >= 17, FALSE))
diabetes_since = CASE WHEN coalesce(diabetes, FALSE) AND coalesce(age >= 17, FALSE) THEN diabetes_since END
segments = CASE WHEN (coalesce(in_care, FALSE) OR coalesce(age >= 90, FALSE)) THEN 'frail' ELSE 'others' END
