"""Models that cannot be fitted, or must not be used."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class PredictionError(GoldenThreadError):
    """A model, its definition or its data that a person can put right."""
