"""The sheet every chart is drawn on: palette, type, margins, measured text and keys.

Sizes are CSS pixels and a chart is drawn at the size at which it is shown, because an SVG scaled down by a style
sheet shrinks its labels. No text is set below 14 px. The palette is the nhsuk-frontend one; every colour is
paired with a shape, a pattern, a position or a printed number. Text and rules are ``currentColor``, so that they
follow the page and survive forced colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import altair as alt

from goldenthread.charts.errors import ChartError
from goldenthread.charts.words import clean

FONT = "Arial, Helvetica, sans-serif"
TEXT = 14
INK = "currentColor"
RULE = "#768692"
GRID = "#d8dde0"
MUTED = "#4c6272"

BLUE = "#005eb8"
DARK_BLUE = "#003087"
RED = "#d5281b"
DARK_PINK = "#7c2855"
PURPLE = "#330072"
ORANGE = "#ed8b00"
AQUA = "#00a499"
PINK = "#ae2573"
GREEN = "#007f3b"
BLACK = "#212b32"

#: Light to dark, one hue each, lightness strictly falling: readable in grey and by every kind of colour vision.
BLUES = ("#dcebf7", "#a9cdea", "#64a6d8", "#2474b5", "#0b3f73")
AMBERS = ("#fdeacb", "#f9c982", "#ee9a45", "#c75b1c", "#7d2a0c")
#: Fall to rise; blue and orange stay apart under every kind of colour vision.
CHANGE = ("#1f5fa0", "#8db9de", "#eef0f1", "#f4b46d", "#b3520f")

HATCH = "url(#gt-hidden)"
MIN_WIDTH, MAX_WIDTH = 280, 2000
NARROW = 520

# Advance widths of Arial in thousandths of an em (the metric-compatible Liberation Sans is what renders here).
_WIDTHS = {
    **dict.fromkeys("ijl'|", 222), **dict.fromkeys("ft/I.,:;! ()[]-`", 285), **dict.fromkeys("r\"*", 345),
    **dict.fromkeys("ckvxyzsJ", 500), **dict.fromkeys("ABEKPSVXY&", 667), **dict.fromkeys("CDHNRU", 722),
    **dict.fromkeys("FTZL", 605), **dict.fromkeys("GOQ", 778), **dict.fromkeys("Mm", 833), "w": 722, "W": 944,
    "%": 889, "@": 1015,
}  # fmt: skip


def text_width(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """How wide a line of text will be, in pixels.

    >>> round(text_width("Community nursing"))
    121
    """
    thousandths = sum(_WIDTHS.get(char, 556) for char in str(text))
    return thousandths * size / 1000 * (1.07 if bold else 1.0)


def wrap(text: str, width: float, *, size: float = TEXT, lines: int = 2, bold: bool = False) -> list[str]:
    """Text broken into at most ``lines`` lines of ``width`` pixels; the rest is cut with an ellipsis.

    >>> wrap("Serious mental illness", 90)
    ['Serious', 'mental illness']
    >>> wrap("Supercalifragilisticexpialidocious", 60, lines=1)
    ['Superc…']
    """
    words = " ".join(str(text).split()).split(" ")
    out: list[str] = []
    for word in words:
        joined = f"{out[-1]} {word}" if out else word
        if out and text_width(joined, size, bold=bold) <= width:
            out[-1] = joined
        else:
            out.append(word)
    cut = len(out) > lines
    out = out[:lines]
    for index, line in enumerate(out):
        last_of_cut = cut and index == len(out) - 1
        if last_of_cut or text_width(line, size, bold=bold) > width:
            while len(line) > 1 and text_width(line + "…", size, bold=bold) > width:
                line = line[:-1]
            out[index] = line.rstrip() + "…"
    return out


def paragraphs(text: str, width: float, *, size: float, bold: bool = False) -> list[str]:
    """Text broken into as many lines as it needs; a word wider than the line is broken.

    >>> paragraphs("one two three", 40, size=14)
    ['one', 'two', 'three']
    """
    average = max(4, int(width / (text_width("n", size, bold=bold))))
    lines: list[str] = []
    for word in textwrap.wrap(str(text), average, break_long_words=True) or [""]:
        for piece in word.split(" "):
            joined = f"{lines[-1]} {piece}" if lines else piece
            if lines and text_width(joined, size, bold=bold) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


#: A layer still in Altair's hands, or already Vega-Lite.
Layer = alt.Chart | dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """A drawing of ``width`` by ``height`` pixels and the margins left round the plot.

    >>> Sheet(760, 300, left=100).plot_width
    648
    """

    width: int
    height: int
    left: int = 12
    right: int = 12
    top: int = 12
    bottom: int = 12

    @property
    def plot_width(self) -> int:
        return self.width - self.left - self.right

    @property
    def plot_height(self) -> int:
        return self.height - self.top - self.bottom

    @property
    def narrow(self) -> bool:
        return self.width < NARROW

    def spec(self, marks: Sequence[alt.Chart], data: Mapping[str, Any], pen: Pen) -> dict[str, Any]:
        """The Vega-Lite specification of the marks and of what the pen put under and over them, exactly to size.

        Sizing is ours ("none"): left to itself Vega grows the drawing round long labels, and the page then
        scales it down below the legible size. The marks share their scales; the pen has pixels of its own.
        """
        written: dict[str, list[dict[str, Any]]] = {}
        groups: list[list[Layer]] = [pen.under(written), list(marks), pen.over(written)]
        margins = {"left": self.left, "right": self.right, "top": self.top, "bottom": self.bottom}
        return {
            "$schema": alt.SCHEMA_URL,
            "config": CONFIG,
            "width": self.plot_width,
            "height": self.plot_height,
            "padding": margins,
            "autosize": {"type": "none"},
            "resolve": {"scale": {"x": "independent", "y": "independent"}},
            "layer": [group(layers) for layers in groups if layers] or [group([_nothing()])],
            "datasets": {name: _plain(values) for name, values in {**written, **data}.items()},
        }


def unit(layer: alt.Chart) -> dict[str, Any]:
    """One layer as Vega-Lite, without what belongs to a whole chart."""
    made: dict[str, Any] = layer.to_dict(validate=False)
    return {key: value for key, value in made.items() if key in ("data", "mark", "encoding", "projection")}


def group(layers: Sequence[Layer]) -> dict[str, Any]:
    """Layers that share their scales, as Vega-Lite.

    Assembled here because ``alt.layer`` copies every layer deeply at each step, which took most of the time of a
    chart. The marks were validated as they were made; tests validate whole specifications.
    """
    return {"layer": [layer if isinstance(layer, dict) else unit(layer) for layer in layers]}


def _nothing() -> alt.Chart:
    layer: alt.Chart = alt.Chart(alt.InlineData(values=[{}])).mark_point(opacity=0)
    return layer


CONFIG: dict[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "text": {"fontSize": TEXT, "color": INK, "font": FONT},
    "axis": {
        "labelFontSize": TEXT, "titleFontSize": TEXT, "labelColor": INK, "titleColor": INK, "titleFontWeight": "normal",
        "domainColor": RULE, "tickColor": RULE, "gridColor": GRID, "labelLimit": 400, "titleLimit": 900,
        "labelPadding": 6, "titlePadding": 8,
    },
}  # fmt: skip


def _plain(values: Any) -> Any:
    """Rows without NaN or NumPy scalars, so that the specification is JSON everywhere."""
    if isinstance(values, Mapping):
        # geometry is ours already, and a map holds tens of thousands of positions
        return {key: value if key == "geometry" else _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    if isinstance(values, str):
        return clean(values)
    if hasattr(values, "item"):
        values = values.item()
    if isinstance(values, float) and (values != values or values in (float("inf"), float("-inf"))):
        return None
    return values


def check_width(width: int) -> int:
    """The width, if a chart can be drawn at it.

    >>> check_width(340)
    340
    """
    if isinstance(width, bool) or not isinstance(width, int) or not MIN_WIDTH <= width <= MAX_WIDTH:
        raise ChartError(
            f"A chart cannot be drawn {width!r} pixels wide.",
            f"Give a whole number of pixels between {MIN_WIDTH} and {MAX_WIDTH}; 760 suits a page, 340 a phone.",
        )
    return width


def rows(name: str) -> alt.Chart:
    """An empty layer over the named data set; the values are put in once, by ``Sheet.spec``."""
    return alt.Chart(alt.NamedData(name=name))


@dataclass
class Pen:
    """Words, lines and boxes put at places on the sheet, in pixels from the top left of the plot.

    They are gathered and drawn as a handful of layers, because a layer for each costs more than the chart.
    """

    texts: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[dict[str, Any]] = field(default_factory=list)

    def text(
        self, words: str | Sequence[str], x: float, y: float, *, align: str = "left", bold: bool = False,
        size: int = TEXT, ink: str = INK, halo: bool = False,
    ) -> None:  # fmt: skip
        """Write words; several lines are centred on ``y``. A halo keeps them legible over marks."""
        lines = [words] if isinstance(words, str) else list(words)
        for index, line in enumerate(lines):
            place = y + (index - (len(lines) - 1) / 2) * (size + 3)
            self.texts.append({
                "t": line, "x": x, "y": place, "align": align, "bold": bold, "size": size, "ink": ink, "halo": halo,
            })  # fmt: skip

    def line(
        self, x: float, y: float, x2: float, y2: float, *, ink: str = RULE, weight: float = 1, dashed: bool = False,
        over: bool = False,
    ) -> None:  # fmt: skip
        """Draw a straight line, under the marks of the chart or ``over`` them."""
        self.lines.append({
            "x": x, "y": y, "x2": x2, "y2": y2, "ink": ink, "weight": weight, "dashed": dashed, "over": over,
        })  # fmt: skip

    def box(self, x: float, y: float, x2: float, y2: float, fill: str, *, edge: str = RULE) -> None:
        """Fill a rectangle."""
        self.boxes.append({"x": x, "y": y, "x2": x2, "y2": y2, "fill": fill, "edge": edge})

    def hidden_key(self, x: float, y: float) -> None:
        """The key entry for figures that disclosure control has hidden."""
        self.box(x, y - 8, x + 22, y + 8, HATCH)
        self.text("hidden to protect people", x + 30, y)

    def under(self, data: dict[str, list[dict[str, Any]]]) -> list[Layer]:
        """Lines and boxes, to lie under the marks of the chart; their places are added to ``data``."""
        layers = self._ruled(data, over=False)
        if self.boxes:
            layers.append(_box_layer(_named(data, self.boxes)))
        return layers

    def _ruled(self, data: dict[str, list[dict[str, Any]]], *, over: bool) -> list[Layer]:
        layers: list[Layer] = []
        for dashed in (False, True):
            chosen = [row for row in self.lines if row["dashed"] is dashed and row["over"] is over]
            if chosen:
                layers.append(_line_layer(_named(data, chosen, "dashed", "over"), dashed))
        return layers

    def over(self, data: dict[str, list[dict[str, Any]]]) -> list[Layer]:
        """Words and chosen lines, to lie over the marks of the chart; they are added to ``data``."""
        layers = self._ruled(data, over=True)
        styled: dict[tuple[str, bool, int, bool], list[dict[str, Any]]] = {}
        for text in self.texts:
            styled.setdefault((text["align"], text["bold"], text["size"], text["halo"]), []).append(text)
        for (align, bold, size, halo), chosen in sorted(styled.items()):
            name = _named(data, chosen, "align", "bold", "size", "halo")
            if halo:
                layers.append(_text_layer(name, align, bold, size, True))
            layers.append(_text_layer(name, align, bold, size, False))
        return layers


_PIXELS = alt.Scale(domain=[0, 1000], range=[0, 1000], nice=False, zero=False)
_AT: dict[str, Any] = {
    "x": alt.X("x:Q", scale=_PIXELS, axis=None), "y": alt.Y("y:Q", scale=_PIXELS, axis=None)
}  # fmt: skip


def _named(data: dict[str, list[dict[str, Any]]], chosen: Sequence[Mapping[str, Any]], *without: str) -> str:
    """Put rows into ``data`` under a new name: Altair copies and checks every inline row again and again."""
    name = f"pen-{len(data)}"
    data[name] = [{key: value for key, value in row.items() if key not in without} for row in chosen]
    return name


# The same few layers stand in every chart, so each is made and validated once.
@cache
def _line_layer(name: str, dashed: bool) -> dict[str, Any]:
    style: dict[str, Any] = {"strokeDash": [6, 4]} if dashed else {}
    return unit(
        rows(name).mark_rule(**style).encode(
            **_AT, x2="x2:Q", y2="y2:Q", color=alt.Color("ink:N", scale=None),
            strokeWidth=alt.StrokeWidth("weight:Q", scale=None),
        )
    )  # fmt: skip


@cache
def _box_layer(name: str) -> dict[str, Any]:
    return unit(
        rows(name).mark_rect(strokeWidth=1).encode(
            **_AT, x2="x2:Q", y2="y2:Q", fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None)
        )
    )  # fmt: skip


@cache
def _text_layer(name: str, align: str, bold: bool, size: int, halo: bool) -> dict[str, Any]:
    style: dict[str, Any] = {"align": align, "baseline": "middle", "fontSize": size}
    if bold:
        style["fontWeight"] = "bold"
    if halo:
        white = rows(name).mark_text(**style, color="#ffffff", stroke="#ffffff", strokeWidth=4)
        return unit(white.encode(**_AT, text="t:N"))
    return unit(rows(name).mark_text(**style).encode(**_AT, text="t:N", color=alt.Color("ink:N", scale=None)))
