"""A people-level comparison as the one page that everybody reads: agreed criteria against what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from goldenthread.evaluation.comparison import MatchedComparison
from goldenthread.evaluation.criteria import Criterion, Level
from goldenthread.evaluation.effect import Effect, Measure
from goldenthread.evaluation.errors import EvaluationError
from goldenthread.evaluation.result import (
    Annex,
    BeforeAfter,
    Check,
    CriterionResult,
    Evaluation,
    GroupResult,
)

PASSED = {"passed": True, "concern": False, "not done": None, "stated": None}


def evaluation_of(
    comparison: MatchedComparison,
    *,
    title: str,
    criteria: Sequence[Criterion],
    agreed_on: date,
    evaluated_on: date,
    data_to: date,
    who: str = "people who were invited",
    compared_with: str = "similar people who were not",
    levels: Mapping[str, Level] | None = None,
    reasons: Mapping[str, str] | None = None,
    amendments: Sequence[str] = (),
    hashes: Mapping[str, str] | None = None,
) -> Evaluation:
    """Put a comparison beside what was agreed before the start.

    Each criterion is answered by the headline effect on the outcome of the same name: the rate ratio where the
    agreed unit is "%", else the rate difference. ``levels`` answers criteria on a level of our own people (the share
    reached, a score), by outcome. A criterion with neither gets the reason in ``reasons`` or the comparison's
    own note, and the verdict "cannot tell yet".
    """
    first = next((c for c in criteria if c.kind == "primary"), None)
    if first is None:
        raise EvaluationError(f"{title}: no primary criterion.", "Name the one thing agreed to matter most.")
    given, why = dict(levels or {}), dict(reasons or {})
    results = tuple(_answer(comparison, c, given, why) for c in criteria)
    naive, no_naive = _before_after(comparison, first.outcome)
    sentences = comparison.checks.set_index("check")["sentence"]
    return Evaluation(
        title=title,
        who=who,
        compared_with=compared_with,
        agreed_on=agreed_on,
        evaluated_on=evaluated_on,
        data_to=data_to,
        design_name=comparison.design_name,
        how_compared=_how(comparison),
        results=results,
        before_after=naive,
        no_before_after=no_naive,
        groups=_groups(comparison),
        amendments=tuple(amendments),
        cannot_show=_cannot_show(comparison, first.outcome),
        withdrawn=str(sentences["lost to follow-up"]),
        annex=Annex(
            method=comparison.notes,
            balance=comparison.balance,
            checks=tuple(
                Check(str(row["check"]), PASSED[str(row["result"])], str(row["sentence"]))
                for _, row in comparison.checks.iterrows()
            ),
            hashes=dict(hashes or {}),
        ),
    )


def _answer(
    comparison: MatchedComparison, criterion: Criterion, levels: dict[str, Level], reasons: dict[str, str]
) -> CriterionResult:
    name = criterion.outcome
    if name in levels:
        return CriterionResult(criterion, levels[name])
    measure: Measure = "rate ratio" if criterion.unit == "%" else "rate difference"
    found = None if criterion.on_level else comparison.headline(name, measure)
    if found is not None:
        return CriterionResult(criterion, found)
    note = next((n for n in comparison.notes if name in n and n.startswith("Not estimated.")), "")
    return CriterionResult(criterion, None, reasons.get(name) or note or "not among the outcomes compared")


def _before_after(comparison: MatchedComparison, outcome: str) -> tuple[BeforeAfter | None, str]:
    rows = comparison.naive[comparison.naive["outcome"] == outcome]
    if rows.empty:
        return None, f"{outcome} was not counted before and after."
    row = rows.iloc[0]
    if "treated_before" not in row.index or row[["treated_before", "control_before"]].isna().any():
        return None, str(row["sentence"])
    n, m = comparison.n_treated, comparison.n_control
    return (
        BeforeAfter(
            outcome,
            n * float(row["treated_before"]),
            n * float(row["treated_after"]),
            m * float(row["control_before"]),
            m * float(row["control_after"]),
        ),
        "",
    )


def _how(comparison: MatchedComparison) -> tuple[str, ...]:
    on = int(comparison.balance["matched_on"].sum())
    return (
        f"{comparison.n_treated:,} people and {comparison.n_control:,} like them, alike on {on} things.",
        "Everybody stays in the group they were in on the day of entry, whatever they took up.",
        "Both groups are followed from the same day or month, for as long as they were registered and alive.",
    )


def _groups(comparison: MatchedComparison) -> tuple[GroupResult, ...]:
    by_note: dict[tuple[str, str], Effect] = {(e.outcome, e.notes[0]): e for e in comparison.subgroup_effects}
    out = []
    for _, row in comparison.subgroups.iterrows():
        group = f"{row['subgroup']}: {row['level']}"
        found = by_note.get((str(row["outcome"]), group))
        out.append(GroupResult(group, str(row["outcome"]), found, str(row["reason"])))
    return tuple(out)


def _cannot_show(comparison: MatchedComparison, outcome: str) -> tuple[str, ...]:
    out = []
    for _, row in comparison.checks.iterrows():
        unexplained = row["check"] == "E-value" and str(row["sentence"]).startswith(outcome)
        if unexplained or row["result"] == "concern":
            out.append(str(row["sentence"]))
    out += [n for n in comparison.notes if "the result does not speak for them" in n]
    return tuple(dict.fromkeys(out))
