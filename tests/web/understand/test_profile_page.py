"""The profile page shows what the notebook and the command line say, and nothing that is hidden."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import goldenthread
from goldenthread.cli import main
from goldenthread.insight.profile import Profile, profile_json
from tests.web.conftest import PCN, PRACTICE

Sign = Callable[..., Client]


@pytest.fixture(scope="module")
def notebook(home: Path) -> Profile:
    gt = goldenthread.open(home)
    found = gt.profile(PCN)
    gt.close()
    return found


def test_page_file_notebook_and_command_line_agree(
    client_for: Sign, home: Path, notebook: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_for("clinical_director")
    text = client.get(f"/understand/{PCN}/").content.decode()
    assert notebook.headline in text
    assert f"{notebook.people:,}" in text
    for figure in [*notebook.conditions.values(), *notebook.structure.values()]:
        if not figure.hidden and figure.value is not None:
            assert figure.said in text, figure.counted.name
            assert figure.between in text or figure.counted.family == "structure"

    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["profile", PCN, "--home", str(home), "--json"])
    assert not stop.value.code
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    mine = json.loads(json.dumps(profile_json(notebook)))
    assert {k: said[k] for k in mine} == mine

    rows = list(
        csv.reader(io.StringIO(client.get(f"/understand/{PCN}/figures.csv").content.decode("utf-8-sig")))
    )
    heads = next(r for r in rows if r[:2] == ["part", "name"])
    in_file = {
        r[1]: dict(zip(heads, r, strict=True)) for r in rows[rows.index(heads) + 1 :] if r[0] == "conditions"
    }
    for name, figure in notebook.conditions.items():
        assert in_file[name]["count"] == ("*" if figure.hidden else str(figure.count))
        assert in_file[name]["value"] == ("" if figure.value is None else str(round(figure.value, 3)))


def test_the_page_says_whose_how_and_what_next(client_for: Sign) -> None:
    text = client_for("clinical_director").get(f"/understand/{PCN}/").content.decode()
    for words in ("Pseudonymised", "Data to", "Covers", "How this is worked out", "What stands out", "Table"):
        assert words in text
    assert len(text) < 500_000
    assert " style=" not in text.replace("<svg", "\n<svg").split("<svg")[0]


def test_findings_lead_to_ask_within_the_scope(client_for: Sign) -> None:
    text = client_for("clinical_director").get(f"/understand/{PCN}/").content.decode()
    assert f'href="/ask/{PCN}/?q=registered+and+' in text


def test_the_way_in_leads_to_ones_own_population(client_for: Sign) -> None:
    answer = client_for("clinician").get("/understand/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/understand/{PRACTICE}/"


def test_another_network_is_refused(client_for: Sign) -> None:
    assert client_for("clinical_director").get("/understand/pcn-UZ002/").status_code == 403


def test_an_area_too_small_says_what_to_do(client_for: Sign, home: Path) -> None:
    client = client_for("analyst")
    gt = goldenthread.open(home)
    code = gt.population.groups("count(*) AS n", ("lsoa",), by="lsoa", where="lsoa IS NOT NULL").to_pylist()[
        0
    ]["lsoa"]
    gt.close()
    answer = client.get(f"/understand/lsoa-{code}/")
    text = answer.content.decode()
    assert "too small for a profile" in text
    assert "Choose the MSOA" in text
    assert "Traceback" not in text
