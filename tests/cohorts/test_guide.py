"""The guide's examples do what it says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from goldenthread.definitions import load_catalogue
from goldenthread.definitions.expressions import check, parse
from goldenthread.measures import variables

GUIDE = Path(__file__).parents[2] / "docs" / "ask.md"


def test_the_guide_runs(small_home: Path) -> None:
    done = doctest.testfile(str(GUIDE), module_relative=False, globs={"home": str(small_home)})
    assert done.attempted > 5
    assert done.failed == 0


def test_every_expression_in_the_guide_is_one() -> None:
    """Names that the guide uses are names that are shipped."""
    known = variables(load_catalogue())
    text = GUIDE.read_text("utf-8").split("## The language")[1].split("## Of whom")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    found = [expression for cell in cells for expression in re.findall(r"`([^`]+)`", cell)]
    assert len(found) > 12
    for expression in found:
        assert check(parse(expression), known, expression) == "truth"
