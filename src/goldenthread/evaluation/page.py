"""One page in plain words from an evaluation, as blocks that any format can render."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from goldenthread.evaluation.criteria import Verdict
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.result import CriterionResult, Evaluation
from goldenthread.evaluation.words import between_words, effect_words, in_every_100, result_words, sureness


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the page's own."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``lead`` marks the answer at the top."""

    text: str
    lead: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list without order."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of each row heads it. ``verdicts``: the last column is one."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: bool = False


Block = Heading | Paragraph | Bullets | Table


@dataclass(frozen=True)
class Page:
    """A title and its blocks in reading order."""

    title: str
    blocks: tuple[Block, ...]


RULE = (
    "Met: the result is at least the size agreed, and the whole range we can be fairly sure of is on the agreed side.",
    "Not met: the result falls short of the size agreed, and so does the whole range.",
    "Cannot tell yet: anything in between. More people or more time may settle it.",
    "Within limit: the whole range keeps to the limit. Limit exceeded: the result passes the limit and the whole "
    "range shows a change for the worse. A harm needs no more proof than a benefit.",
    "A level, such as a share reached: judged by the figure itself when everybody was counted, by the whole range "
    "when only some were asked.",
)


def evaluation_page(evaluation: Evaluation) -> Page:
    """The page: the answer first, then each criterion, what was compared, and what this cannot show."""
    blocks: list[Block] = [
        Paragraph(
            f"{evaluation.title}. Evaluated {_day(evaluation.evaluated_on)} as agreed on {_day(evaluation.agreed_on)}. "
            f"Data to {_day(evaluation.data_to)}."
        ),
        Heading(1, "What happened"),
        Paragraph(headline(evaluation), lead=True),
        _criteria(evaluation),
        *_amendments(evaluation),
        Heading(2, "What was compared"),
        *(Paragraph(text) for text in evaluation.how_compared),
        *([Paragraph(evaluation.withdrawn)] if evaluation.withdrawn else []),
        *_before_after(evaluation),
        Heading(2, "What can be concluded"),
        *(Paragraph(text) for text in _conclusions(evaluation)),
        Heading(2, "What this cannot show"),
        Bullets(evaluation.design.cannot_show + evaluation.cannot_show),
        *_groups(evaluation),
        *_exploratory(evaluation),
        *_annex(evaluation),
    ]
    return Page(f"What happened: {evaluation.title}", tuple(blocks))


def headline(evaluation: Evaluation) -> str:
    """The answer in the sentences a busy reader would say aloud."""
    sentences = [
        _main(evaluation, result) for result in evaluation.ordered if result.criterion.kind == "primary"
    ]
    for result in evaluation.ordered:
        outcome = result.criterion.outcome
        if result.verdict == "limit exceeded":
            sentences.append(f"A limit agreed to prevent harm was exceeded: {outcome}.")
        elif result.criterion.kind == "harm" and result.verdict in ("cannot tell yet", "not met"):
            sentences.append(f"Harm cannot be ruled out yet: {outcome}.")
        elif result.criterion.kind == "equity" and result.verdict == "not met":
            sentences.append(f"It did not do what was planned for fairness: {outcome}.")
    return " ".join(sentences)


def _main(evaluation: Evaluation, result: CriterionResult) -> str:
    found, criterion = result.found, result.criterion
    if found is None:
        return f"We cannot tell yet about {criterion.outcome}: {result.reason}."
    if not isinstance(found, Effect):
        words = {"met": "as agreed", "not met": "short of what was agreed"}.get(
            result.verdict, "not yet settled"
        )
        return f"{_capital(criterion.outcome)}: {result_words(criterion, found)}, {words}."
    if not found.excludes_no_effect:
        return _perhaps_nothing(evaluation, result, found)
    more = found.value > (1.0 if found.is_ratio else 0.0)
    if found.is_ratio:
        events = in_every_100(found, criterion.outcome)
        said = f"Compared with {evaluation.compared_with}, {evaluation.who} had {events}."
    else:
        amount = result_words(criterion, found).partition(" (")[0]
        said = f"{_capital(criterion.outcome)} among {evaluation.who}, against {evaluation.compared_with}: {amount}."
    wanted = criterion.limit_on if criterion.is_limit else criterion.direction
    against = (
        " This is the opposite of what was hoped."
        if more != (wanted == "more") and not criterion.is_limit
        else ""
    )
    return f"{said} {sureness(found)}{against}"


def _perhaps_nothing(evaluation: Evaluation, result: CriterionResult, found: Effect) -> str:
    unit = "" if found.is_ratio else result.criterion.unit
    said = (
        f"We could not show a difference in {result.criterion.outcome} between {evaluation.who} and "
        f"{evaluation.compared_with}. The true figure may lie anywhere {between_words(found, unit)}"
    )
    if result.verdict == "not met":
        return f"{said}: if it made a difference, it was smaller than agreed."
    return f"{said}: it may have helped, done nothing or done harm."


def _criteria(evaluation: Evaluation) -> Table:
    rows = []
    for result in evaluation.ordered:
        criterion = result.criterion
        prefix = {"harm": "Harm watched: ", "equity": "Fairness: "}.get(criterion.kind, "")
        name = f"{prefix}{criterion.outcome}" + (f", {criterion.period}" if criterion.period else "")
        rows.append(
            (
                name,
                criterion.agreed,
                result_words(criterion, result.found, result.reason),
                label(result.verdict),
            )
        )
    return Table(
        "What was agreed before we started, and what came of it. In brackets: the range we can be "
        f"{_percent(evaluation)} sure of.",
        ("Agreed before we started", "Agreed size", "Result", "Judged"),
        tuple(rows),
        verdicts=True,
    )


def _percent(evaluation: Evaluation) -> str:
    levels = {result.found.confidence for result in evaluation.results if result.found is not None}
    return " or ".join(f"{level:.0%}" for level in sorted(levels)) or "95%"


def label(verdict: Verdict) -> str:
    """The verdict as shown: "Cannot tell yet"."""
    return _capital(verdict)


def _amendments(evaluation: Evaluation) -> list[Block]:
    if not evaluation.amendments:
        return []
    return [Heading(2, "Changed after it was agreed"), Bullets(evaluation.amendments)]


def _before_after(evaluation: Evaluation) -> list[Block]:
    naive = evaluation.before_after
    if naive is None:
        return [Heading(2, "Before and after alone"), Paragraph(evaluation.no_before_after)]
    text = [_crowd(evaluation)]
    if naive.others_before is not None:
        others = naive.others_change
        moved = (
            "stayed the same"
            if abs(others) < 0.005
            else f"{'fell' if others < 0 else 'rose'} by {abs(others):.0%}"
        )
        text.append(f"Among {evaluation.compared_with}, {naive.outcome} {moved} without any of this help.")
    text.append("Only the comparison above is judged.")
    return [
        Heading(2, f"Before and after alone would have said {_relative(naive.change)}"),
        Paragraph(" ".join(text)),
    ]


def _crowd(evaluation: Evaluation) -> str:
    if evaluation.counted == "people":
        return "People are chosen when things are at their worst, and most improve anyway."
    return "Programmes often start where and when figures are at their worst, and most improve anyway."


def _relative(change: float) -> str:
    if abs(change) < 0.005:
        return "no change"
    return f"{abs(change):.0%} {'more' if change > 0 else 'fewer'}"


def _conclusions(evaluation: Evaluation) -> list[str]:
    counts: dict[str, int] = {}
    for result in evaluation.results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
    order: tuple[Verdict, ...] = ("met", "not met", "cannot tell yet", "within limit", "limit exceeded")
    tally = "; ".join(
        f"{label(verdict).lower()}: {counts[verdict]}" for verdict in order if verdict in counts
    )
    said = [evaluation.design.shows, f"Of {len(evaluation.results)} things agreed, {tally}."]
    if len(evaluation.results) > 1:
        said.append(
            "When many things are looked at, about one in twenty seems to differ by chance alone, so the first named "
            "weighs most."
        )
    return said


def _groups(evaluation: Evaluation) -> list[Block]:
    if not evaluation.groups:
        return []
    rows = []
    for one in evaluation.groups:
        found = one.effect
        if found is None:
            rows.append((one.group, one.outcome, one.reason or "no result", ""))
        elif (
            evaluation.counted == "people"
            and min(found.n_treated, found.n_control) < evaluation.smallest_count
        ):
            rows.append((one.group, one.outcome, "too few people to show", ""))
        else:
            rows.append((one.group, one.outcome, effect_words(found), sureness(found)))
    return [
        Heading(2, "Who benefited and who did not"),
        Table("Results by group of people", ("Group", "Outcome", "Result", "How sure"), tuple(rows)),
        Paragraph(
            f"{len(rows)} results by group are shown. The more there are, the likelier one seems to differ by chance "
            "alone. A group without a clear result has not been shown to gain less than another."
        ),
    ]


def _exploratory(evaluation: Evaluation) -> list[Block]:
    if not evaluation.exploratory:
        return []
    rows = tuple((one.outcome, effect_words(one), sureness(one)) for one in evaluation.exploratory)
    return [
        Heading(2, "Exploratory: not agreed beforehand"),
        Paragraph(
            "These were looked at after the fact. They suggest questions for the next cycle and prove nothing."
        ),
        Table("Exploratory results", ("Outcome", "Result", "How sure"), rows),
    ]


def _annex(evaluation: Evaluation) -> list[Block]:
    annex = evaluation.annex
    blocks: list[Block] = [Heading(2, "Technical annex")]
    blocks += [Heading(3, "How each was judged"), Bullets(RULE)]
    if annex.method:
        blocks += [Heading(3, "Method"), *(Paragraph(text) for text in annex.method)]
    blocks += [Heading(3, "Estimates"), _estimates(evaluation)]
    notes = _notes(evaluation)
    if notes:
        blocks.append(Bullets(notes))
    if annex.balance is not None:
        blocks += [Heading(3, "Were they alike?"), _frame("Balance before the start", annex.balance)]
    if annex.checks:
        rows = tuple((one.name, one.reading, _passed(one.passed)) for one in annex.checks)
        blocks += [
            Heading(3, "Checks"),
            Table("Checks of the comparison", ("Check", "Reading", "Outcome"), rows),
        ]
    if annex.hashes:
        rows_ = tuple((name, value) for name, value in annex.hashes.items())
        blocks += [Heading(3, "What this rests on"), Table("Fingerprints", ("What", "Hash"), rows_)]
    return blocks


def _estimates(evaluation: Evaluation) -> Table:
    rows = []
    effects = [result.found for result in evaluation.ordered if isinstance(result.found, Effect)]
    for effect in (*effects, *evaluation.exploratory):
        rows.append(
            (
                effect.outcome + (" (exploratory)" if effect.exploratory else ""),
                effect.measure,
                f"{effect.value:.4g} ({effect.lower:.4g} to {effect.upper:.4g})",
                ""
                if effect.p_value is None
                else f"{effect.p_value:.2g}"
                if effect.p_value >= 0.001
                else "under 0.001",
                _number(effect.n_treated, evaluation),
                _number(effect.n_control, evaluation),
                effect.method,
            )
        )
    counted = evaluation.counted
    return Table(
        "Estimates behind the page",
        (
            "Outcome",
            "Measure",
            "Estimate and interval",
            "p",
            f"Treated {counted}",
            f"Comparison {counted}",
            "Method",
        ),
        tuple(rows),
    )


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
    effects = [result.found for result in evaluation.ordered if isinstance(result.found, Effect)]
    notes = [f"{effect.outcome}: {note}" for effect in effects for note in effect.notes]
    return tuple(dict.fromkeys(notes))


def _number(count: int, evaluation: Evaluation) -> str:
    if evaluation.counted == "people" and count < evaluation.smallest_count:
        return f"fewer than {evaluation.smallest_count}"
    return f"{count:,}"


def _frame(caption: str, frame: pd.DataFrame) -> Table:
    named = not isinstance(frame.index, pd.RangeIndex)
    header = ((str(frame.index.name or ""),) if named else ()) + tuple(str(name) for name in frame.columns)
    rows = []
    for index, row in zip(frame.index, frame.itertuples(index=False), strict=True):
        cells = tuple(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row)
        rows.append(((str(index),) if named else ()) + cells)
    return Table(caption, header, tuple(rows))


def _passed(passed: bool | None) -> str:
    return "not decided" if passed is None else "passed" if passed else "not passed"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
