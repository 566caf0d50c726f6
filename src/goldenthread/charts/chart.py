"""What every chart is: a specification, a one-sentence reading, a table twin and ways to draw them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd
import vl_convert

from goldenthread.charts import svg as drawing
from goldenthread.charts.errors import ChartError
from goldenthread.charts.words import clean

#: vl-convert carries several; Altair 6.3 writes for this one.
VEGA_LITE = "6.4"
#: Charts whose fills are the figure: with forced colours they keep their own, on white (chart.css).
OWN_COLOURS = frozenset({"Map", "Bubble matrix", "Movement between segments", "Control chart"})


@dataclass(frozen=True)
class Chart:
    """A chart whose title is its reading, with the same figures as a table.

    ``spec`` is Vega-Lite, already at the size shown. ``sentence`` is the reading, made from the numbers.
    ``table`` is the table twin: text cells under headings in words, hidden figures saying so. ``how`` says how the
    figures were worked out. ``links`` gives the address behind each row of the table, where there is one.
    """

    kind: str
    spec: Mapping[str, Any]
    sentence: str
    how: str
    table: pd.DataFrame
    described: str = ""
    foot: str = ""
    links: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for name in ("sentence", "how", "described", "foot"):
            object.__setattr__(self, name, clean(getattr(self, name)))

    @property
    def title(self) -> str:
        """The reading: a chart is headed by what it shows, not by what it plots."""
        return self.sentence

    @property
    def alt(self) -> str:
        """The text alternative: what kind of picture it is, what it shows and where the figures are."""
        parts = [f"{self.kind}.", self.sentence, self.described, "The same figures are in the table."]
        return " ".join(part for part in parts if part)

    @cached_property
    def ident(self) -> str:
        """A short name from the content: the same chart has the same name in every process."""
        text = json.dumps([self.kind, self.sentence, self.spec], sort_keys=True, default=str)
        return "gt-" + hashlib.blake2b(text.encode(), digest_size=5).hexdigest()

    def vega(self) -> dict[str, Any]:
        """The compiled Vega, for a browser whose content policy forbids evaluating code (``ast: true``).

        Draw it with the SVG renderer, on a page that holds ``pattern_defs()`` once.
        """
        compiled: dict[str, Any] = vl_convert.vegalite_to_vega(dict(self.spec), vl_version=VEGA_LITE)
        return compiled

    @cached_property
    def _svg(self) -> str:
        drawn = vl_convert.vegalite_to_svg(dict(self.spec), vl_version=VEGA_LITE)
        return drawing.finish(
            drawn, ident=self.ident, title=self.sentence, alt=self.alt, linked=any(self.links)
        )

    def svg(self, *, titled: bool = False) -> str:
        """The drawing, to stand in a page below its reading; ``titled`` adds reading and source to the picture."""
        return drawing.poster(self._svg, title=self.sentence, foot=self.foot) if titled else self._svg

    def png(self, scale: float = 2, *, titled: bool = True) -> bytes:
        """The picture for a slide or a document, on white; ``scale`` 2 is sharp on paper and on modern screens."""
        if not 0.5 <= scale <= 8:
            raise ChartError(
                f"A picture cannot be drawn {scale} times its size.", "Give a scale from 0.5 to 8."
            )
        picture: bytes = vl_convert.svg_to_png(self._on_white(titled), scale=scale)
        return picture

    def pdf(self, *, titled: bool = True, a4: bool = False) -> bytes:
        """One page of PDF the size of the chart, or one sheet of ``a4``. Not tagged: give the table beside it."""
        page = self._on_white(titled)
        document: bytes = vl_convert.svg_to_pdf(drawing.on_a4(page) if a4 else page)
        return document

    def _on_white(self, titled: bool) -> str:
        title, foot = (self.sentence, self.foot) if titled else ("", "")
        return drawing.poster(self._svg, title=title, foot=foot)

    def html(self, *, heading: int = 3) -> str:
        """Figure, reading, drawing, "How this is worked out" and "Table": no script, no inline style.

        ``heading`` is the level of the reading in the page's outline (2 to 6).
        """
        if heading not in range(2, 7):
            raise ChartError(f"A chart's heading cannot be at level {heading}.", "Give a level from 2 to 6.")
        own = " gt-chart--own-colours" if self.kind in OWN_COLOURS else ""
        return (
            f'<figure class="gt-chart{own}" aria-labelledby="{self.ident}-reading">'
            f'<figcaption><h{heading} class="gt-chart__reading" id="{self.ident}-reading">{escape(self.sentence)}'
            f"</h{heading}></figcaption>"
            f'<div class="gt-chart__drawing" tabindex="0" role="group" aria-label="Drawing">{self._svg}</div>'
            f'<details class="nhsuk-details gt-chart__how"><summary class="nhsuk-details__summary">'
            f'<span class="nhsuk-details__summary-text">How this is worked out</span></summary>'
            f'<div class="nhsuk-details__text"><p>{escape(self.how)}</p></div></details>'
            f'<details class="nhsuk-details gt-chart__table"><summary class="nhsuk-details__summary">'
            f'<span class="nhsuk-details__summary-text">Table</span></summary>'
            f'<div class="nhsuk-details__text">{self.table_html()}</div></details>'
            + (f'<p class="gt-chart__source">{escape(self.foot)}</p>' if self.foot else "")
            + "</figure>"
        )

    def table_html(self) -> str:
        """The table twin alone: first column as row headings, linked where the chart is."""
        headings = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in self.table.columns)
        body = []
        for index, row in enumerate(self.table.itertuples(index=False, name=None)):
            first, *rest = (escape(str(cell)) for cell in row)
            link = self.links[index] if index < len(self.links) else ""
            if link:
                first = f'<a href="{escape(link, quote=True)}">{first}</a>'
            cells = "".join(f"<td>{cell}</td>" for cell in rest)
            body.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
        if not body:
            body.append(f'<tr><td colspan="{max(1, self.table.shape[1])}">Nothing to show</td></tr>')
        return (
            f'<div class="gt-chart__scroll" tabindex="0" role="region" aria-label="Table: {escape(self.sentence)}">'
            f'<table class="nhsuk-table"><caption class="nhsuk-table__caption">{escape(self.sentence)}</caption>'
            f"<thead><tr>{headings}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        )

    def _repr_html_(self) -> str:
        return self.html()
