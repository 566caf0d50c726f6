"""The hand-out: a few sheets of A4, tagged for screen readers."""

from __future__ import annotations

import json
from dataclasses import asdict

from goldenthread.web.workshop.packing import Pack
from goldenthread.web.workshop.slides import BANNER, how

# What is in the pack goes in as data, never as source, so that nothing in it is run.
_TYPST = """
#let p = json(bytes(sys.inputs.pack))
#set document(title: p.name + ": workshop hand-out")
#set page(paper: "a4", margin: 17mm, footer: context [#set text(8pt); #p.foot #h(1fr) #counter(page).display("1 of 1", both: true)])
#set text(font: ("Arial", "Liberation Sans", "DejaVu Sans", "Libertinus Serif"), size: 10pt, lang: "en", region: "GB")
#set par(leading: 0.6em)
#set table(stroke: (x, y) => (bottom: 0.5pt + luma(170)), inset: (x: 4pt, y: 4pt))
#show table.cell.where(y: 0): strong
#show heading: set block(above: 1.1em, below: 0.6em)
#let drawing(d, w) = image(bytes(d.svg), format: "svg", width: w, alt: d.alt)
#if p.banner != "" { block(fill: rgb("#ffb81c"), inset: 5pt, width: 100%, p.banner) }
#heading(level: 1, p.name)
#text(size: 12pt, p.headline)
#grid(columns: (1fr,) * p.key.len(), gutter: 8pt, ..p.key.map(k => [#text(size: 15pt, weight: "bold", k.at(0)) \\ #text(size: 8.5pt, k.at(1))]))
#heading(level: 2, "What stands out")
#if p.findings.len() == 0 [Nothing differs by more than chance and the ordinary variation between places.] else {
  table(columns: (2.6fr, 1.9fr, 1fr, 0.9fr), table.header([Finding], [Here (95% interval)], [Expected], [Number]), ..p.findings.flatten())
}
#let beside = ("pyramid", "map").filter(n => n in p.drawings)
#if beside.len() > 0 { block(breakable: false, grid(columns: (1fr,) * beside.len(), gutter: 14pt,
  ..beside.map(n => [#heading(level: 3, p.drawings.at(n).sentence) #drawing(p.drawings.at(n), 100%)]))) }
#if "matrix" in p.drawings { block(breakable: false)[#heading(level: 3, p.drawings.matrix.sentence) #drawing(p.drawings.matrix, 92%)] }
#heading(level: 2, "Three cohorts to talk about")
#for c in p.candidates {
  block(breakable: false)[
    #heading(level: 3, c.title + ": about " + c.size + " people")
    #c.question
    #list(..c.why, ..c.gaps)
    #c.capacity
    #if c.roles.len() > 0 { table(columns: (3.4fr, 0.7fr, 0.7fr), table.header([Who is needed], [Hours], [Posts]), ..c.roles.flatten()) }
    #text(size: 8.5pt, "Who is meant: " + c.english + ".")
  ]
}
#heading(level: 2, "Questions to ask")
#enum(..p.questions)
#heading(level: 2, "How this was worked out")
#list(..p.how)
"""


def to_pdf(pack: Pack) -> bytes:
    """The pack as a tagged PDF."""
    import typst

    data = {
        "name": pack.name, "headline": pack.headline, "key": [list(k) for k in pack.key],
        "findings": [list(f) for f in pack.findings],
        "drawings": {n: {"svg": d.svg, "alt": d.alt, "sentence": d.sentence} for n, d in pack.drawings.items()},
        "candidates": [
            {k: v for k, v in asdict(c).items() if k in ("title", "question", "english")}
            | {"size": f"{c.people:,}", "why": list(c.why), "gaps": list(c.gaps), "capacity": c.capacity,
               "roles": [[f"{r.title}: {r.what}", f"{r.hours:,}", f"{r.wte:.2f}"] for r in c.roles]}
            for c in pack.candidates
        ],
        "questions": list(pack.questions), "how": how(pack), "banner": BANNER if pack.synthetic else "",
        "foot": f"{pack.name}. Data to {pack.day_words}.",
    }  # fmt: skip
    made: bytes = typst.compile(_TYPST.encode(), sys_inputs={"pack": json.dumps(data)}, format="pdf")
    return made
