"""Mistakes that show when definitions meet the tables they are about."""

from __future__ import annotations

from goldenthread.definitions import Definition, DefinitionError
from goldenthread.errors import GoldenThreadError
from goldenthread.lake import Snapshot


class MeasureError(GoldenThreadError):
    """A question about facts that cannot be answered as it was put."""


def mistake(definition: Definition, problem: str, remedy: str = "") -> DefinitionError:
    """A mistake in one definition, with its file and line."""
    return DefinitionError(
        f"[{definition.name}] {problem}", file=definition.file, line=definition.line, remedy=remedy
    )


def unreadable(snapshot: Snapshot, path: str, error: Exception) -> MeasureError:
    """A file of a snapshot that is damaged or gone."""
    return MeasureError(
        f"{path} of snapshot {snapshot.id} cannot be read: {error}.",
        "Run `goldenthread snapshots verify`, then `goldenthread refresh`.",
    )
