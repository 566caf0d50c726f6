"""`inequality`, `core20plus5` and `coding` from the command line, on a home of forty people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenthread.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        main(list(words))
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_an_outcome_by_group(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "inequality", "age >= 65", "--by", "sex", "--home", str(small_home))
    assert code == 0
    assert "Females" in out
    code, out, _ = run(capsys, "inequality", "age >= 65", "--by", "sex", "--json", "--home", str(small_home))
    found = json.loads(out)
    assert [g["count"] for g in found["groups"]] == [20, 0]
    assert found["synthetic"] is False


def test_places_and_quarters(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "inequality", "age >= 65", "--places", "practice", "--json", "--home", str(small_home)
    )
    assert code == 0
    assert json.loads(out)["places"][-1]["people"] == 40
    code, out, _ = run(capsys, "inequality", "age >= 65", "--trend", "2", "--json", "--home", str(small_home))
    assert code == 0
    assert len(json.loads(out)["points"]) == 2, "nobody here lives in a known fifth"


def test_core20plus5_of_nobody_says_so(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "core20plus5", "--home", str(small_home))
    assert code == 0
    assert "Too few people" in out


def test_coding(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "coding", "--home", str(small_home))
    assert code == 0
    assert "Smoking status not recorded" in out
    code, out, _ = run(capsys, "coding", "copd", "--json", "--home", str(small_home))
    assert code == 0
    assert json.loads(out)["england_2021_22"] == pytest.approx(0.019, abs=0.002)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inequality", "diabetes_prevalense"], "diabetes_prevalence"),
        (["inequality", "copd", "--by", "shoe_size"], "shoe_size"),
        (["inequality", "copd", "--places", "ward"], "practice, pcn"),
        (["inequality", "copd", "--scope", "pcn-NOSUCH"], "NOSUCH"),
        (["coding", "nosuch"], "nosuch"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(
    small_home: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, _, err = run(capsys, *words, "--home", str(small_home))
    assert code == 1
    assert said in err
    assert "Traceback" not in err
