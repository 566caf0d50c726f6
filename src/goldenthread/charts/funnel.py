"""Which places differ by more than chance? A funnel plot, so that small places are not ranked as if they were large."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, along_axis, span, spread, up_axis
from goldenthread.charts.canvas import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    RULE,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.figures import accept, nothing_to_draw, twin

KIND = "Funnel plot"
HOW = (
    "Each mark is a place; the more people it has, the further right it stands. The level line is the average of all "
    "places. The two pairs of curves are how far a place may lie from it by chance: 19 times in 20 (dashed) and 998 "
    "times in 1,000 (solid). Only places outside the solid curves are called different here. Being different is a "
    "reason to ask why; it may be coding, age or need. Places hidden to protect people are in the table only."
)
_FAR = 3
_VERDICTS = {1: "higher", 0: "within chance", -1: "lower", None: words.MISSING}
_CURVES = ("lower_95", "upper_95", "lower_998", "upper_998")


def funnel(
    table: Any,
    *,
    area: str = "area",
    value: str = "value",
    denominator: str = "denominator",
    average: float | None = None,
    limits: Any = None,
    measure: str = "Emergency admissions",
    unit: str = "per 1,000 people",
    denominator_words: str = "People registered",
    width: int = 760,
) -> Chart:
    """Which places lie outside what chance would give?

    One row a place. ``limits`` is the ``curve`` of ``statistics.funnel_limits`` (columns ``denominator`` or
    ``*_at``, ``lower_95`` ...), which rests on the average alone and not on any place's count; ``average`` is its
    baseline. Both are on the scale on which the values are said (a percentage from 0 to 100).
    """
    check_width(width)
    figures = accept(table, KIND.lower(), (area, value, denominator))
    say, unit = figures.unit(value, unit)
    names, y, n = figures.text(area), figures.percents(value), figures.numbers(denominator)
    curves = _curves(limits)
    verdicts = [_verdict(x, v, curves, average) for x, v in zip(n, y, strict=True)]
    hidden = figures.hidden(value) | figures.hidden(denominator)
    order = sorted(range(len(names)), key=lambda i: (-y[i] if words.is_known(y[i]) else np.inf, names[i]))
    table_twin = twin({
        "Place": [names[i] for i in order],
        f"{measure} {unit}".strip(): [figures.value_cells(value, say)[i] for i in order],
        denominator_words: [figures.cells(denominator, words.number)[i] for i in order],
        "Against the average": [
            words.HIDDEN if hidden[i] else _VERDICTS[verdicts[i]] for i in order
        ],
    })  # fmt: skip
    known = [i for i in range(len(names)) if words.is_known(y[i]) and words.is_known(n[i])]
    if not known:
        return nothing_to_draw(
            figures,
            KIND,
            f"{measure} by place",
            width=width,
            how=HOW,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    sentence = _sentence(names, y, verdicts, known, measure, unit, say, average, hidden)
    spec = _draw(
        names,
        y,
        n,
        verdicts,
        known,
        curves,
        average,
        f"{measure} {unit}".strip(),
        say,
        denominator_words,
        width,
    )
    described = f"{words.sentence_case(words.counted(len(known), 'place'))}, further right with more people, with limits of chance."
    return Chart(KIND, spec, sentence, HOW, table_twin, described, figures.foot())


def _curves(limits: Any) -> dict[str, tuple[Any, Any]]:
    """Each curve as its places along and its values, sorted along."""
    if limits is None:
        return {}
    found = {}
    for name in _CURVES:
        if name not in limits:
            continue
        along = limits[f"{name}_at"] if f"{name}_at" in limits else limits["denominator"]
        x, y = np.asarray(along, dtype=float), np.asarray(limits[name], dtype=float)
        good = np.isfinite(x) & np.isfinite(y)
        order = np.argsort(x[good], kind="stable")
        found[name] = (x[good][order], y[good][order])
    return found


def _verdict(n: float, value: float, curves: dict[str, tuple[Any, Any]], average: float | None) -> int | None:
    """1 above and -1 below the outer curves, 0 within, None where it cannot be told."""
    if not (words.is_known(n) and words.is_known(value)) or "upper_998" not in curves:
        return None
    if value > np.interp(n, *curves["upper_998"]):
        return 1
    return -1 if value < np.interp(n, *curves["lower_998"]) else 0


def _sentence(
    names: list[str], y: Any, verdicts: list[int | None], known: list[int], measure: str, unit: str, say: Any,
    average: float | None, hidden: Any,
) -> str:  # fmt: skip
    aside = (
        f" {words.sentence_case(words.counted(int(hidden.sum()), 'place'))} hidden." if hidden.any() else ""
    )
    against = f"the average of {say(average)} {unit}".rstrip() if average is not None else "the average"
    total = words.counted(len(known), "place")
    if all(verdicts[i] is None for i in known):
        return f"{measure} in {total}; the limits of chance are not known.{aside}"
    above = sorted((i for i in known if verdicts[i] == 1), key=lambda i: -y[i])
    below = sorted((i for i in known if verdicts[i] == -1), key=lambda i: y[i])
    if not above and not below:
        return f"{measure}: none of the {total} differs from {against} by more than chance.{aside}"

    def told(found: list[int], way: str) -> str:
        most = " most" if len(found) > 1 else ""
        return f"{words.count_word(len(found))} {way} ({names[found[0]]} at {say(y[found[0]])}{most})"

    parts = ([told(above, "higher")] if above else []) + ([told(below, "lower")] if below else [])
    verb = "differs" if len(above) + len(below) == 1 else "differ"
    return (
        f"{measure}: {words.count_word(len(above) + len(below))} of {total} {verb} from {against} by more than chance: "
        f"{', '.join(parts)}.{aside}"
    )


def _draw(
    names: list[str], y: Any, n: Any, verdicts: list[int | None], known: list[int],
    curves: dict[str, tuple[Any, Any]], average: float | None, heading: str, say: Any, denominator_words: str, width: int,
) -> dict[str, Any]:  # fmt: skip
    seen_n = n[known]
    along_marks, x_low, x_high = span(seen_n, zero=True, about=4 if width < 520 else 6)
    start = float(seen_n.min()) * 0.6
    near = [
        value for x, v in curves.values() for value in np.interp([start, *seen_n.tolist()], x, v)
    ]  # the curves flare out; what matters is their width where there are places
    marks, low, high = span([*y[known], *near, *([average] if average is not None else [])])
    if float(np.nanmin(y[known])) >= 0:
        marks = [mark for mark in marks if mark >= 0]
        low = marks[0]
    left = int(max(text_width(say(v)) for v in marks)) + 24
    plot, head, height = width - left - 72, 38, 280
    scale, along = Linear(low, high, head + height, head), Linear(x_low, x_high, 0, plot)
    pen = Pen()
    pen.text(wrap(heading, width - 24, lines=1), -left + 12, 12)
    up_axis(pen, scale, marks, plot, say)
    along_axis(pen, along, along_marks, head + height, words.number)
    pen.text(denominator_words, plot, head + height + 40, align="right")
    lines = _lines(curves, start, x_high, low, high)
    if average is not None:
        pen.line(0, scale.at(average), plot, scale.at(average), ink=INK, weight=1.5)
        pen.text(["Average", say(average)], plot + 8, scale.at(average))
    points: dict[str, list[dict[str, Any]]] = {"within": [], "above": [], "below": []}
    for i in known:
        kind = {1: "above", -1: "below"}.get(verdicts[i] or 0, "within")
        points[kind].append({"x": n[i], "y": y[i]})
    far = [i for i in known if verdicts[i] in (1, -1)]
    far.sort(key=lambda i: -abs(y[i] - (average or 0)))
    _named(pen, far[: 2 * _FAR], names, y, n, scale, along, plot, width)
    y_key = head + height + 66
    x_key = float(-left + 12)
    for kind, glyph, colour, label in (
        ("above", "▲", ORANGE, "higher than chance"), ("below", "▼", BLUE, "lower than chance"),
        ("within", "●", RULE, "within chance"),
    ):  # fmt: skip
        if points[kind]:
            size = 22 + text_width(label) + 18
            if x_key + size > width - left:
                x_key, y_key = float(-left + 12), y_key + 22
            pen.text(glyph, x_key, y_key, ink=colour, size=16)
            pen.text(label, x_key + 22, y_key)
            x_key += size
    sheet = Sheet(width, int(y_key) + 22, left=left, right=72, top=0, bottom=0)
    x, yy = along.x(), scale.y()
    layers = []
    data: dict[str, Any] = {}
    for name, rows_of in lines.items():
        data[name] = rows_of
        dash: dict[str, Any] = {"strokeDash": [6, 4]} if name.endswith("95") else {}
        layers.append(rows(name).mark_line(color=MUTED, strokeWidth=1.5, **dash).encode(x=x, y=yy))
    for kind, shape, colour, size in (
        ("within", "circle", RULE, 70), ("above", "triangle-up", ORANGE, 150), ("below", "triangle-down", BLUE, 150)
    ):  # fmt: skip
        data[kind] = points[kind]
        layers.append(
            rows(kind).mark_point(shape=shape, filled=True, opacity=1, size=size, color=colour, stroke="#ffffff")
            .encode(x=x, y=yy)
        )  # fmt: skip
    return sheet.spec(layers, data, pen)


def _lines(
    curves: dict[str, tuple[Any, Any]], start: float, end: float, low: float, high: float
) -> dict[str, list[dict[str, float]]]:
    """The curves over the plot, cut where they would leave it."""
    lines = {}
    for name, (x, v) in curves.items():
        inside = np.linspace(max(start, float(x[0])), min(end, float(x[-1])), 120)
        value = np.interp(inside, x, v)
        keep = (value >= low) & (value <= high)
        lines[name] = [{"x": float(a), "y": float(b)} for a, b in zip(inside[keep], value[keep], strict=True)]
    return lines


def _named(
    pen: Pen,
    far: list[int],
    names: list[str],
    y: Any,
    n: Any,
    scale: Linear,
    along: Linear,
    plot: float,
    width: int,
) -> None:
    """Names beside the places that differ, moved apart so that none lies on another."""
    if not far:
        return
    places = spread([scale.at(y[i]) for i in far], 18, scale.end + 4, scale.start - 4)
    for i, place in zip(far, places, strict=True):
        label = wrap(names[i], 170 if width >= 520 else 110, lines=1)[0]
        x = along.at(n[i])
        fits = x + 12 + text_width(label) <= plot
        pen.text(label, x + 11 if fits else x - 11, place, align="left" if fits else "right", halo=True)


__all__ = ["funnel"]
