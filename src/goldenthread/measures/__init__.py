"""What is true of each person on a date: all measures of a source table in one scan."""

from typing import TYPE_CHECKING

from goldenthread.fetching import fetched
from goldenthread.measures.errors import MeasureError
from goldenthread.measures.facts import PERSON, variables
from goldenthread.measures.naming import spoken
from goldenthread.measures.plan import Plan, compile_plan, tables_of
from goldenthread.measures.sql import to_sql

if TYPE_CHECKING:
    from goldenthread.measures.evaluating import chunks, evaluate
    from goldenthread.measures.events import event_sql
    from goldenthread.measures.people import first_registration
else:
    __getattr__ = fetched(
        __name__,
        {"evaluating": ("chunks", "evaluate"), "events": ("event_sql",), "people": ("first_registration",)},
    )

__all__ = [
    "PERSON",
    "MeasureError",
    "Plan",
    "chunks",
    "compile_plan",
    "evaluate",
    "event_sql",
    "first_registration",
    "spoken",
    "tables_of",
    "to_sql",
    "variables",
]
