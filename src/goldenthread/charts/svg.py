"""From what Vega draws to an SVG that may stand in a page, in a file or on a sheet of A4.

Vega's own output needs four repairs: links come out on a foreign host, clip paths of two charts on one page share
their names, pattern fills have no definition, and there is no title. All are made here, on the text, once.
"""

from __future__ import annotations

import re
from html import escape

from goldenthread.charts.canvas import BLACK, FONT, MUTED, paragraphs

# vl-convert resolves relative links against its sample-data host; a page must never point there.
_FOREIGN = re.compile(r'xlink:href="https://vega\.github\.io/vega-datasets/{1,2}')
_OPEN = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)" viewBox="[^"]*"')
_PATTERN = re.compile(r"url\(#(gt-[\w-]+)\)")
_OWN_ID = re.compile(r'(id="|url\(#)((?:clip|gradient_?)\d+|gt-[\w-]+)')
_BACKDROP = re.compile(r'<rect width="[\d.]+" height="[\d.]+" fill="(?:transparent|white)"/>')
_GROUP_ROLES = re.compile(r' role="graphics-(?:object|document|symbol)" aria-roledescription="[^"]*"')


def pattern(name: str) -> str:
    """The definition of one named pattern: ``gt-hidden``, or ``gt-stripe-`` and six hex digits.

    >>> "gt-stripe-4c6272" in pattern("gt-stripe-4c6272")
    True
    """
    if name.startswith("gt-stripe-"):
        colour = "#" + name.removeprefix("gt-stripe-")[:6]
        inside = (
            f'<rect width="8" height="8" fill="{colour}" fill-opacity="0.35"/>'
            f'<line x1="0" y1="0" x2="0" y2="8" stroke="{colour}" stroke-width="7"/>'
        )
    else:
        inside = (
            '<rect width="8" height="8" fill="#fff"/>'
            '<line x1="0" y1="0" x2="0" y2="8" stroke="currentColor" stroke-width="3"/>'
        )
    return (
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)">{inside}</pattern>'
    )


def pattern_defs(*names: str) -> str:
    """A hidden SVG that defines the patterns, for a page whose charts are redrawn by Vega in the browser.

    >>> pattern_defs().startswith('<svg width="0" height="0" aria-hidden="true"')
    True
    """
    wanted = names or ("gt-hidden", "gt-stripe-4c6272")
    return (
        '<svg width="0" height="0" aria-hidden="true" focusable="false"><defs>'
        + "".join(pattern(name) for name in wanted)
        + "</defs></svg>"
    )


def finish(drawn: str, *, ident: str, title: str, alt: str, linked: bool) -> str:
    """Vega's drawing with a name, a description, its own identifiers, its patterns and its links put right.

    A drawing with links is a group, not an image: the contents of an image are not reachable for assistive
    technology, and links inside one would be focusable and nameless.
    """
    drawn = _FOREIGN.sub(lambda found: 'href="' + ("/" if found.group().endswith("//") else ""), drawn)
    drawn = _BACKDROP.sub("", drawn, count=1)
    if not linked:
        drawn = _GROUP_ROLES.sub("", drawn)
    names = sorted(set(_PATTERN.findall(drawn)))
    size = _SIZE.search(drawn)
    width, height = size.groups() if size else ("760", "400")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="gt-chart__svg" '
        f'role="{"group" if linked else "img"}" aria-labelledby="{ident}-title {ident}-desc" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<title id="{ident}-title">{escape(title)}</title><desc id="{ident}-desc">{escape(alt)}</desc>'
    )
    if names:
        opening += "<defs>" + "".join(pattern(name) for name in names) + "</defs>"
    drawn = _OPEN.sub(lambda _: opening, drawn, count=1)
    # Vega numbers its clip paths through the life of the process; ours start afresh in every drawing
    given: dict[str, str] = {}

    def own(name: str) -> str:
        if not name.startswith("gt-"):
            name = given.setdefault(name, f"clip{len(given)}")
        return f"{ident}-{name}"

    return _OWN_ID.sub(lambda found: found.group(1) + own(found.group(2)), drawn)


def size_of(svg: str) -> tuple[float, float]:
    """Width and height in pixels.

    >>> size_of('<svg width="340" height="200" viewBox="0 0 340 200"></svg>')
    (340.0, 200.0)
    """
    found = _SIZE.search(svg)
    if found is None:
        raise ValueError("not a drawing of ours")
    return float(found.group(1)), float(found.group(2))


def _lines(words: list[str], x: float, y: float, size: int, leading: int, fill: str, weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return "".join(
        f'<text x="{x:g}" y="{y + index * leading:g}" font-family="{FONT}" font-size="{size}px" fill="{fill}"{bold}>'
        f"{escape(line)}</text>"
        for index, line in enumerate(words)
    )


def poster(svg: str, *, title: str, foot: str) -> str:
    """The drawing with its reading above and its source below, on white: for a slide, a report or a print."""
    width, height = size_of(svg)
    head = paragraphs(title, width - 24, size=19, bold=True)
    tail = paragraphs(foot, width - 24, size=14) if foot else []
    top = 16 + 24 * len(head) + 8
    total = top + height + (12 + 19 * len(tail) if tail else 0) + 8
    inner = svg.replace("<svg ", f'<svg x="0" y="{top}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="{BLACK}" '
        f'width="{width:g}" height="{total:g}" viewBox="0 0 {width:g} {total:g}">'
        f'<rect width="{width:g}" height="{total:g}" fill="#ffffff"/>'
        + _lines(head, 12, 34, 19, 24, BLACK, "bold")
        + inner
        + _lines(tail, 12, top + height + 19, 14, 19, MUTED)
        + "</svg>"
    )


def on_a4(svg: str) -> str:
    """A poster centred on one A4 sheet with 12 mm margins, upright or on its side as it fits better.

    Units are points, as PDF has them; nothing is enlarged beyond its natural size.
    """
    width, height = size_of(svg)
    upright, sideways = (595.28, 841.89), (841.89, 595.28)

    def fit(page: tuple[float, float]) -> float:
        return min((page[0] - 68) / width, (page[1] - 68) / height, 0.75)

    page = upright if fit(upright) >= fit(sideways) else sideways
    scale = fit(page)
    inner = svg.replace("<svg ", '<svg x="0" y="0" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{page[0]}" height="{page[1]}" '
        f'viewBox="0 0 {page[0]} {page[1]}" color="{BLACK}">'
        f'<rect width="{page[0]}" height="{page[1]}" fill="#ffffff"/>'
        f'<g transform="translate({(page[0] - width * scale) / 2:.2f},34) scale({scale:.5f})">{inner}</g></svg>'
    )


__all__ = ["finish", "on_a4", "pattern", "pattern_defs", "poster", "size_of"]
