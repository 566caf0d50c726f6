"""The list of checks that goes with every comparison, each with a sentence for people."""

from __future__ import annotations

import pandas as pd

from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.honesty import e_value, in_words
from goldenthread.evaluation.study import Outcome


class Checks:
    """Checks in the order they were made: check, result, value, lower, upper, sentence.

    Results: "passed", "concern", "not done" (the sentence says why), "stated" (for the reader to weigh).
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def frame(self) -> pd.DataFrame:
        """One row per check."""
        return pd.DataFrame(self.rows)

    def add(
        self,
        check: str,
        result: str,
        sentence: str,
        value: float | None = None,
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """One more check."""
        low, high = bounds if bounds is not None else (None, None)
        self.rows.append(
            {
                "check": check,
                "result": result,
                "value": value,
                "lower": low,
                "upper": high,
                "sentence": sentence,
            }
        )

    def watched(self, outcome: Outcome, effect: Effect) -> None:
        """A harm needs no more proof than a benefit; silence about one is not proof that there is none."""
        worse = effect.lower > 1 if outcome.lower_is_better else effect.upper < 1
        words = f"{outcome.name}, watched: {in_words(effect.value)} ({in_words(effect.lower)} to {in_words(effect.upper)})"
        words += ", which is worse." if worse else "."
        self.add(
            f"{outcome.role} watched",
            "concern" if worse else "passed",
            words,
            effect.value,
            (effect.lower, effect.upper),
        )

    def e_value(self, effect: Effect) -> None:
        """How strong something unmeasured would have to be."""
        point, limit = e_value(effect.value, effect.lower, effect.upper)
        if limit == 1:
            words = f"{effect.outcome}: the interval includes no difference, so chance alone could explain the result."
        else:
            words = (
                f"{effect.outcome}: something unmeasured could explain the result only if it made both being "
                f"helped and the outcome {point:.1f} times as likely ({limit:.1f} times for the interval)."
            )
        self.add("E-value", "stated", words, point, (limit, point))

    def stated(self, *, dated: bool) -> None:
        """What was enforced by construction; ``dated`` says whether the covariates' dates could be checked."""
        self.add(
            "as assigned",
            "stated",
            "Everybody stays in the group they were in on the day of entry, whatever they took up.",
        )
        known = (
            "Everything used to choose them had been measured by then."
            if dated
            else "That everything used to choose them had been measured by then is taken on trust: no dates were given."
        )
        self.add(
            "no immortal time",
            "passed" if dated else "stated",
            "Follow-up of both groups begins on the day of entry (for comparators the same day or month), when "
            f"they were registered, alive and could have been invited. {known}",
        )
