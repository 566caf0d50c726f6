"""Is it changing, and will it meet its target? A control chart (XmR) with its two icons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, named_axis, span, spread, up_axis
from goldenthread.charts.canvas import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RULE,
    Pen,
    Sheet,
    check_width,
    group,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.errors import ChartError
from goldenthread.charts.figures import accept, nothing_to_draw, twin

KIND = "Control chart"
HOW = (
    "An XmR chart by NHS England's Making Data Count rules. The middle line is the average; the dashed lines are the "
    "limits of usual variation (the average plus and minus 2.66 times the mean moving range). A point is marked when "
    "usual variation does not explain it: outside a limit, seven in a row on one side or in one direction, or two of "
    "three near a limit. Whether a mark is good or bad depends on which way is better."
)
_NEEDS = ("value", "mean", "lower_limit", "upper_limit", "point_type")
#: What a point is: its shape, its colour and its words. Blue and orange are told apart by everybody; so are shapes.
_POINTS = {
    "common_cause": ("circle", RULE, "usual variation"),
    "special_cause_improvement": ("diamond", BLUE, "better than usual variation"),
    "special_cause_concern": ("square", ORANGE, "worse than usual variation"),
    "special_cause_neutral_high": ("triangle-up", PURPLE, "higher than usual variation"),
    "special_cause_neutral_low": ("triangle-down", PURPLE, "lower than usual variation"),
}
_WAVE = "M-1,0.35L-0.5,-0.35L0,0.35L0.5,-0.35L1,0.35"


def control_chart(
    table: Any,
    *,
    date: str = "date",
    target: float | None = None,
    improvement: str | None = "increase",
    measure: str = "Waits under four hours",
    unit: str = "",
    period: str = "%b %Y",
    width: int = 760,
) -> Chart:
    """Is the process changing, and can it be relied on to meet ``target``?

    ``table`` holds the columns of ``statistics.xmr(...).frame`` with a ``date``; ``target`` and ``improvement``
    are those given to ``xmr``. Raises ChartError for other point types or a direction that is not known.
    """
    check_width(width)
    figures = accept(table, KIND.lower(), (date, *_NEEDS))
    if improvement not in ("increase", "decrease", "neutral", None):
        raise ChartError(f"The direction '{improvement}' is not known.", "Use increase, decrease or None.")
    when, order, labels = figures.in_time(date, period)
    y, mean, low, high = (figures.percents(name, "value")[order] for name in _NEEDS[:4])
    kinds = [figures.text("point_type")[i] for i in order]
    unknown = sorted(set(kinds) - set(_POINTS))
    if unknown:
        raise ChartError(f"The point type '{unknown[0]}' is not known.", f"Use {words.listed(_POINTS)}.")
    say, unit = figures.unit("value", unit)
    columns = {
        "Period": labels,
        f"{measure} {unit}".strip(): [figures.value_cells("value", say)[i] for i in order],
        "Average": [words.cell(v, say) for v in mean],
        "Usual variation": [
            words.between(a, b, say) or words.MISSING for a, b in zip(low, high, strict=True)
        ],
        "What the point shows": [_POINTS[kind][2] for kind in kinds],
    }
    table_twin = twin(columns)
    hidden = figures.hidden("value")
    if not np.isfinite(y).any():
        return nothing_to_draw(
            figures,
            KIND,
            f"{measure} over time",
            width=width,
            how=HOW,
            table=table_twin,
            hidden=bool(hidden.any()),
        )
    variation = _variation(kinds[-1], y[-1] >= mean[-1])
    assurance = _assurance(low[-1], high[-1], target, improvement)
    sentence = _sentence(measure, unit, labels, y, mean, low, high, kinds, target, assurance, say)
    segment = figures.numbers("segment")[order] if figures.has("segment") else np.zeros(len(y))
    spec = _draw(when, labels, (y, mean, low, high), kinds, segment, target, variation, assurance,
                 f"{measure} {unit}".strip(), say, width)  # fmt: skip
    described = f"{variation[1]}. " + (f"{assurance[1]}." if assurance else "No target is set.")
    return Chart(KIND, spec, sentence, HOW, table_twin, described, figures.foot())


def _variation(kind: str, high: bool) -> tuple[str, str, str]:
    """Icon, words and colour for the last point."""
    way = "up" if high else "down"
    if kind == "common_cause":
        return "wave", "Usual variation", MUTED
    if kind == "special_cause_improvement":
        return way, f"Better: {'higher' if high else 'lower'} than usual", BLUE
    if kind == "special_cause_concern":
        return way, f"Worse: {'higher' if high else 'lower'} than usual", ORANGE
    return way, f"{'Higher' if high else 'Lower'} than usual", PURPLE


def _assurance(
    low: float, high: float, target: float | None, improvement: str | None
) -> tuple[str, str, str] | None:
    """Icon, words and colour for the limits against the target; the rule of ``XmR.assurance``."""
    if target is None or improvement not in ("increase", "decrease") or not words.is_known(low):
        return None
    if low <= target <= high:
        return "?", "May or may not meet the target", MUTED
    if (target < low) == (improvement == "increase"):
        return "P", "Will meet the target", BLUE
    return "F", "Will not meet the target as it runs now", ORANGE


def _sentence(
    measure: str, unit: str, labels: list[str], y: Any, mean: Any, low: Any, high: Any, kinds: list[str],
    target: float | None, assurance: tuple[str, str, str] | None, say: Any,
) -> str:  # fmt: skip
    last = int(np.flatnonzero(np.isfinite(y))[-1])
    usual = f"usual variation is {words.between(low[last], high[last], say)}"
    figure = f"{say(y[last])} {unit}".strip() + f" in {labels[last]}"
    shown = {
        "common_cause": "no sign of change",
        "special_cause_improvement": "a real improvement",
        "special_cause_concern": "a real worsening",
        "special_cause_neutral_high": "a real rise",
        "special_cause_neutral_low": "a real fall",
    }[kinds[last]]
    ending = ""
    if target is not None and assurance is not None:
        ending = {
            "?": f"; whether it meets the target of {say(target)} is chance",
            "P": f"; it will meet the target of {say(target)}",
            "F": f"; it will not meet the target of {say(target)} without a change",
        }[assurance[0]]
    return f"{measure}: {shown}, {figure} ({usual}){ending}."


def _draw(
    when: Any, labels: list[str], lines: tuple[Any, Any, Any, Any], kinds: list[str], segment: Any,
    target: float | None, variation: tuple[str, str, str], assurance: tuple[str, str, str] | None, heading: str,
    say: Any, width: int,
) -> dict[str, Any]:  # fmt: skip
    narrow = width < 520
    y, mean, low, high = lines
    marks, bottom, top = span([*y, *low, *high, *([target] if target is not None else [])])
    left = int(max(text_width(say(v)) for v in marks)) + 24
    ends = [("Limit", high[-1]), ("Average", mean[-1]), ("Limit", low[-1])]
    if target is not None:
        ends.append(("Target", target))
    right = 12 if narrow else int(max(text_width(f"{name} {say(v)}", bold=True) for name, v in ends)) + 26
    plot = width - left - right
    head = (100 if assurance else 52) + 44 if narrow else 98
    height = 220
    scale = Linear(bottom, top, head + height, head)
    moments = np.array([pd.Timestamp(day).timestamp() for day in when])
    start, end = float(moments.min()), float(moments.max())
    along = Linear(start, end if end > start else start + 1, 8, plot - 8)
    pen = Pen()
    icons = _icons(pen, variation, assurance, -left + 12, narrow)
    pen.text(wrap(heading, width - 24, lines=1), -left + 12, head - 24)
    up_axis(pen, scale, marks, plot, say)
    named_axis(pen, [along.at(m) for m in moments], labels, head + height, 0, plot)
    _limits(pen, along, scale, moments, mean, low, high, segment)
    if target is not None:
        pen.line(0, scale.at(target), plot, scale.at(target), ink=ORANGE, weight=2)
    foot = float(head + height + 36)
    if narrow:
        foot = _ends_below(pen, ends, say, width, left, foot)
    else:
        places = spread([scale.at(v) for _, v in ends], 19, head, head + height)
        for (name, v), place in zip(ends, places, strict=True):
            pen.text(f"{name} {say(v)}", plot + 10, place, bold=name == "Target")
    foot = _point_key(pen, icons, kinds, width, left, foot)
    data: dict[str, Any] = {
        "line": [{"x": m, "y": v} for m, v in zip(moments, y, strict=True)],
        "icons": icons,
    }
    layers = [rows("line").mark_line(color=RULE, strokeWidth=1.5).encode(x=along.x(), y=scale.y())]
    for kind, (shape, colour, _) in _POINTS.items():
        chosen = [
            {"x": m, "y": v}
            for m, v, k in zip(moments, y, kinds, strict=True)
            if k == kind and words.is_known(v)
        ]
        if chosen:
            data[kind] = chosen
            layers.append(
                rows(kind).mark_point(shape=shape, filled=True, opacity=1, size=140 if shape == "diamond" else 90, color=colour, stroke="#ffffff")
                .encode(x=along.x(), y=scale.y())
            )  # fmt: skip
    sheet = Sheet(width, int(foot) + 6, left=left, right=right, top=0, bottom=0)
    spec = sheet.spec([*layers], {key: rows_ for key, rows_ in data.items() if key != "icons"}, pen)
    return _with_icons(spec, icons)


def _limits(
    pen: Pen, along: Linear, scale: Linear, moments: Any, mean: Any, low: Any, high: Any, segment: Any
) -> None:
    """Average and limits of each segment, from half a step before its first point to half a step after its last."""
    for number in dict.fromkeys(segment.tolist()):
        inside = np.flatnonzero(segment == number)
        half = (along.end - along.start) / max(1, len(moments) - 1) / 2
        x, x2 = along.at(moments[inside[0]]) - half, along.at(moments[inside[-1]]) + half
        x, x2 = max(0.0, x), min(along.end + 8, x2)
        last = inside[-1]
        pen.line(x, scale.at(mean[last]), x2, scale.at(mean[last]), ink=INK, weight=1.5)
        for limit in (low[last], high[last]):
            pen.line(x, scale.at(limit), x2, scale.at(limit), ink=MUTED, weight=1.5, dashed=True)


def _icons(
    pen: Pen, variation: tuple[str, str, str], assurance: tuple[str, str, str] | None, x: float, narrow: bool
) -> list[dict[str, Any]]:
    """The two icons of the last point, each a ring with a sign of its own and words beside it."""
    shapes = {"wave": _WAVE, "up": "triangle-up", "down": "triangle-down"}
    found: list[dict[str, Any]] = [
        {
            "x": x + 20,
            "y": 26.0,
            "shape": shapes[variation[0]],
            "ink": variation[2],
            "stroked": variation[0] == "wave",
        }
    ]
    pen.text(variation[1], x + 48, 26)
    if assurance is not None:
        ax, ay = (x, 74.0) if narrow else (x + 48 + text_width(variation[1]) + 30, 26.0)
        found.append({"x": ax + 20, "y": ay, "shape": "", "ink": assurance[2], "stroked": False})
        pen.text(assurance[0], ax + 20, ay, align="center", bold=True, size=18)
        pen.text(assurance[1], ax + 48, ay)
    return found


def _with_icons(spec: dict[str, Any], icons: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the rings and signs in a group of their own."""
    pixels = Linear(0, 1000, 0, 1000)
    layers = []
    for index, icon in enumerate(icons):
        name = f"icon-{index}"
        spec["datasets"][name] = [{"x": icon["x"], "y": icon["y"]}]
        base = rows(name)
        ring = base.mark_point(
            shape="circle", filled=False, opacity=1, size=1500, color=icon["ink"], strokeWidth=3
        )
        layers.append(ring.encode(x=pixels.x(), y=pixels.y()))
        if icon["shape"]:
            style: dict[str, Any] = (
                {"filled": False, "strokeWidth": 3} if icon["stroked"] else {"filled": True}
            )
            sign = base.mark_point(shape=icon["shape"], opacity=1, size=320, color=icon["ink"], **style)
            layers.append(sign.encode(x=pixels.x(), y=pixels.y()))
    spec["layer"].append(group(layers))
    return spec


def _ends_below(
    pen: Pen, ends: list[tuple[str, float]], say: Any, width: int, left: int, foot: float
) -> float:
    """On a phone there is no room beside the plot: what the lines are, under it."""
    x = -left + 12
    said = [
        ("Average", f"Average {say(ends[1][1])}", False),
        ("Limit", f"Limits {say(ends[2][1])} and {say(ends[0][1])}", True),
    ]
    for _, label, dashed in said:
        pen.line(x, foot + 8, x + 24, foot + 8, ink=INK, weight=1.5, dashed=dashed)
        pen.text(label, x + 32, foot + 8)
        foot += 22
    if len(ends) > 3:
        pen.line(x, foot + 8, x + 24, foot + 8, ink=ORANGE, weight=2)
        pen.text(f"Target {say(ends[3][1])}", x + 32, foot + 8)
        foot += 22
    return foot


def _point_key(
    pen: Pen, icons: list[dict[str, Any]], kinds: list[str], width: int, left: int, foot: float
) -> float:
    """What the marks mean, for the kinds that occur."""
    glyphs = {"circle": "●", "diamond": "◆", "square": "■", "triangle-up": "▲", "triangle-down": "▼"}
    x = float(-left + 12)
    for kind, (shape, colour, label) in _POINTS.items():
        if kind not in kinds:
            continue
        size = 22 + text_width(label) + 20
        if x + size > width - left and x > -left + 12:
            x, foot = float(-left + 12), foot + 22
        pen.text(glyphs[shape], x, foot + 8, ink=colour, size=16)
        pen.text(label, x + 22, foot + 8)
        x += size
    return foot + 22


__all__ = ["control_chart"]
