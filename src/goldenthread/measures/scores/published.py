"""The published tables of codes, weights and coefficients that the scores rest on (data/, with SOURCES.md)."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from importlib import resources
from typing import Any

_DATA = resources.files("goldenthread.measures.scores").joinpath("data")


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one table."""
    with _DATA.joinpath(name).open("r", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@cache
def numbers_of(name: str) -> dict[str, Any]:
    """The contents of one TOML file."""
    return tomllib.loads(_DATA.joinpath(name).read_text("utf-8"))
