"""Were the people compared alike? A Love plot of differences before and after matching."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldenthread.charts import words
from goldenthread.charts.axes import Linear, along_axis, span
from goldenthread.charts.canvas import (
    BLUE,
    GRID,
    MUTED,
    ORANGE,
    Pen,
    Sheet,
    check_width,
    rows,
    text_width,
    wrap,
)  # fmt: skip
from goldenthread.charts.chart import Chart
from goldenthread.charts.figures import accept, nothing_to_draw, twin

HOW_LOVE = (
    "For each thing the two groups should be alike on, the difference between their averages in standard deviations, "
    "before and after matching. Under {limit} is taken as alike. Matching can only make people alike on what was "
    "recorded; what was not recorded may still differ."
)


def love_plot(
    table: Any,
    *,
    covariate: str = "covariate",
    before: str = "before",
    after: str = "after",
    limit: float = 0.1,
    width: int = 760,
) -> Chart:
    """Were the people compared alike?

    One row a covariate with its standardised difference ``before`` and ``after`` matching or weighting (signs are
    dropped). ``limit`` is the difference under which the groups count as alike.
    """
    check_width(width)
    figures = accept(table, "Love plot", (covariate, before, after))
    names = figures.text(covariate)
    first, then = np.abs(figures.numbers(before)), np.abs(figures.numbers(after))
    order = sorted(
        range(len(names)), key=lambda i: (-first[i] if words.is_known(first[i]) else np.inf, names[i])
    )
    two: Any = lambda v: words.number(v, 2)  # noqa: E731
    said = {i: (two(a) if words.is_known(a) else None, two(b) if words.is_known(b) else None)
            for i, (a, b) in enumerate(zip(first, then, strict=True))}  # fmt: skip
    table_twin = twin({
        "What was compared": [names[i] for i in order],
        "Difference before": [said[i][0] or words.MISSING for i in order],
        "Difference after": [said[i][1] or words.MISSING for i in order],
        "Alike after": [words.MISSING if said[i][1] is None else "yes" if then[i] < limit else "no" for i in order],
    })  # fmt: skip
    how = HOW_LOVE.format(limit=words.number(limit))
    known = [i for i in order if words.is_known(then[i])]
    if not known:
        return nothing_to_draw(figures, "Love plot", "balance", width=width, how=how, table=table_twin)
    unlike = [i for i in known if then[i] >= limit]
    worst = max(known, key=lambda i: then[i])
    were = sum(1 for i in order if words.is_known(first[i]) and first[i] >= limit)
    things = words.counted(len(known), "thing")
    if unlike:
        listed = words.listed(words.lower_first(names[i]) for i in unlike[:3])
        more = f" and {words.counted(len(unlike) - 3, 'other')}" if len(unlike) > 3 else ""
        verb = "differs" if len(unlike) == 1 else "differ"
        sentence = (
            f"Not alike on everything: of {things}, {words.count_word(len(unlike))} still {verb} after matching "
            f"({listed}{more}); {words.count_word(were)} did before."
        )
    else:
        sentence = (
            f"Alike on all {things} after matching: the largest difference is {two(then[worst])}, "
            f"on {words.lower_first(names[worst])}; before, {words.count_word(were)} were not."
        )
    spec = _love(names, first, then, order, limit, width)
    return Chart(
        "Love plot",
        spec,
        sentence,
        how,
        table_twin,
        "A hollow circle before, a filled one after.",
        figures.foot(),
    )


def _love(
    names: list[str], first: Any, then: Any, order: list[int], limit: float, width: int
) -> dict[str, Any]:
    narrow = width < 520
    left = 12 if narrow else min(300, int(max(text_width(name) for name in names)) + 30)
    plot = width - left - 22
    step, head = (42, 26) if narrow else (26, 26)
    marks, _, top = span([*first, *then, limit * 1.2], zero=True, about=3 if narrow else 5)
    along = Linear(0, top, 0, plot)
    height = step * len(order)
    pen = Pen()
    pen.line(along.at(limit), head, along.at(limit), head + height, ink=MUTED, weight=2, dashed=True)
    pen.text(f"alike under {words.number(limit)}", along.at(limit) + 6, 12)
    before, after = [], []
    for place, index in enumerate(order):
        y = head + step * (place + (0.72 if narrow else 0.5))
        if narrow:
            pen.text(wrap(names[index], width - 24, lines=1)[0], 0, y - 18, halo=True)
        else:
            pen.text(wrap(names[index], left - 22, lines=1)[0], -12, y, align="right")
        pen.line(0, y, plot, y, ink=GRID)
        if words.is_known(first[index]) and words.is_known(then[index]):
            pen.line(along.at(first[index]), y, along.at(then[index]), y)
        if words.is_known(first[index]):
            before.append({"x": first[index], "y": y})
        if words.is_known(then[index]):
            after.append({"x": then[index], "y": y})
    along_axis(pen, along, marks, head + height + 4, words.number)
    pen.text("difference, in standard deviations", plot, head + height + 42, align="right")
    y_key = head + height + (66 if narrow else 42)
    x_key = 0.0 if narrow else float(-left + 12)
    pen.text("○", x_key, y_key, size=18, ink=ORANGE, bold=True)
    pen.text("before", x_key + 20, y_key)
    pen.text("●", x_key + 86, y_key, size=18, ink=BLUE)
    pen.text("after", x_key + 106, y_key)
    sheet = Sheet(width, int(y_key) + 16, left=left, right=22, top=0, bottom=0)
    pixels = Linear(0, 1000, 0, 1000)
    layers = [
        rows("before").mark_point(shape="circle", filled=False, opacity=1, size=90, color=ORANGE, strokeWidth=2.5,
                                  fill="#ffffff").encode(x=along.x(), y=pixels.y()),
        rows("after").mark_point(shape="circle", filled=True, opacity=1, size=110, color=BLUE, stroke="#ffffff")
        .encode(x=along.x(), y=pixels.y()),
    ]  # fmt: skip
    return sheet.spec(layers, {"before": before, "after": after}, pen)


__all__ = ["love_plot"]
