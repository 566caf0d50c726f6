"""Tables in the form that a notebook asks for."""

from __future__ import annotations

import importlib
from typing import Any

from goldenthread.cohorts.errors import CohortError

FORMS = ("pandas", "polars", "arrow")


def to_polars(table: Any) -> Any:
    """An Arrow table as a polars frame; ``CohortError`` where polars is not installed."""
    try:
        polars = importlib.import_module("polars")
    except ModuleNotFoundError:
        raise CohortError(
            "polars is not installed.", "Install it with `pip install polars`, or ask for pandas."
        ) from None
    return polars.from_arrow(table)


def as_form(table: Any, form: str) -> Any:
    """An Arrow table as pandas, polars or Arrow."""
    if form == "arrow":
        return table
    if form == "pandas":
        return table.to_pandas(date_as_object=False)
    if form == "polars":
        return to_polars(table)
    raise CohortError(f"There is no form {form!r}.", f"Choose one of {', '.join(FORMS)}.")
