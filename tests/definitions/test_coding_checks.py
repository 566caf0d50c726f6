"""Checks of coding as definitions: what a file may say, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenthread.definitions import CodingCheck, DefinitionError, load_catalogue
from goldenthread.measures import variables

WHOLE = """
[diabetes_odd]
title = "Odd"
rule = "Odd"
expression = "diabetes and age < 3"
concerns = "diabetes"
action = "Look"
source = "Ours"
"""


def read(folder: Path, text: str) -> dict[str, CodingCheck]:
    (folder / "coding_checks").mkdir()
    (folder / "coding_checks" / "ours.toml").write_text(text)
    catalogue = load_catalogue(folder)
    variables(catalogue)
    return catalogue.coding_checks


def test_a_system_adds_a_check_by_adding_a_file(tmp_path: Path) -> None:
    check = read(tmp_path, WHOLE)["diabetes_odd"]
    assert (check.family, check.among, check.concerns) == ("missing", "registered", ("diabetes",))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (WHOLE.replace('action = "Look"\n', ""), "title, an expression and an action"),
        (WHOLE + 'family = "odd"\n', "missing, wrong or incomplete"),
        (WHOLE.replace("age < 3", "agee < 3"), "agee"),
        (WHOLE + 'among = "age"\n', "true or false"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, wrong)
    assert said in str(caught.value)
    assert "ours.toml, line" in str(caught.value)


def test_what_the_shipped_checks_concern_is_there() -> None:
    catalogue = load_catalogue()
    known = variables(catalogue)
    assert len(catalogue.coding_checks) > 30
    for check in catalogue.coding_checks.values():
        assert all(known[c].kind == "truth" for c in check.concerns), check.name
        assert check.rule.strip()
        assert check.source.strip()
        assert not check.rule.endswith("."), check.name
