"""Letters by mail merge: plain or easy to read, as Word or PDF. The text is the practice's own; only names are put in."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import date

from goldenthread.governance import GovernanceError
from goldenthread.web.lists.identities import Person

LETTER = """Dear {given_name} {family_name},

{practice} would like to invite you to talk about your health with a member of our team.

Please telephone the practice to arrange a time that suits you. You can bring somebody with you. Please tell us if you need an interpreter, large print, or anything else that helps.

You do not have to come. Your care from us stays the same whatever you decide.

Yours sincerely,
{practice}"""
FIELDS = ("given_name", "family_name", "practice", "today")
_FIELD = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # which no document may hold


def filled(letter: str, person: Person, practice: str, today: date) -> str:
    """The letter to one person. ``GovernanceError`` names a field that is not known, so that no letter goes out with a gap."""
    letter = _CONTROL.sub(" ", letter)
    values = {
        "given_name": person.given_name.title(), "family_name": person.family_name.title(), "practice": practice, "today": f"{today.day} {today:%B %Y}",
    }  # fmt: skip
    for name in _FIELD.findall(letter):
        if name not in values:
            raise GovernanceError(
                f"The letter has the field {{{name[:40]}}}, which is not known.",
                f"Use {', '.join('{' + f + '}' for f in FIELDS)}.",
            )
    return _FIELD.sub(lambda m: values[m[1]], letter)


def as_docx(texts: Sequence[str], people: Sequence[Person], *, easy: bool = False) -> bytes:
    """Letters as one Word document, a page or more each."""
    from docx import Document
    from docx.shared import Pt

    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(18 if easy else 12)
    for n, (text, person) in enumerate(zip(texts, people, strict=True)):
        if n:
            document.add_page_break()
        document.add_paragraph("\n".join(_address(person)))
        for part in _paragraphs(text, easy):
            document.add_paragraph(part)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


_TYPST = """
#set document(title: "Letters")
#set page(paper: "a4", margin: 25mm)
#let data = json(bytes(sys.inputs.data))
#set text(font: ("Liberation Sans", "DejaVu Sans", "Arial"), size: if data.easy { 18pt } else { 12pt }, lang: "en", region: "GB")
#set par(spacing: if data.easy { 1.6em } else { 1.2em }, leading: 0.8em)
#for (n, letter) in data.letters.enumerate() {
  if n > 0 { pagebreak() }
  for line in letter.address { block(spacing: 0.6em)[#line] }
  v(1.5em)
  for part in letter.paragraphs { par(part.split("\\n").map(l => [#l]).join(linebreak())) }
}
"""


def as_pdf(texts: Sequence[str], people: Sequence[Person], *, easy: bool = False) -> bytes:
    """Letters as one PDF. The text goes in as data, so nothing in a name can be taken for markup."""
    import typst

    letters = [
        {"address": _address(p), "paragraphs": _paragraphs(t, easy)}
        for t, p in zip(texts, people, strict=True)
    ]
    data = json.dumps({"letters": letters, "easy": easy})
    made = typst.compile(_TYPST.encode(), format="pdf", sys_inputs={"data": data})
    return bytes(made)


def _address(person: Person) -> list[str]:
    return [f"{person.given_name.title()} {person.family_name.title()}", *person.address, person.postcode]


def _paragraphs(text: str, easy: bool) -> list[str]:
    """Paragraphs; in an easy-read letter each sentence stands alone."""
    found = [p.strip() for p in re.split(r"\n\s*\n", text) if p.strip()]
    if easy:
        found = [s for p in found for s in re.split(r"(?<=[.?!])\s+", p)]
    return found
