"""Units that a measurement may be given in: as the feeds write them (UCUM in words that a laboratory prints)."""

from __future__ import annotations

from typing import Final

MEASUREMENT_UNITS: Final = frozenset(
    {
        "%", "% in 10 years", "10*9/L", "10*12/L", "U/L", "cm", "m", "fL", "pg", "g/L", "kg", "kg/m2", "mIU/L", "mL/min/1.73 m2",
        "mg/L", "mg/mmol", "mmHg", "mmol/L", "mmol/mol", "nmol/L", "pmol/L", "ng/mL", "ug/L", "umol/L", "points", "ratio",
        "share of deficits", "units a week", "beats/min", "L/min", "L", "kPa", "mm/h", "degC", "days", "weeks", "cigarettes a day",
    }
)  # fmt: skip
"""A measure that takes a value from a coded table has one of these."""
