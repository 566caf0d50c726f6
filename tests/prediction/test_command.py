"""The command, from fitting to the view, in a deployment with a model of its own."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from goldenthread.cli import main
from goldenthread.lake import Snapshot
from tests.prediction.conftest import DEFINITION, PEOPLE


def run(*words: str) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert "Traceback" not in err.getvalue()
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def home(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "goldenthread.toml").write_text('name = "Town"\nthreads = 1\nagreements = "recorded"\n')
    shutil.copytree(snapshot.path.parent.parent, folder / "lake")
    (folder / "definitions" / "models").mkdir(parents=True)
    (folder / "definitions" / "models" / "town.toml").write_text(DEFINITION)
    return folder


def test_from_fitting_to_the_view(home: Path) -> None:
    at = ("--home", str(home), "--model", "town")
    code, _, said = run("need", "groups", *at)
    assert code == 1
    assert "No model town has been fitted here" in said

    code, out, _ = run("need", "fit", *at)
    assert code == 0
    for words in (
        "a year that it had not seen",
        "Discrimination (AUC)",
        "By deprivation fifth",
        "By ethnic group",
        "Shown to be fit",
    ):
        assert words in out

    code, out, _ = run("need", "show", *at, "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["fit_for_use"] is True
    assert shown["refused"] is None
    assert shown["odds_ratios"][0]["name"] == "copd"

    code, out, _ = run("need", "groups", "--by", "pcn", *at, "--json")
    groups = json.loads(out)
    assert groups["index_date"] == "2026-09-30"
    assert groups["rows"][-1]["people"] == PEOPLE - PEOPLE // 10

    code, out, _ = run("need", "view", *at)
    assert code == 0
    assert "Risk alone does not say who will benefit" in out

    # the deployment changes a definition: the model is of another catalogue now
    (home / "definitions" / "codelists").mkdir()
    (home / "definitions" / "codelists" / "copd.csv").write_text("code,term\n13645005,COPD\n")
    code, _, said = run("need", "view", *at)
    assert code == 1
    assert "another version of the definitions" in said
    assert "goldenthread need fit" in said


def test_too_few_events_is_a_sentence(home: Path) -> None:
    code, _, said = run("need", "fit", "--home", str(home), "--model", "fortune")
    assert code == 1
    assert "There is no model 'fortune'" in said
    path = home / "definitions" / "models" / "town.toml"
    path.write_text(DEFINITION.replace("events            = 100", "events            = 9000"))
    code, _, said = run("need", "fit", "--home", str(home), "--model", "town")
    assert code == 1
    assert "Too few events" in said
