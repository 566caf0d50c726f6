"""The catalogue page is what the definition files say today."""

from __future__ import annotations

import runpy
from pathlib import Path

from goldenthread.definitions import load_catalogue

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current() -> None:
    made = runpy.run_path(str(DOCS / "make_catalogue.py"))["page"](load_catalogue())
    written = (DOCS / "catalogue.md").read_text("utf-8")
    assert made == written, "Run `python docs/make_catalogue.py`."


def test_every_definition_is_on_it() -> None:
    catalogue = load_catalogue()
    written = (DOCS / "catalogue.md").read_text("utf-8")
    missing = [n for n in (*catalogue.definitions, *catalogue.codelists) if f"| `{n}` |" not in written]
    assert missing == []
