"""Fitting on one year, and showing on the next how good the fit is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from goldenthread.cohorts import Population
from goldenthread.governance import Purpose, eligible
from goldenthread.lake import Snapshot
from goldenthread.measures import evaluate
from goldenthread.model import tables
from goldenthread.prediction.columns import Floats, columns_of, texts, truths
from goldenthread.prediction.definition import Limits, ModelDefinition
from goldenthread.prediction.errors import PredictionError
from goldenthread.prediction.fitted import Column, FittedModel, StoredTable
from goldenthread.prediction.tables import UNKNOWN, calibration_table
from goldenthread.prediction.validation import auc, brier, calibration_line, tenths

_TENTHS = tuple(
    "1, lowest risk" if n == 1 else "10, highest risk" if n == 10 else str(n) for n in range(1, 11)
)
_FIFTHS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True)
class _Year:
    """People as they were on one date, and what came after."""

    index: date
    facts: pa.Table
    outcome: NDArray[np.bool_]

    @property
    def pids(self) -> NDArray[np.int32]:
        return np.asarray(self.facts.column("pid").to_numpy())


def check_purpose(purpose: Purpose) -> None:
    """Raise ``PredictionError`` for a purpose under which people with a Type 1 opt-out would stay in."""
    if not purpose.type_1:
        raise PredictionError(
            f"Risk stratification of a population is a secondary use, and {purpose.title.lower()} is not.",
            "Use planning, evaluation or research: there, people with a Type 1 opt-out leave.",
        )


def outcome_span(snapshot: Snapshot, table: str) -> tuple[date, date]:
    """First day with a row in ``table``, and the last day to which it is complete.

    Hospital data reach the system later than the GP record, and its last month is never whole, so it ends with the last
    whole month before its last row. Raises ``PredictionError`` where the table has no dates or no rows.
    """
    declared = tables().get(table)
    if declared is None or "date" not in declared.columns:
        raise PredictionError(f"The outcome is counted from {table}, which has no dates of its own.")
    connection = snapshot.connect(only=(table,))
    try:
        row = connection.execute(
            f"SELECT min(date), max(date) FROM {table} WHERE date <= ?", [snapshot.data_date]
        ).fetchone()
    finally:
        connection.close()
    if row is None or row[0] is None:
        raise PredictionError(
            f"There are no rows in {table}, so there is nothing to fit on.", "Load the feed, then try again."
        )
    first, last = row
    whole = last if (last + timedelta(days=1)).day == 1 else last.replace(day=1) - timedelta(days=1)
    return first, whole


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the month's last day where there is no such day.

    >>> months_before(date(2024, 2, 29), 12)
    datetime.date(2023, 2, 28)
    """
    month = day.year * 12 + day.month - 1 - months
    start = date(month // 12, month % 12 + 1, 1)
    after = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(start.replace(day=1) + timedelta(days=day.day - 1), after - timedelta(days=1))


def date_of_use(population: Population, definition: ModelDefinition) -> date:
    """The last day to which what the model counts is complete: risks are worked out as at that day.

    Later, hospital use would be counted short and risks be too low.
    """
    definition.check(population.catalogue, population.variables)
    table = population.catalogue.measures[definition.outcome].table
    return outcome_span(population.snapshot, table)[1]


def fit(
    population: Population, definition: ModelDefinition, *, memory_mb: int = 1000, threads: int = 2
) -> FittedModel:
    """Fit on the people of two horizons ago, validate on those of one horizon ago, and say whether it may be used.

    ``population`` gives the snapshot, the definitions, the purpose and who is told. Everything shown is out of time: the
    outcomes of the validation came after everything the model has seen. Deterministic.

    Raises ``PredictionError`` for a purpose that keeps people with a Type 1 opt-out in, too few events or a history that
    is too short, ``DefinitionError`` for a definition that cannot be used.
    """
    check_purpose(population.purpose)
    definition.check(population.catalogue, population.variables)
    outcome = population.catalogue.measures[definition.outcome]
    first, end = outcome_span(population.snapshot, outcome.table)
    months = definition.horizon.amount
    fitted_at, validated_at = months_before(end, 2 * months), months_before(end, months)
    if first >= fitted_at:
        raise PredictionError(
            f"The outcome is known from {_day(first)} to {_day(end)}, and the model needs {2 * months} months of it and what went before.",
            "Load more of the past.",
        )
    training = _year(population, definition, fitted_at, validated_at, memory_mb, threads)
    names, matrix, notes = _matrix(definition, training.facts)
    _enough(training.outcome, definition.limits, len(names), fitted_at)
    if first > months_before(fitted_at, months) + timedelta(days=1):
        notes.append(
            f"Hospital data begin on {_day(first)}, so at the fitting date the year before is not whole; counts in it are a little low."
        )
    columns, intercept = _fit(names, matrix, training.outcome, definition.penalty)
    del matrix
    testing = _year(population, definition, validated_at, end, memory_mb, threads)
    blank = FittedModel(
        name=definition.name, title=definition.title, rule=definition.rule, source=definition.source, version=definition.version,
        definition_hash=definition.hash(), catalogue_hash=population.catalogue.hash(), snapshot=population.snapshot.id,
        purpose=population.purpose.name, fitted_at=fitted_at.isoformat(), validated_at=validated_at.isoformat(),
        outcome_to=end.isoformat(), made=datetime.now(UTC).isoformat(), intercept=intercept, columns=columns,
        figures={}, tables={}, notes=notes,
    )  # fmt: skip
    return _validated(blank, population, definition, testing)


def _year(
    population: Population,
    definition: ModelDefinition,
    index: date,
    after: date,
    memory_mb: int,
    threads: int,
) -> _Year:
    """People registered and alive on ``index`` who may be asked about, and whether the outcome came by ``after``."""
    snapshot, catalogue = population.snapshot, population.catalogue
    may = eligible(
        population.purpose,
        snapshot,
        without_practices=population.without_practices_for([*definition.facts, definition.outcome]),
    )
    wanted = list(dict.fromkeys(["registered", "imd_quintile", "ethnic_group", *definition.facts]))
    facts = evaluate(
        snapshot, catalogue, wanted, index_date=index, eligible=may, memory_mb=memory_mb, threads=threads
    )
    facts = facts.filter(facts.column("registered")).combine_chunks()
    pids = facts.column("pid").combine_chunks()
    later = evaluate(
        snapshot,
        catalogue,
        [definition.outcome],
        index_date=after,
        eligible=pids,
        memory_mb=memory_mb,
        threads=threads,
    )
    if not later.column("pid").combine_chunks().equals(pids):
        raise PredictionError(
            "Some people of the fitting date are not in the data at the end of the year.",
            "Run `goldenthread refresh`.",
        )
    return _Year(index, facts, truths(later, definition.outcome))


def _matrix(definition: ModelDefinition, facts: pa.Table) -> tuple[list[tuple[str, str]], Floats, list[str]]:
    """Columns that differ between people, with names and words, and a note for each that does not."""
    names, kept, notes = [], [], []
    for feature in definition.features:
        for raw in columns_of(feature, facts):
            if len(raw.numbers) and np.ptp(raw.numbers) > 0:
                names.append((raw.name, raw.words))
                kept.append(raw.numbers)
            elif not raw.name.endswith(": not known"):
                notes.append(f"{raw.words} is left out: it is the same for everybody at the fitting date.")
    if not kept:
        raise PredictionError("No feature differs between people, so there is nothing to fit.")
    return names, np.column_stack(kept), notes


def _enough(outcome: NDArray[np.bool_], limits: Limits, columns: int, index: date) -> None:
    needed = max(limits.events, int(np.ceil(limits.events_per_column * columns)))
    if outcome.sum() < needed:
        raise PredictionError(
            f"Too few events: the year after {_day(index)} has fewer than the {needed:,} people with the outcome "
            f"that a model of {columns} columns asks for.",
            "Fit on a larger population, or declare a model with fewer features.",
        )


def _fit(
    names: list[tuple[str, str]], matrix: Floats, outcome: NDArray[np.bool_], penalty: float
) -> tuple[list[Column], float]:
    from sklearn.linear_model import LogisticRegression

    means, sds = matrix.mean(axis=0), matrix.std(axis=0)
    matrix -= means
    matrix /= sds
    model = LogisticRegression(C=1 / penalty, solver="lbfgs", max_iter=2000, tol=1e-8)
    model.fit(matrix, outcome)
    columns = [
        Column(name, words, float(m), float(s), round(float(c), 10))
        for (name, words), m, s, c in zip(names, means, sds, model.coef_[0], strict=True)
    ]
    return columns, round(float(model.intercept_[0]), 10)


def _validated(
    model: FittedModel, population: Population, definition: ModelDefinition, year: _Year
) -> FittedModel:
    risk, outcome, limits = model.risk(year.facts, definition), year.outcome, definition.limits
    needed = limits.events
    if outcome.sum() < needed:
        raise PredictionError(
            f"Too few events: the year after {_day(year.index)} has fewer than the {needed:,} people with the outcome that validation asks for.",
            "Validate on a larger population.",
        )
    area, line = auc(outcome, risk), calibration_line(outcome, risk)
    share = float(outcome.mean())
    figures = {
        "auc": area.value, "auc_lower": area.lower, "auc_upper": area.upper,
        "slope": line.slope, "slope_lower": line.slope_lower, "slope_upper": line.slope_upper,
        "intercept": line.intercept, "intercept_lower": line.intercept_lower, "intercept_upper": line.intercept_upper,
        "brier": brier(outcome, risk), "brier_if_all_alike": share * (1 - share),
    }  # fmt: skip
    groups = {
        "risk_tenth": ("By tenth of predicted risk", np.array(_TENTHS, object)[tenths(risk) - 1], _TENTHS),
        "imd_quintile": (
            "By deprivation fifth (1 is the most deprived)",
            texts(year.facts, "imd_quintile"),
            _FIFTHS,
        ),
        "ethnic_group": ("By ethnic group", texts(year.facts, "ethnic_group"), ()),
    }
    reasons, not_judged, shown = _overall_reasons(figures, outcome, risk, limits), [], {}
    for name, (title, labels, order) in groups.items():
        shown[name] = calibration_table(
            population, title, labels, year.pids, outcome, risk, order=order,
            question=f"validation of {model.name} | {name} | {year.index} | {model.catalogue_hash[:16]}",
        )  # fmt: skip
        if name != "risk_tenth":
            wrong, few = judge_groups(shown[name], labels, outcome, risk, limits)
            reasons += wrong
            not_judged += few
    return _with(model, figures, shown, reasons, not_judged)


def _with(
    model: FittedModel,
    figures: dict[str, float],
    shown: dict[str, StoredTable],
    reasons: list[str],
    not_judged: list[str],
) -> FittedModel:
    figures = {name: round(value, 6) for name, value in figures.items()}
    return replace(model, figures=figures, tables=shown, reasons=reasons, not_judged=not_judged)


def _overall_reasons(
    figures: dict[str, float], outcome: NDArray[np.bool_], risk: Floats, limits: Limits
) -> list[str]:
    reasons = []
    if figures["auc"] < limits.auc:
        reasons.append(f"discrimination is {figures['auc']:.2f}, under {limits.auc:g}")
    if not limits.slope[0] <= figures["slope"] <= limits.slope[1]:
        reasons.append(f"the calibration slope is {figures['slope']:.2f}, outside {_between(limits.slope)}")
    ratio = float(outcome.sum() / risk.sum())
    if not limits.overall[0] <= ratio <= limits.overall[1]:
        reasons.append(
            f"observed over expected is {ratio:.2f} among everybody, outside {_between(limits.overall)}"
        )
    return reasons


def judge_groups(
    table: StoredTable, labels: NDArray[np.object_], outcome: NDArray[np.bool_], risk: Floats, limits: Limits
) -> tuple[list[str], list[str]]:
    """Groups whose observed over expected is outside the limits, and groups with too few expected to be judged.

    People whose group is not known are judged like any other: a model may fail just those about whom little is known.
    """
    reasons, few = [], []
    shown = {row["group"]: row["ratio"] for row in table.rows}
    what = table.title.split(" (")[0].removeprefix("By ")
    for group in sorted(set(labels), key=lambda g: (g in UNKNOWN, g)):
        inside = labels == group
        expected = float(risk[inside].sum())
        if expected < limits.group_expected:
            few.append(f"{what} {group}")
            continue
        ratio = float(outcome[inside].sum()) / expected
        if not limits.group[0] <= ratio <= limits.group[1]:
            # a ratio that the table hides is hidden here as well
            figure = "" if shown.get(group) is None else f"{shown[group]:.2f}, "
            reasons.append(
                f"observed over expected in {what} {group} is {figure}outside {_between(limits.group)}"
            )
    return reasons, few


def _between(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} to {pair[1]:g}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
