"""Were the people helped better off than people like them? The whole comparison in one call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from goldenthread.evaluation.arrays import Floats, Ints
from goldenthread.evaluation.balance import GOOD, balance_table, largest_difference
from goldenthread.evaluation.checks import Checks
from goldenthread.evaluation.design import Design
from goldenthread.evaluation.effect import Effect, Measure
from goldenthread.evaluation.effects import Model, arms, difference_in_differences, rate_effects
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.followup import lost, quarters
from goldenthread.evaluation.honesty import (
    attrition,
    before_and_after,
    holm,
    in_words,
    placebo,
    regression_to_the_mean,
)
from goldenthread.evaluation.sample import Method, Sample, build
from goldenthread.evaluation.study import Outcome, People, Study
from goldenthread.evaluation.subgroups import subgroup_effects
from goldenthread.evaluation.timeline import event_study

DEATHS = "Deaths"


@dataclass(frozen=True)
class MatchedComparison:
    """Everything one page needs, and everything a sceptic asks for.

    flow: arm, step, people. balance: one row per covariate, before and after (a Love plot's frame), with
    ``matched_on`` false for earlier outcomes that were looked at and not matched on. effects: for each
    outcome the headline (``headline(outcome)``), then its checks by other methods. naive: each outcome's
    before-after in both groups with a sentence. checks: check, result ("passed", "concern", "not done",
    "stated"), value, lower, upper, sentence. subgroups and event_study: frames; a figure that cannot be given is
    empty and its ``reason`` says why. people: pid, treated, set (of the matched), start, weight. notes: what a reader must know.
    """

    flow: pd.DataFrame
    balance: pd.DataFrame
    effects: tuple[Effect, ...]
    naive: pd.DataFrame
    checks: pd.DataFrame
    subgroups: pd.DataFrame
    event_study: pd.DataFrame
    attrition: pd.DataFrame
    people: pd.DataFrame = field(repr=False)
    subgroup_effects: tuple[Effect, ...]
    n_treated: int
    n_control: int
    design_name: str
    notes: tuple[str, ...] = field(default=())

    def headline(self, outcome: str, measure: Measure = "rate ratio") -> Effect | None:
        """The adjusted effect on an outcome, or None when it could not be estimated (see the notes)."""
        for effect in self.effects:  # the adjusted effects of an outcome stand first
            if effect.outcome == outcome and effect.measure == measure:
                return effect
        return None


def compare(
    study: Study,
    *,
    method: Method = "matching",
    distance: Literal["propensity", "mahalanobis"] = "propensity",
    caliper: float | None = 0.2,
    ratio: int = 3,
    replace: bool = False,
    adjust: bool = True,
    model: Model = "poisson",
    seed: int = 0,
    confidence: float = 0.95,
    largest_unmatched: float = 0.2,
) -> MatchedComparison:
    """Compare treated people with people like them, as assigned (intention to treat).

    caliper: in standard deviations of the propensity logit. ratio: comparators per person. adjust: a
    log-linear model on the comparators' covariates and earlier events takes up what matching left (doubly
    robust). model: "negative binomial" changes its weights, not what it estimates. largest_unmatched: the share
    of treated people without a comparator above which the comparison is refused.

    Raises EvaluationError for input that is wrong and Refusal when a fair comparison is not possible.
    """
    if not 0 < confidence < 1:
        raise EvaluationError(f"A confidence of {confidence} is not possible.", "Use 0.95, for example.")
    sample, people, design = build(
        study,
        method=method,
        distance=distance,
        caliper=caliper,
        ratio=ratio,
        replace=replace,
        seed=seed,
        largest_unmatched=largest_unmatched,
    )
    work = _Work(study, sample, people, design, adjust, model, confidence, method)
    return work.run()


class _Work:
    """The steps after the people are chosen; each adds to the lists that make up the result."""

    def __init__(
        self,
        study: Study,
        sample: Sample,
        people: People,
        design: Design,
        adjust: bool,
        model: Model,
        confidence: float,
        method: Method,
    ) -> None:
        self.study, self.sample, self.people, self.design = study, sample, people, design
        self.adjust, self.model, self.confidence, self.method = adjust, model, confidence, method
        self.groups = arms(
            sample.treated, weights=sample.weights, clusters=sample.clusters, person=sample.pid
        )
        self.time = quarters(
            sample.start,
            people.observed_from[sample.row],
            people.observed_to[sample.row],
            before=study.quarters_before,
            after=study.quarters_after,
        )
        self.before = self.time.columns(-study.quarters_before, -1)
        self.after = self.time.columns(1, study.quarters_after)
        self.notes: list[str] = list(sample.notes)
        self.checks = Checks()

    def run(self) -> MatchedComparison:
        counts: dict[str, Floats] = {}
        for outcome in self.study.outcomes:
            counts[outcome.name], outside = self.time.count(self.sample.pid, outcome.events, outcome.name)
            if outside:
                self.notes.append(
                    f"{outcome.name}: {outside:,} events outside registered time were not counted."
                )
        effects, naive, subgroup_frames, subgroup_list, events = [], [], [], [], []
        balance = self._balance(counts)
        for outcome in self.study.outcomes:
            count = counts[outcome.name]
            if outcome.role == "negative control":
                self._placebo(f"{outcome.name} (cannot change)", count, self.after, "negative control")
                continue
            found = self._effects(outcome, count)
            effects += found
            naive.append(self._naive(outcome, count, found[0] if found else None))
            events.append(
                event_study(outcome.name, count, self.time, self.groups, confidence=self.confidence)
            )
            if outcome.role == "primary":
                self._pre_period(outcome.name, count)
                frame, more = self._subgroups(outcome, count)
                subgroup_frames.append(frame)
                subgroup_list += more
            if found and outcome.role in ("harm", "balancing"):
                self.checks.watched(outcome, found[0])
            elif found:
                self.checks.e_value(found[0])
        effects = self._several_primary(effects)
        gone = self._lost()
        effects += self._deaths()
        columns = (self.study.treated.columns, self.study.candidates.columns)
        self.checks.stated(dated=all("measured" in c for c in columns))
        flow = [*self.sample.flow, *self._follow_up_flow(gone)]
        return MatchedComparison(
            flow=pd.DataFrame(flow, columns=["arm", "step", "people"]),
            balance=balance,
            effects=tuple(effects),
            naive=pd.DataFrame(naive),
            checks=self.checks.frame(),
            subgroups=pd.concat(subgroup_frames, ignore_index=True) if subgroup_frames else pd.DataFrame(),
            event_study=pd.concat(events, ignore_index=True) if events else pd.DataFrame(),
            attrition=gone,
            people=self._people(),
            subgroup_effects=tuple(subgroup_list),
            n_treated=self.groups.n_treated,
            n_control=self.groups.n_control,
            design_name="matched comparison" if self.method == "matching" else "weighted comparison",
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _people(self) -> pd.DataFrame:
        columns = {"pid": self.sample.pid, "treated": self.sample.treated, "set": self.sample.lead}
        return pd.DataFrame(
            columns | {"start": self.sample.start.astype("M8[s]"), "weight": self.sample.weights}
        )

    def _total(self, count: Floats, columns: Ints) -> tuple[Floats, Floats]:
        return count[:, columns].sum(axis=1), self.time.days[:, columns].sum(axis=1)

    def _balance(self, counts: dict[str, Floats]) -> pd.DataFrame:
        table = self.sample.balance.assign(matched_on=True)
        name, size = largest_difference(table)
        words = f"The largest difference left between the groups is {size:.2f} standard deviations ({name})."
        self.checks.add("alike", "passed" if size < GOOD else "concern", words, size)
        earlier, labels = [], []
        for outcome in self.study.outcomes:
            events, days = self._total(counts[outcome.name], self.before)
            earlier.append(np.divide(events, days / 365.25, out=np.zeros(len(days)), where=days > 0))
            labels.append(f"{outcome.name}, a year, in the {len(self.before)} quarters before")
        extra = balance_table(
            np.column_stack(earlier), self.sample.treated, self.sample.weights, names=labels
        ).assign(matched_on=False)
        for column in extra.columns:
            if column.endswith("_before"):  # only the people compared have a start date to count back from
                extra[column] = np.nan
        name, size = largest_difference(extra)
        words = f"{name}: the groups differ by {size:.2f} standard deviations before entry."
        if size >= GOOD:
            words += " They did not start level; match on earlier use."
        self.checks.add("alike in earlier use", "passed" if size < GOOD else "concern", words, size)
        return pd.concat([table, extra], ignore_index=True)

    def _adjusters(self, prior: Floats, days: Floats) -> Floats:
        """Earlier events first, then the propensity logit, then the covariates, as events allow."""
        earlier = np.log((prior + 0.5) / (np.maximum(days, 1.0) / 365.25))
        columns = self.design.matrix[self.sample.row][:, ~self.design.reference]
        return np.column_stack([earlier, self.sample.score, columns])

    def _effects(self, outcome: Outcome, count: Floats) -> list[Effect]:
        before, after = self._total(count, self.before), self._total(count, self.after)
        out: list[Effect] = []
        name, level = outcome.name, self.confidence
        how = "matched" if self.method == "matching" else f"weighted ({self.method})"
        try:
            if self.adjust:
                found = rate_effects(
                    *after,
                    self.groups,
                    outcome=name,
                    adjust=self._adjusters(*before),
                    model=self.model,
                    confidence=level,
                    method=f"{how} and adjusted",
                )
                out += list(found.values())
            plain = rate_effects(*after, self.groups, outcome=name, confidence=level, method=how)
            out += (
                list(plain.values()) if not self.adjust else [plain["rate ratio"], plain["rate difference"]]
            )
        except Refusal as refusal:
            self.notes.append(f"Not estimated. {refusal}")
            return []
        try:
            out += difference_in_differences(
                before,
                after,
                self.groups,
                outcome=name,
                confidence=level,
                method=f"{how}, difference in differences",
            ).values()
        except Refusal as refusal:
            self.notes.append(f"Difference in differences not estimated. {refusal}")
        return out

    def _naive(self, outcome: Outcome, count: Floats, headline: Effect | None) -> dict[str, object]:
        """The same number of quarters nearest to entry on each side."""
        near = min(len(self.before), len(self.after))
        before = self._total(count, self.time.columns(-near, -1))
        after = self._total(count, self.time.columns(1, near))
        try:
            found = before_and_after(before, after, self.groups, confidence=self.confidence)
        except Refusal as refusal:
            self.checks.add("regression to the mean", "not done", f"{outcome.name}: {refusal.message}")
            return {"outcome": outcome.name, "sentence": refusal.message}
        words = regression_to_the_mean(outcome.name, found, headline)
        value, low, high = (found[f"control_change{part}"] for part in ("", "_lower", "_upper"))
        self.checks.add("regression to the mean", "stated", words, value, (low, high))
        return {"outcome": outcome.name, **found, "sentence": words}

    def _placebo(self, what: str, count: Floats, columns: Ints, check: str) -> None:
        result, found, words = placebo(
            *self._total(count, columns), self.groups, what=what, confidence=self.confidence
        )
        bounds = None if found is None else (found.lower, found.upper)
        self.checks.add(check, result, words, None if found is None else found.value, bounds)

    def _pre_period(self, name: str, count: Floats) -> None:
        """The earliest half of the time before entry: the part least likely to have been matched on."""
        half = max(1, len(self.before) // 2)
        first = -len(self.before)
        label = f"{name}, {-first} to {-(first + half)} quarters before entry"
        self._placebo(label, count, self.time.columns(first, first + half - 1), "placebo before entry")

    def _subgroups(self, outcome: Outcome, count: Floats) -> tuple[pd.DataFrame, list[Effect]]:
        if not self.study.subgroups:
            return pd.DataFrame(), []
        levels = {}
        for column in self.study.subgroups:
            both = pd.concat([self.study.treated[column], self.study.candidates[column]], ignore_index=True)
            labels = both.astype("object").where(both.notna(), "not recorded").to_numpy()
            levels[column] = labels[self.sample.row[self.sample.lead]]
        frame, effects, words = subgroup_effects(
            *self._total(count, self.after),
            self.groups,
            levels,
            outcome=outcome.name,
            confidence=self.confidence,
        )
        self.checks.add("several subgroups", "stated", f"{outcome.name}: {words}")
        return frame, effects

    def _several_primary(self, effects: list[Effect]) -> list[Effect]:
        names = [o.name for o in self.study.outcomes if o.role == "primary"]
        first = {n: next((e for e in effects if e.outcome == n), None) for n in names}
        tested = [e for e in first.values() if e is not None and e.p_value is not None]
        if len(tested) < 2:
            return effects
        adjusted = holm([e.p_value for e in tested if e.p_value is not None])
        note = {
            id(e): f"p {p:.2g} after Holm across {len(tested)} primary outcomes"
            for e, p in zip(tested, adjusted, strict=True)
        }
        self.checks.add(
            "several outcomes",
            "stated",
            "; ".join(f"{e.outcome}: {note[id(e)]}" for e in tested) + ".",
        )
        return [replace(e, notes=(*e.notes, note[id(e)])) if id(e) in note else e for e in effects]

    def _lost(self) -> pd.DataFrame:
        row = self.sample.row
        gone = lost(
            self.people.observed_to[row],
            self.sample.start,
            3 * self.study.quarters_after,
            np.datetime64(self.study.data_to, "D"),
        )
        reason = np.where(gone, self.people.exit_reason[row], "")
        reason = np.where(gone & (reason == ""), "left", reason).astype(object)
        self.reason = reason
        frame, result, words = attrition(reason, self.groups)
        self.checks.add("lost to follow-up", result, words)
        return frame

    def _deaths(self) -> list[Effect]:
        died = (self.reason == "died").astype(np.float64)
        days = self.time.days[:, self.after].sum(axis=1)
        words = (
            "Rates count time alive and registered. Death ends it and is not treated as a good result: it is "
            "reported beside the outcomes, because a programme that changed deaths would change who is left."
        )
        try:
            found = rate_effects(
                died, days, self.groups, outcome=DEATHS, confidence=self.confidence, method="harm"
            )
        except Refusal as refusal:
            self.checks.add("deaths", "not done", f"{words} {refusal.message}")
            return []
        effect = found["rate ratio"]
        result = "concern" if effect.lower > 1 else "passed"
        words += f" Deaths: {in_words(effect.value)} ({in_words(effect.lower)} to {in_words(effect.upper)})."
        self.checks.add("deaths", result, words, effect.value, (effect.lower, effect.upper))
        return [effect, found["rate difference"]]

    def _follow_up_flow(self, gone: pd.DataFrame) -> list[tuple[str, str, int]]:
        out = []
        for arm, label in (("treated", "treated"), ("control", "candidates")):
            for why, words in (("died", "died during follow-up"), ("left", "left during follow-up")):
                here = gone[(gone["arm"] == arm) & (gone["reason"] == why)]
                out.append((label, words, int(here["people"].sum())))
        return out
