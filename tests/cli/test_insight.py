"""`who` and `segments` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenthread.cli import main


def run(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_who_says_the_same_as_the_notebook(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import goldenthread

    assert run(["who", "female and age >= 18", "--home", str(small_home), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    gt = goldenthread.open(small_home)
    found = gt.who("female and age >= 18")
    gt.close()
    assert said["people"] == found.people == 20
    assert said["others"] == "everybody else aged 18 or over"
    assert [f["title"] for f in said["facts"]] == [r.title for r in found.rows]


def test_who_in_words_ends_in_questions(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["who", "female and age >= 18", "--home", str(small_home), "--same-ages"]) == 0
    assert "20 people." in capsys.readouterr().out


def test_segments_gives_every_table(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segments", "--home", str(small_home), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"matrix", "shares", "concentration", "workload", "heavy_use", "movement", "expressions"} <= set(
        said
    )
    whole = next(r for r in said["matrix"]["rows"] if r["segment"] == "All" and r["band"] == "All")
    assert whole["people"] == 40


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["who", "agee > 3"], "nothing called"),
        (["who", "age > 3", "--scope", "pcn-NONE"], "no population called"),
        (["segments", "--by", "luck"], "crossed with"),
        (["segments", "--by", "risk"], "need fit"),
        (["segments", "--months", "0"], "months"),
    ],
)
def test_mistakes_are_sentences(
    small_home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run([*arguments, "--home", str(small_home)]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "Traceback" not in told
