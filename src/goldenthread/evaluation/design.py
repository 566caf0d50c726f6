"""Covariates as a matrix: numbers as they are, categories one column a level, missing values marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Bools, Floats
from goldenthread.evaluation.errors import EvaluationError

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Design:
    """One row per person, one column per number or level of a category.

    ``matrix`` has every level (the balance table shows them all); ``reference`` marks the levels a
    regression leaves out. ``binary`` marks 0/1 columns. ``notes`` say what was filled or dropped.
    """

    matrix: Floats
    names: tuple[str, ...]
    binary: Bools
    reference: Bools
    notes: tuple[str, ...] = ()

    @property
    def regressors(self) -> Floats:
        """The columns a regression uses, without intercept and without reference levels."""
        return self.matrix.T[~self.reference].T if self.reference.any() else self.matrix


def design_matrix(
    frames: Sequence[pd.DataFrame], covariates: Sequence[str], *, drop_constant: bool = False
) -> Design:
    """Encode the covariates of several frames, one below the other.

    Numbers and true/false become one column each; text and categories one column per level, named
    ``"sex: F"``. A missing number is filled with the mean and marked in a column of its own
    (``"bmi: not recorded"``); a missing category is a level of its own. A covariate that is the same for
    everybody is an error, or is dropped with a note when ``drop_constant``.

    Matching on the indicator of missingness as well as the filled value: Rosenbaum & Rubin (1984),
    JASA 79:516.

    >>> people = pd.DataFrame({"age": [70, 80, 75], "sex": ["F", "M", "F"]})
    >>> design_matrix([people], ["age", "sex"]).names
    ('age', 'sex: F', 'sex: M')
    """
    rows = sum(len(frame) for frame in frames)
    columns: list[Floats] = []
    names: list[str] = []
    reference: list[bool] = []
    notes: list[str] = []
    constant: list[str] = []
    for name in covariates:
        parts = [_column(frame, name) for frame in frames]
        if all(pd.api.types.is_numeric_dtype(p) or pd.api.types.is_bool_dtype(p) for p in parts):
            values = np.concatenate([p.to_numpy(dtype=np.float64, na_value=np.nan) for p in parts])
            made, labels, note = _numeric(values, name)
            refs = [False] * len(made)
        else:
            made, labels, refs = _levels(parts, name)
            note = ""
        if note:
            notes.append(note)
        if len(made) == 1 and made[0].min() == made[0].max():
            constant.append(name)
            continue
        columns += made
        names += labels
        reference += refs
    if constant and not drop_constant:
        raise EvaluationError(
            f"The same for everybody, so nothing to match on: {', '.join(constant)}.",
            "Leave these covariates out, or pass drop_constant=True.",
        )
    notes += [f"Left out, the same for everybody: {name}." for name in constant]
    if not columns:
        raise EvaluationError("No covariate is left to match on.", "Name at least one that varies.")
    matrix = np.empty((rows, len(columns)), dtype=np.float64, order="F")  # everything here goes by column
    for j, column in enumerate(columns):
        matrix[:, j] = column
    binary = np.array([is_binary(c) for c in columns])
    return Design(matrix, tuple(names), binary, np.array(reference, dtype=np.bool_), tuple(notes))


def is_binary(column: Floats) -> bool:
    """Whether a column holds only zeros and ones.

    >>> is_binary(np.array([0.0, 1.0])), is_binary(np.array([0.0, 2.0]))
    (True, False)
    """
    return all(bool(((part == 0) | (part == 1)).all()) for part in (column[:1000], column))


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise EvaluationError(
            f"No column {name!r}; there are {', '.join(map(str, frame.columns))}.",
            "Give the same covariates for the treated and the candidates.",
        )
    return frame[name]


def _numeric(values: Floats, name: str) -> tuple[list[Floats], list[str], str]:
    if np.isinf(values).any():
        raise EvaluationError(f"{name} holds an infinite value.", "Correct it or make it missing.")
    missing = np.isnan(values)
    if not missing.any():
        return [values], [name], ""
    if missing.all():
        raise EvaluationError(f"{name} is missing for everybody.", "Leave it out.")
    filled = np.where(missing, values[~missing].mean(), values)
    note = f"{name}: {int(missing.sum()):,} of {len(values):,} not recorded, marked in a column of its own."
    return [filled, missing.astype(np.float64)], [name, f"{name}: {NOT_RECORDED}"], note


def _levels(parts: Sequence[pd.Series], name: str) -> tuple[list[Floats], list[str], list[bool]]:
    labels = [p.astype("object").where(p.notna(), NOT_RECORDED).astype(str).to_numpy() for p in parts]
    codes, levels = pd.factorize(np.concatenate(labels), sort=True)
    if len(levels) > 200:
        raise EvaluationError(
            f"{name} has {len(levels):,} levels.", "Group them, or match on it exactly instead."
        )
    made = [(codes == i).astype(np.float64) for i in range(len(levels))]
    return made, [f"{name}: {level}" for level in levels], [i == 0 for i in range(len(levels))]
