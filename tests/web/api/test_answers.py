"""The API gives what the rooms give: the same figures as pages, notebook and command line, hidden the same way."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest
from django.test import Client

from goldenthread.cohorts import Population, Scope
from goldenthread.web.api import answers, limits  # noqa: F401  the operations register themselves
from goldenthread.web.api.registry import OPERATIONS
from goldenthread.web.site.data import editions
from tests.web.api.conftest import Ask, token_of
from tests.web.api.reading import rows_of

PCN = "pcn-UZ001"


def population(scope: str = "system", recipient: str = "a test") -> Population:
    return editions().current().population("planning", recipient).within(Scope.parse(scope))


def test_a_count_is_the_count_of_the_notebook(ask: Ask) -> None:
    found = ask(f"scopes/{PCN}/ask", expression="age >= 65", by="sex").json()
    answer = population(PCN).cohort("age >= 65").by("sex")
    assert answer.people
    assert found["result"]["count"] == answer.people
    assert found["result"]["english"] == answer.english
    assert found["result"]["by"] == json.loads(json.dumps(answer.to_json()["by"]))
    assert found["about"]["scope_name"] == editions().current().tree.get(PCN).name
    assert found["about"]["data_date"] == answer.data_date.isoformat()
    assert found["about"]["synthetic"] is True


def test_attrition_and_comparison(ask: Ask) -> None:
    from goldenthread.insight.who import compare

    steps = ask("scopes/system/attrition", expression="age >= 65 and hypertension").json()["result"]["steps"]
    expected = population().cohort("age >= 65 and hypertension").attrition().steps
    assert [s["people"] for s in steps] == [s.people for s in expected]
    found = ask("scopes/system/compare", expression="age >= 65", same_ages="false").json()["result"]
    beside = compare(population().cohort("age >= 65"))
    assert found["sentence"] == beside.sentence
    assert found["people"] == beside.people
    assert len(found["rows"]) == len(beside.rows)


def test_profile_inequality_segments_and_coding(ask: Ask) -> None:
    from goldenthread.insight.coding import findings
    from goldenthread.insight.inequality import inequality
    from goldenthread.insight.profile import profile
    from goldenthread.insight.segments import segment_matrix

    edition = editions().current()
    told = ask("scopes/system/profile").json()["result"]
    here = profile(population(), tree=edition.tree)
    assert (told["headline"], told["people"]) == (here.headline, here.people)
    told = ask("scopes/system/inequality", outcome="hypertension").json()["result"]
    assert told["reading"] == inequality(population(), "hypertension").reading
    told = ask("scopes/system/segments").json()["result"]
    assert len(told["matrix"]) == len(segment_matrix(population()).released.frame)
    told = ask("scopes/system/coding").json()["result"]
    assert told["reading"] == findings(population()).reading


def test_small_numbers_are_hidden(ask: Ask) -> None:
    found = ask("scopes/practice-Z00001/ask", expression="age >= 0", by="age_band,sex").json()["result"]
    hidden = [row for row in found["by"] if "suppressed" in row]
    assert hidden, "a practice of this size has small groups"
    assert all(row["count"] is None for row in hidden if "count" in row["suppressed"])
    shown = [
        row["count"] for row in found["by"] + found["totals"] if "count" not in row.get("suppressed", [])
    ]
    assert all(n == 0 or n >= 5 for n in shown)


def test_two_answers_cannot_be_subtracted(ask: Ask) -> None:
    """The ledger is the owner's: what a page told them counts here as well."""
    whole = ask("scopes/system/ask", expression="age >= 65").json()["result"]["count"]
    assert whole
    oldest = next(
        a
        for a in range(108, 80, -1)
        if 1 <= population("system", "nobody asked").cohort(f"age >= {a}").size <= 4
    )
    rest = ask("scopes/system/ask", expression=f"age >= 65 and age < {oldest}").json()["result"]["count"]
    assert rest is None, "it would give away the few who are older"
    somebody = token_of("analyst")
    other = ask("scopes/system/ask", somebody, expression=f"age >= 65 and age < {oldest}").json()["result"][
        "count"
    ]
    assert other is not None, "who was not told the first may be told the second"


def test_definitions_can_be_found(ask: Ask) -> None:
    rows = ask("definitions", kind="condition", q="chronic obstructive").json()["result"]
    assert "copd" in {row["name"] for row in rows}
    one = ask("definitions/copd").json()["result"]
    assert one["rule"]
    assert one["source"]
    assert any(c["codes"] for c in one["codelists"])
    assert ask("definitions/nothing_like_it").status_code == 404


FILES = [o for o in OPERATIONS if o.tables]
VALUES = {
    "ask": {"expression": "age >= 65", "by": "imd_quintile"},
    "attrition": {"expression": "age >= 65"},
    "compare": {"expression": "age >= 65"},
    "inequality": {"outcome": "hypertension"},
    "places": {"outcome": "hypertension", "level": "pcn"},
}


@pytest.mark.parametrize("one", FILES, ids=lambda o: o.name)
def test_every_table_comes_as_a_file_that_says_what_it_is(ask: Ask, one: Any) -> None:
    path = one.path.replace("<str:scope>", "system")
    values = VALUES.get(one.name, {})
    for table in one.tables:
        more = {"table": table} if len(one.tables) > 1 else {}
        frames = {}
        for kind in ("csv", "xlsx", "parquet"):
            answer = ask(path, **values, **more, format=kind)
            assert answer.status_code == 200, answer.content[:500]
            assert f"{one.name}-{table}-system-" in answer["Content-Disposition"]
            frames[kind] = _read(kind, answer.content)
        csv, xlsx, parquet = frames["csv"], frames["xlsx"], frames["parquet"]
        assert len(csv) == len(xlsx) == len(parquet) > 0
        assert list(csv.columns) == list(xlsx.columns)
        assert [c for c in parquet.columns if not c.endswith("_hidden")] == list(csv.columns)
        for frame in frames.values():
            about = frame.attrs["about"]
            assert "Lincolnshire" in about["Population"]
            assert about["Data to"] == "2026-10-31"
            assert "not performance data" in about["Mind"]
            assert {"Coverage", "Definition", "Source", "Purpose"} <= set(about)


def _read(kind: str, content: bytes) -> pd.DataFrame:
    """A file as a program would read it, with what it says about itself."""
    if kind == "csv":
        text = content.decode("utf-8-sig")
        about = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
        frame = pd.read_csv(io.StringIO(text), comment="#")
    elif kind == "xlsx":
        rows = rows_of(content, 1)
        frame = pd.DataFrame(rows[1:], columns=rows[0])
        about = {str(name): str(text) for name, text in rows_of(content, 2)}
    else:
        import pyarrow.parquet as pq

        table = pq.read_table(io.BytesIO(content))
        frame = table.to_pandas()
        heads = {
            k.decode().removeprefix("goldenthread."): v.decode() for k, v in table.schema.metadata.items()
        }
        about = {k.capitalize(): v for k, v in heads.items()}
    frame.attrs["about"] = {str(k): str(v) for k, v in about.items()}
    return frame


BAD = [
    ("scopes/system/ask", {}, "expression is missing"),
    ("scopes/system/ask", {"expression": ""}, "is not what it may be"),
    ("scopes/system/ask", {"expression": "x" * 4001}, "is not what it may be"),
    ("scopes/system/ask", {"expression": "age >="}, ""),
    ("scopes/system/ask", {"expression": "agee >= 65"}, "agee"),
    ("scopes/system/ask", {"expression": "__import__('os')"}, ""),
    ("scopes/system/ask", {"expression": "copd\x00"}, ""),
    ("scopes/system/ask", {"expression": "copd", "by": "nhs_number"}, "nhs_number"),
    ("scopes/system/ask", {"expression": "copd", "by": "sex;drop"}, "is not what it may be"),
    ("scopes/system/ask", {"expression": "copd", "By": "sex"}, "There is no parameter 'By'"),
    ("scopes/system/inequality", {"outcome": "copd", "by": "nothing"}, "nothing"),
    ("scopes/system/segments", {"by": "luck"}, "is not what it may be"),
    ("scopes/system/compare", {"expression": "copd", "same_ages": "yes"}, "is not what it may be"),
    ("scopes", {"kind": "ward"}, "is not what it may be"),
]


@pytest.mark.parametrize(("path", "values", "said"), BAD)
def test_errors_say_what_is_wrong_and_what_to_do(
    ask: Ask, path: str, values: dict[str, str], said: str
) -> None:
    answer = ask(path, **values)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert said in problem["message"]
    assert problem["status"] == 400
    assert problem["message"]
    assert "Traceback" not in answer.content.decode()


def test_a_parameter_given_twice_is_refused(ask: Ask) -> None:
    answer = Client(headers={"Authorization": f"Bearer {token_of('analyst')}"}).get(
        "/api/scopes/system/ask?expression=copd&expression=age>1"
    )
    assert (answer.status_code, "given 2 times" in answer.json()["message"]) == (400, True)


def test_what_is_not_there_and_what_is_not_answered(ask: Ask) -> None:
    assert ask("scopes/pcn-NOWHERE/profile").status_code == 404
    assert ask("nothing/here").status_code == 404
    assert ask("nothing/here").json()["remedy"]
    client = Client(headers={"Authorization": f"Bearer {token_of('analyst')}"})
    for method in (client.post, client.put, client.patch, client.delete, client.options):
        answer = method("/api/scopes")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_too_many_questions_wait(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_MINUTE", 3)
    statuses = [ask("definitions/copd").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    answer = ask("definitions/copd")
    assert int(answer["Retry-After"]) >= 1
    assert ask("definitions/copd", token_of("analyst")).status_code == 200, "others are not held up"


def test_a_table_in_a_file_needs_a_table(ask: Ask) -> None:
    answer = ask("scopes/system/ask", expression="copd", format="csv")
    assert (answer.status_code, "There is no table 'by'" in answer.json()["message"]) == (404, True)


def test_an_evaluation_token_asks_for_evaluation(ask: Ask) -> None:
    found = ask("scopes/system/ask", token_of("analyst", purpose="evaluation"), expression="copd").json()
    assert found["about"]["purpose"] == found["result"]["purpose"] == "evaluation"


def test_exports_are_in_the_audit_log(ask: Ask) -> None:
    from django.conf import settings

    from goldenthread.governance import Audit

    ask(f"scopes/{PCN}/ask", expression="copd", by="sex", format="csv")
    last = Audit(settings.DEPLOYMENT.home).entries(action="figures.exported", newest_first=True, limit=1)[0]
    assert last.subject == f"ask {PCN}"
    assert dict(last.detail) | {"rows": 0} == {"kind": "csv", "table": "by", "rows": 0}
