"""Predicted need: a model of emergency admission fitted on the data itself, shown before it is used, beside what can be done."""

from typing import TYPE_CHECKING

from goldenthread.fetching import fetched
from goldenthread.prediction.definition import (
    Feature,
    Limits,
    ModelDefinition,
    model_definition,
    model_definitions,
)
from goldenthread.prediction.errors import PredictionError

if TYPE_CHECKING:
    from goldenthread.prediction.fitted import Column, FittedModel, StoredTable, latest, save
    from goldenthread.prediction.fitting import check_purpose, date_of_use, fit, outcome_span
    from goldenthread.prediction.using import GROUPS, IMPACTABILITY, by_group, impactability
    from goldenthread.prediction.validation import Discrimination, Line, auc, brier, calibration_line
else:
    __getattr__ = fetched(
        __name__,
        {
            "fitted": ("Column", "FittedModel", "StoredTable", "latest", "save"),
            "fitting": ("check_purpose", "date_of_use", "fit", "outcome_span"),
            "using": ("GROUPS", "IMPACTABILITY", "by_group", "impactability"),
            "validation": ("Discrimination", "Line", "auc", "brier", "calibration_line"),
        },
    )

__all__ = [
    "GROUPS",
    "IMPACTABILITY",
    "Column",
    "Discrimination",
    "Feature",
    "FittedModel",
    "Limits",
    "Line",
    "ModelDefinition",
    "PredictionError",
    "StoredTable",
    "auc",
    "brier",
    "by_group",
    "calibration_line",
    "check_purpose",
    "date_of_use",
    "fit",
    "impactability",
    "latest",
    "model_definition",
    "model_definitions",
    "outcome_span",
    "save",
]
