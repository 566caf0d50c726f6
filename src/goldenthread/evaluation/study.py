"""What a study of people is given, checked before anything is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Days, Ints
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.followup import DAY, to_days

FEWEST_TREATED = 20
"""Below this a comparison says nothing that chance could not."""

Role = Literal["primary", "secondary", "harm", "balancing", "negative control"]


@dataclass(frozen=True)
class Outcome:
    """Something counted, such as emergency admissions.

    events: a frame with ``pid``, ``date`` and optionally ``count`` (1 when absent), for everybody and for
    the time before entry as well as after. role: "negative control" is an outcome the programme cannot
    change; a difference in it betrays people who were not alike. "harm" and "balancing" are watched: worse is a
    concern (``lower_is_better`` says which way that is).
    """

    name: str
    events: pd.DataFrame = field(repr=False)
    role: Role = "primary"
    lower_is_better: bool = True

    def __post_init__(self) -> None:
        missing = {"pid", "date"} - set(self.events.columns)
        if missing:
            raise EvaluationError(
                f"{self.name}: the events have no column {', '.join(sorted(missing))}.", "Give pid and date."
            )


@dataclass(frozen=True)
class Study:
    """Treated people, candidates to compare them with, what is known of them, and what happened.

    treated: one row a person with ``pid``, ``entry`` (first day in the programme as assigned, taken up or not),
    the covariates, and optionally ``exit`` (last day registered or alive), ``exit_reason`` ("died" or "left"),
    ``registered_from`` and ``measured`` (last day of the covariates' window).

    candidates: one row a person, or a row per person and month, with ``pid``, ``eligible_from`` and
    ``eligible_to`` (days on which they could have been invited and were not), the same covariates and optional
    columns. A ``start`` column fixes a row's start date: it is then compared only with people who entered in the
    same calendar month. Without it a candidate's start is the entry day of the person they are matched to.

    Somebody treated later may serve as a candidate until the day before they enter, and then stays a comparator
    (as assigned); dropping such people would choose controls by their future.

    >>> def people(n, first):
    ...     return pd.DataFrame({"pid": range(first, first + n), "age": [60 + i % 30 for i in range(n)]})
    >>> study = Study(
    ...     treated=people(30, 0).assign(entry="2024-04-01"),
    ...     candidates=people(300, 100).assign(eligible_from="2024-01-01", eligible_to="2024-12-31"),
    ...     covariates=["age"],
    ...     outcomes=[Outcome("falls", pd.DataFrame({"pid": [0], "date": ["2024-06-01"]}))],
    ...     data_from=date(2022, 1, 1), data_to=date(2025, 3, 31))
    >>> len(study.candidates)
    300
    """

    treated: pd.DataFrame = field(repr=False)
    candidates: pd.DataFrame = field(repr=False)
    covariates: Sequence[str]
    outcomes: Sequence[Outcome]
    data_from: date
    data_to: date
    exact: Sequence[str] = ()
    cluster: str | None = None
    subgroups: Sequence[str] = ()
    quarters_before: int = 4
    quarters_after: int = 4
    drop_constant: bool = False

    def __post_init__(self) -> None:
        _check_shape(self)
        if len(self.treated) < FEWEST_TREATED:
            raise Refusal(
                f"Too few people to evaluate: {len(self.treated)} were treated, at least {FEWEST_TREATED} are needed.",
                "Wait until more have entered, or report the count alone.",
            )


@dataclass(frozen=True)
class People:
    """Both groups as arrays, the treated first. Dates are to the day; ``start`` is missing where not yet fixed."""

    pid: Ints
    treated: np.ndarray
    start: Days
    eligible_from: Days
    eligible_to: Days
    observed_from: Days
    observed_to: Days
    exit_reason: np.ndarray
    notes: tuple[str, ...]


def people_of(study: Study) -> People:
    """Lay the two frames end to end, with the risk-set and immortal-time rules applied.

    Refused: covariates measured after entry, treated people not there on their entry day, and candidates
    eligible before their covariates are known have that time taken away.
    """
    low, high = np.datetime64(study.data_from, "D"), np.datetime64(study.data_to, "D")
    t, c = study.treated, study.candidates
    entry = to_days(t["entry"], "entry")
    _treated_dates(t, entry, low, high)
    begin, end = to_days(c["eligible_from"], "eligible_from"), to_days(c["eligible_to"], "eligible_to")
    exits = [_dates(frame, "exit", high) for frame in (t, c)]
    known = [_dates(frame, "registered_from", low) for frame in (t, c)]
    _in_order("candidates", begin, end, "eligible_from", "eligible_to", c["pid"])
    notes: list[str] = []
    begin, end = np.maximum(begin, known[1]), np.minimum(np.minimum(end, exits[1]), high)
    if "measured" in c.columns:
        begin = np.maximum(begin, to_days(c["measured"], "measured"))
    if not {"measured"} <= set(t.columns) & set(c.columns):
        notes.append("Covariate dates were not given, so that they precede entry is taken on trust.")
    start = np.full(len(c), np.datetime64("NaT"), dtype="M8[D]")
    end = _until_treated(t, entry, c, end, notes)
    if "start" in c.columns:
        start = to_days(c["start"], "start")
        bad = ~((begin <= start) & (start <= end))
        if bad.any():
            notes.append(f"{int(bad.sum()):,} candidate rows left out: not eligible on their start date.")
        begin, end = np.where(bad, high, start), np.where(bad, low, start)
    nowhere = np.full(len(t), np.datetime64("NaT"), dtype="M8[D]")
    return People(
        np.concatenate([t["pid"].to_numpy(), c["pid"].to_numpy()]).astype(np.int64),
        np.arange(len(t) + len(c)) < len(t),
        np.concatenate([entry, start]),
        np.concatenate([nowhere, begin]),
        np.concatenate([nowhere, end]),
        np.maximum(np.concatenate(known), low),
        np.minimum(np.concatenate(exits), high),
        np.concatenate([_reasons(t), _reasons(c)]),
        tuple(notes),
    )


def _check_shape(study: Study) -> None:
    needs = (
        ("treated", study.treated, ["pid", "entry"]),
        ("candidates", study.candidates, ["pid", "eligible_from", "eligible_to"]),
    )
    extra = [*study.covariates, *study.exact, *study.subgroups, *([study.cluster] if study.cluster else [])]
    for name, frame, columns in needs:
        absent = [c for c in dict.fromkeys([*columns, *extra]) if c not in frame.columns]
        if absent:
            raise EvaluationError(
                f"The {name} have no column {', '.join(absent)}.",
                f"There are: {', '.join(map(str, frame.columns))}.",
            )
        if frame["pid"].isna().any():
            raise EvaluationError(f"Some {name} have no pid.", "Leave them out or link them first.")
        keys = [*study.exact, *([study.cluster] if study.cluster else [])]
        for column in keys:
            if frame[column].isna().any():
                raise EvaluationError(
                    f"{column} is missing for {int(frame[column].isna().sum()):,} of the {name}.",
                    "Give it a value of its own, such as 'not recorded'.",
                )
    if study.treated["pid"].duplicated().any():
        who = study.treated["pid"][study.treated["pid"].duplicated()].iloc[0]
        raise EvaluationError(f"Person {who} is among the treated twice.", "Keep their first entry.")
    if not len(study.covariates):
        raise EvaluationError("No covariates to match on.", "Name at least age, sex and earlier use.")
    if not study.outcomes:
        raise EvaluationError("No outcome.", "Give at least one.")
    names = [o.name for o in study.outcomes]
    if len(set(names)) < len(names):
        raise EvaluationError("Two outcomes have the same name.", "Name each differently.")
    if study.data_to <= study.data_from:
        raise EvaluationError("The data end before they begin.", "Check data_from and data_to.")
    if study.quarters_before < 1 or study.quarters_after < 1:
        raise EvaluationError(
            "A comparison needs time before and after.", "Give at least one quarter of each."
        )
    leaks = [c for c in study.covariates if c in {"entry", "exit", "exit_reason", "eligible_to", "pid"}]
    if leaks:
        raise EvaluationError(
            f"{', '.join(leaks)} cannot be a covariate: it is not known before entry.", "Leave it out."
        )


def _treated_dates(t: pd.DataFrame, entry: Days, low: np.datetime64, high: np.datetime64) -> None:
    if np.isnat(entry).any():
        who = t["pid"].to_numpy()[np.isnat(entry)][0]
        raise EvaluationError(f"Person {who} has no entry date.", "Give the day they were assigned.")
    outside = (entry < low) | (entry > high)
    if outside.any():
        raise EvaluationError(
            f"{int(outside.sum())} people entered outside the data ({low} to {high}).",
            "Widen the data or leave them out.",
        )
    _in_order("treated", entry, _dates(t, "exit", high), "entry", "exit", t["pid"])
    if "registered_from" in t.columns:
        _in_order("treated", _dates(t, "registered_from", low), entry, "registered_from", "entry", t["pid"])
    if "measured" in t.columns:
        late = to_days(t["measured"], "measured") > entry
        if late.any():
            raise EvaluationError(
                f"Covariates of {int(late.sum())} treated people were measured after they entered "
                f"(first: person {t['pid'].to_numpy()[late][0]}).",
                "Measure them up to the day of entry: later values may be the programme's own doing.",
            )


def _in_order(who: str, first: Days, second: Days, a: str, b: str, pid: pd.Series) -> None:
    wrong = first > second
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise EvaluationError(
            f"{who}: person {pid.iloc[at]} has {a} ({first[at]}) after {b} ({second[at]}), "
            f"so their follow-up is negative; {int(wrong.sum())} such.",
            "Correct the dates or leave these people out.",
        )


def _dates(frame: pd.DataFrame, column: str, default: np.datetime64) -> Days:
    if column not in frame.columns:
        return np.full(len(frame), default)
    days = to_days(frame[column], column)
    return np.where(np.isnat(days), default, days)


def _until_treated(t: pd.DataFrame, entry: Days, c: pd.DataFrame, end: Days, notes: list[str]) -> Days:
    """A person is a candidate only until the day before they enter the programme themselves."""
    order = np.argsort(t["pid"].to_numpy(), kind="stable")
    pids = t["pid"].to_numpy()[order]
    at = np.minimum(np.searchsorted(pids, c["pid"].to_numpy()), len(pids) - 1)
    same = pids[at] == c["pid"].to_numpy()
    if same.any():
        people = int(c["pid"][same].nunique())
        notes.append(f"{people:,} treated people were also candidates, until the day before they entered.")
        end = np.where(same, np.minimum(end, entry[order][at] - DAY), end)
    return end


def _reasons(frame: pd.DataFrame) -> np.ndarray:
    if "exit_reason" not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    reason = frame["exit_reason"].astype("object").where(frame["exit_reason"].notna(), "").to_numpy()
    odd = sorted(set(reason) - {"", "died", "left"})
    if odd:
        raise EvaluationError(f"Unknown exit reason {odd[0]!r}.", "Use 'died' or 'left'.")
    return np.asarray(reason, dtype=object)
