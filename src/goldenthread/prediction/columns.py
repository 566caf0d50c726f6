"""From facts about people to the columns that a model is fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenthread.prediction.definition import Feature
from goldenthread.prediction.errors import PredictionError

NOT_KNOWN = "not known"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RawColumn:
    """One column before fitting: ``fact``, the ``band`` of it (or nothing), what it is in words, and its numbers."""

    fact: str
    band: str
    words: str
    numbers: Floats

    @property
    def name(self) -> str:
        """A name that is the same every time."""
        return f"{self.fact}: {self.band}" if self.band else self.fact


def columns_of(feature: Feature, facts: pa.Table) -> Iterator[RawColumn]:
    """The columns of one feature: one for a truth or number, one for every band but the reference.

    Raises ``PredictionError`` where a number is missing for somebody and the definition does not say what then.
    """
    values = _numbers(facts, feature.fact)
    gone = np.isnan(values)
    if not feature.bands:
        if gone.any():
            if feature.missing is None:
                raise PredictionError(
                    f"{feature.fact} is missing for some people, and the model does not say what then.",
                    "Give the feature `missing = NUMBER` or bands, or use a truth.",
                )
            values = np.where(gone, feature.missing, values)
        if feature.at_most is not None:
            values = np.minimum(values, feature.at_most)
        yield RawColumn(feature.fact, "", feature.words, values)
        return
    band = np.clip(np.searchsorted(feature.bands, np.where(gone, 0, values), side="right") - 1, 0, None)
    for place, label in enumerate(feature.labels):
        if label != feature.reference:
            words = f"{feature.words}: {label}, against {feature.reference}"
            yield RawColumn(feature.fact, label, words, ((band == place) & ~gone).astype(float))
    words = f"{feature.words}: {NOT_KNOWN}, against {feature.reference}"
    yield RawColumn(feature.fact, NOT_KNOWN, words, gone.astype(float))


def truths(facts: pa.Table, name: str) -> NDArray[np.bool_]:
    """A fact that is true or false, or a count, as truths."""
    return np.asarray(_numbers(facts, name) > 0)


def texts(facts: pa.Table, name: str, unknown: str = "Not known") -> NDArray[np.object_]:
    """A fact as texts; whole numbers without a decimal point, missing values as ``unknown``."""
    listed = facts.column(name).to_pylist()
    return np.array(
        [unknown if v is None else f"{v:g}" if isinstance(v, int | float) else str(v) for v in listed],
        dtype=object,
    )


def _numbers(facts: pa.Table, name: str) -> Floats:
    column = pc.cast(facts.column(name), pa.float64())
    return np.array(pc.fill_null(column, float("nan")).to_numpy(), dtype=np.float64)
