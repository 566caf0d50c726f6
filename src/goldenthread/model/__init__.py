"""The tables everybody reads, each declared once: columns, types, units, value sets, grain and source."""

from goldenthread.model.declarations import (
    DUCKDB_TYPES,
    FORMATS,
    Column,
    ModelError,
    Table,
    ValueSet,
    matches_format,
    table,
    tables,
    value_set,
    value_sets,
)

__all__ = [
    "DUCKDB_TYPES",
    "FORMATS",
    "Column",
    "ModelError",
    "Table",
    "ValueSet",
    "matches_format",
    "table",
    "tables",
    "value_set",
    "value_sets",
]
