"""A fitted model as a document: coefficients, what it was fitted on, and what it showed; nothing that runs when it is read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from goldenthread.definitions import Catalogue
from goldenthread.disclosure import ReleasedTable
from goldenthread.prediction.columns import Floats, columns_of
from goldenthread.prediction.definition import ModelDefinition
from goldenthread.prediction.errors import PredictionError

FOLDER = "models"
REFIT = "Fit it again: `goldenthread need fit`."


@dataclass(frozen=True)
class Column:
    """One coefficient. ``coefficient`` is for the column less its ``mean``, over its ``sd``."""

    name: str
    words: str
    mean: float
    sd: float
    coefficient: float

    @property
    def odds_ratio(self) -> float:
        """By how much the odds are multiplied for one more of it.

        >>> round(Column("copd", "COPD", 0.1, 0.3, 0.3).odds_ratio, 3)
        2.718
        """
        return float(np.exp(self.coefficient / self.sd))


@dataclass(frozen=True)
class StoredTable:
    """A released table as it was shown: texts for people, and rows for programs with hidden figures empty."""

    title: str
    headings: list[str]
    shown: list[list[str]]
    rows: list[dict[str, Any]]
    message: str

    @classmethod
    def of(cls, title: str, released: ReleasedTable, headings: Mapping[str, str]) -> StoredTable:
        """Keep a released table; ``headings`` say what its columns are called."""
        names = [str(c) for c in released.frame.columns]
        rows = []
        for values, hidden in zip(
            released.frame.itertuples(index=False, name=None), released.suppressed.to_numpy(), strict=True
        ):
            row: dict[str, Any] = {n: _plain(v) for n, v in zip(names, values, strict=True)}
            if hidden.any():
                row["suppressed"] = [n for n, h in zip(names, hidden, strict=True) if h]
            rows.append(row)
        shown = [[str(cell) for cell in row] for row in released.display().to_numpy().tolist()]
        return cls(title, [headings.get(n, n) for n in names], shown, rows, released.message)


@dataclass(frozen=True)
class FittedModel:
    """A model fitted on the data of one system, with the validation that it showed. Dates are ISO texts."""

    name: str
    title: str
    rule: str
    source: str
    version: str
    definition_hash: str
    catalogue_hash: str
    snapshot: str
    purpose: str
    fitted_at: str
    validated_at: str
    outcome_to: str
    made: str
    intercept: float
    columns: list[Column]
    figures: dict[str, float]
    tables: dict[str, StoredTable]
    reasons: list[str] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def fit_for_use(self) -> bool:
        """Whether it showed what its definition asks for."""
        return not self.reasons

    @property
    def verdict(self) -> str:
        """In a sentence, whether it may be used."""
        if self.fit_for_use:
            unseen = " For groups too few to be judged nothing is shown." if self.not_judged else ""
            return f"Shown to be fit for use here, within the limits that its definition declares.{unseen}"
        return f"Not shown to be fit for use here: {'; '.join(self.reasons)}."

    def check_usable(self, definition: ModelDefinition, catalogue: Catalogue) -> None:
        """Raise ``PredictionError`` unless it is of these definitions and showed that it fits."""
        if self.definition_hash != definition.hash():
            raise PredictionError(f"The model {self.name} has been declared anew since it was fitted.", REFIT)
        if self.catalogue_hash != catalogue.hash():
            raise PredictionError(
                f"The model {self.name} was fitted on another version of the definitions and codelists.",
                REFIT,
            )
        if not self.fit_for_use:
            raise PredictionError(
                self.verdict,
                "See `goldenthread need show`. More people, better recording, or other features may mend it; then fit it again.",
            )

    def risk(self, facts: pa.Table, definition: ModelDefinition) -> Floats:
        """The chance of the outcome for each row of ``facts``, between 0 and 1.

        Raises ``PredictionError`` where ``definition`` gives other columns than the model has.
        """
        score = np.full(facts.num_rows, self.intercept)
        left = {c.name: c for c in self.columns}
        for feature in definition.features:
            for raw in columns_of(feature, facts):
                column = left.pop(raw.name, None)
                if column is not None:
                    score += column.coefficient * (raw.numbers - column.mean) / column.sd
        if left:
            raise PredictionError(
                f"The model has a column {next(iter(left))!r} that its definition has not.", REFIT
            )
        return np.asarray(1 / (1 + np.exp(-score)))

    def to_json(self) -> dict[str, Any]:
        """The document that is kept."""
        return asdict(self) | {"fit_for_use": self.fit_for_use}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> FittedModel:
        """Read the document again."""
        values = {k: v for k, v in content.items() if k != "fit_for_use"}
        values["columns"] = [Column(**c) for c in values["columns"]]
        values["tables"] = {n: StoredTable(**t) for n, t in values["tables"].items()}
        return cls(**values)


def save(model: FittedModel, home: Path) -> Path:
    """Keep a model under ``home/models/<name>/<snapshot>-<hash>.json``; an earlier one stays beside it."""
    text = json.dumps(model.to_json(), indent=1, ensure_ascii=False)
    folder = home / FOLDER / model.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.snapshot}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(text, "utf-8")
    os.replace(draft, path)
    return path


def latest(home: Path, name: str) -> FittedModel:
    """The model of this name fitted last. Raises ``PredictionError`` where there is none, or where it cannot be read."""
    found = []
    for path in sorted((home / FOLDER / name).glob("*.json")):
        try:
            found.append(FittedModel.from_json(json.loads(path.read_text("utf-8"))))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PredictionError(
                f"{path} cannot be read as a fitted model.", f"Delete it. {REFIT}"
            ) from None
    if not found:
        raise PredictionError(f"No model {name} has been fitted here.", REFIT.replace(" again", ""))
    return max(found, key=lambda m: m.made)


def _plain(value: object) -> Any:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return value.item() if isinstance(value, np.generic) else value
