"""The whole cycle from the command line, as somebody who has never seen it would go through it."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from goldenthread.cli import main
from goldenthread.programme.forms import to_json
from tests.programme.conftest import PLAN
from tests.programme.planted import PROGRAMME, town

SETTINGS = 'name = "The town"\nsynthetic = true\nthreads = 1\nmemory_mb = 500\ntoday = {day}\n'


def run(*words: str | Path, code: int = 0) -> str:
    out, err = io.StringIO(), io.StringIO()
    found = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(w) for w in words])
        except SystemExit as stop:
            found = int(stop.code or 0)
    assert "Traceback" not in err.getvalue()
    assert found == code, out.getvalue() + err.getvalue()
    return " ".join((out.getvalue() + err.getvalue()).split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    town(folder / "lake", 0.5)
    (folder / "goldenthread.toml").write_text(SETTINGS.format(day="2024-11-01"))
    return folder


def test_from_question_to_second_cycle(home, tmp_path):
    begin = ("initiative", "new", "walks-2025", "--home", home, "--who", "Ann")
    run(*begin, "--title", "Walks", "--question", "Do they help?", "--cohort", "age >= 60", "--programme", PROGRAMME, "--deputy", "Bob")  # fmt: skip
    assert "no comparator" in run("initiative", "plan", "walks-2025", "--home", home)
    agreed = ("--agreed-by", "Ann Lee, clinical director", "--agreed-by", "Bob Day, practice manager")
    refused = run("initiative", "lock", "walks-2025", *agreed, "--home", home, code=1)
    assert "no primary outcome" in refused
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(to_json(PLAN)))
    planned = run("initiative", "plan", "walks-2025", "--file", file, "--home", home)
    assert "Enough people:" in planned
    assert "Staff for" in planned
    assert "Fingerprint" in run("initiative", "lock", "walks-2025", *agreed, "--home", home)
    run("initiative", "note", "walks-2025", "pdsa", "Moved to Tuesdays: twice as many came.", "--home", home)
    run("initiative", "note", "walks-2025", "cost", "Hall hire", "--amount", "1200", "--home", home)

    assert "Nothing is due." in run("initiative", "evaluate", "--due", "--home", home)
    (home / "goldenthread.toml").write_text(SETTINGS.format(day="2026-11-30"))
    page = tmp_path / "walks.html"
    run("initiative", "evaluate", "walks-2025", "--out", page, "--home", home)
    text = page.read_text()
    for words in (
        "Demonstration.",
        "£1,200 was recorded as spent",
        "Before and after alone would have said",
        ">Met<",
    ):
        assert words in text, words
    listed = json.loads(_json("initiative", "list", "--json", "--home", home))
    assert [(r["id"], r["stage"], r["judged"]) for r in listed] == [("walks-2025", "evaluated", "met")]

    run(
        "initiative",
        "decide",
        "walks-2025",
        "adapt",
        "--reasons",
        "Shorter.",
        "--by",
        "Ann Lee",
        "--home",
        home,
    )
    run("initiative", "new", "walks-2026", "--after", "walks-2025", "--home", home)
    assert "cycle 2" in run("initiative", "show", "walks-2026", "--home", home)
    assert "as it was written" in run("initiative", "verify", "--home", home)
    assert "Shorter." in run("initiative", "handover", "walks-2025", "--home", home)
    assert "walks-2025" in run("initiative", "export", "--csv", "--home", home)
    reach = json.loads(_json("initiative", "show", "walks-2025", "--reach", "all", "--json", "--home", home))
    assert reach["rows"][0]["completed"] == 240


def _json(*words: str | Path) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            main([str(w) for w in words])
        except SystemExit as stop:
            assert not stop.code
    return out.getvalue()


def test_mistakes_are_answered_in_words(home):
    assert "There is no initiative 'wlks'" in run("initiative", "show", "wlks", "--home", home, code=1)
    assert "Did you mean 'falls_prevention'" in run("initiative", "new", "x-1", "--template", "falls_preventin", "--home", home, code=1)  # fmt: skip
    assert "no known ending" in run(
        "initiative", "handover", "walks-2025", "--out", "x.odt", "--home", home, code=1
    )
