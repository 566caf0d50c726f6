"""Questions from the command line: what is answered, what is hidden, and how a mistake is put."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from goldenthread.cli import main
from tests.cohorts.conftest import PEOPLE


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        return " ".join(self.err.split())


Tell = Callable[..., Said]


@pytest.fixture
def home(asked: Path, tmp_path: Path) -> Path:
    """A copy of the town in which nothing was asked yet."""
    copy = tmp_path / "home"
    shutil.copytree(asked, copy)
    shutil.rmtree(copy / "disclosure", ignore_errors=True)
    return copy


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Run the command in this process."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("GOLDENTHREAD_HOME", raising=False)

    def run(*words: str | Path) -> Said:
        code = 0
        try:
            main([str(w) for w in words])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Said(code, out, err)

    return run


def test_a_question_in_words(tell: Tell, home: Path) -> None:
    said = tell("ask", "age >= 65 and town_asthma", "--by", "practice", "--attrition", "--home", home)
    assert said.code == 0
    assert "20 of 108 people (18.5%)" in said.out
    assert "Age is at least 65 years, and town asthma; on 31 October 2026." in said.out
    assert "Abbey" in said.out
    assert "Type 1 opt-outs have left" in said.out
    assert "May be asked about for planning" in said.out


def test_json_for_programs(tell: Tell, home: Path) -> None:
    answer = json.loads(
        tell("ask", "older_with_asthma", "--by", "practice,sex", "--json", "--home", home).out
    )
    assert {"count", "population", "coverage", "data_date", "definition_hash", "by"} <= set(answer)
    assert answer["population"] == 108
    assert answer["count"] == sum(r["count"] for r in answer["by"] if r["count"] is not None) == 20
    assert answer["coverage"] == 0.9
    assert answer["data_date"] == "2026-10-31"
    assert {"practice", "sex", "count", "population"} <= set(answer["by"][0])


def test_csv_for_spreadsheets(tell: Tell, home: Path) -> None:
    rows = list(
        csv.reader(io.StringIO(tell("ask", "age >= 65", "--by", "practice", "--csv", "--home", home).out))
    )
    assert rows[0] == ["practice", "practice_name", "count", "population", "share"]
    assert [r[1] for r in rows[1:]] == ["Abbey", "Bailgate", "All"]
    one = tell("ask", "age >= 65", "--csv", "--home", home).out.splitlines()
    assert one[0] == "count,population,share"


def test_small_counts_are_stars(tell: Tell, home: Path) -> None:
    few = "practice == 'Z00001' and town_hba1c <= 58"
    said = tell("ask", few, "--home", home)
    assert "* of 108 people" in said.out
    assert "fewer than 5" in said.out
    answer = json.loads(tell("ask", few, "--json", "--home", home).out)
    assert answer["count"] is None
    assert answer["share"] is None


def test_two_questions_cannot_be_subtracted(tell: Tell, home: Path) -> None:
    """Each alone is answered; together they would tell how many of four people have the low result."""
    first = "practice == 'Z00001'"
    second = "practice == 'Z00001' and not (town_hba1c <= 58)"
    assert json.loads(tell("ask", first, "--json", "--home", home).out)["count"] == 36
    assert json.loads(tell("ask", second, "--json", "--home", home).out)["count"] is None


def test_purposes_decide_who_is_asked_about(tell: Tell, home: Path) -> None:
    care = json.loads(tell("ask", "alive", "--purpose", "direct_care", "--json", "--home", home).out)
    assert care["population"] == PEOPLE
    said = tell("ask", "alive", "--purpose", "plannig", "--home", home)
    assert said.code == 1
    assert "Did you mean 'planning'?" in said.error


def test_another_day(tell: Tell, home: Path) -> None:
    answer = json.loads(tell("ask", "town_hba1c > 0", "--as-at", "2025-06-30", "--json", "--home", home).out)
    assert answer["count"] == 0
    assert answer["index_date"] == "2025-06-30"


def test_a_cohort_is_frozen(tell: Tell, home: Path) -> None:
    frozen = json.loads(tell("ask", "age >= 65", "--freeze", "older", "--json", "--home", home).out)["frozen"]
    assert frozen["id"] == "older-1"
    assert (home / "cohorts" / "older-1" / "version.json").exists()
    assert "older-2" in tell("ask", "age >= 65", "--freeze", "older", "--home", home).out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["age >= 65 and town_astma"], "^^^^^^^^^^ Did you mean `town_asthma`"),
        (["age >= date('2020-01-01')"], "A number is compared with a date"),
        (["age >= 65 and"], "Error:"),
        (["age + 1"], "This gives a number, not true or false"),
        (["age >= 65", "--by", "pnc"], "Did you mean 'pcn'"),
        (["age >= 65", "--as-at", "yesterday"], "'yesterday' is not a date"),
        (["age >= 65", "--as-at", "2027-01-01"], "outside the data, which run to 31 October 2026"),
        (["age >= 65", "--freeze", "Older People"], "not a usable name"),
        (["older_with_astma"], "older_with_asthma"),
    ],
)
def test_a_mistake_gets_a_sentence(tell: Tell, home: Path, words: list[str], says: str) -> None:
    said = tell("ask", *words, "--home", home)
    assert said.code == 1
    assert says in said.error
    assert said.out == ""


def test_one_measure(tell: Tell, home: Path) -> None:
    said = tell("measure", "town_hba1c", "--home", home)
    assert "Latest HbA1c in the 24 months up to the index date" in said.out
    assert "No value" in said.out
    assert "FROM gp_event" in said.out
    answer = json.loads(tell("measure", "town_hba1c", "--json", "--home", home).out)
    assert answer["codes"][0]["codelist"] == "town_hba1c"
    assert sum(r["people"] for r in answer["distribution"]["rows"] if r["value"] != "All") == 108
    wrong = tell("measure", "town_hba1", "--home", home).error
    assert "Did you mean `town_hba1c`" in wrong
    assert "missing(" not in wrong  # what is asked is not shown as an expression that nobody typed


def test_a_mistake_is_told_before_anything_is_worked_out(tell: Tell, home: Path) -> None:
    for table in (home / "lake" / "cache").glob("*.duckdb"):
        table.unlink()
    for words in (["ask", "nosuch > 1"], ["measure", "nosuch"]):
        said = tell(*words, "--home", home)
        assert said.code == 1
        assert "works out every fact" not in said.error
        assert not list((home / "lake" / "cache").glob("*.duckdb"))


def test_models_are_listed_with_the_rest(tell: Tell, home: Path) -> None:
    listed = json.loads(tell("definitions", "list", "--kind", "model", "--json", "--home", home).out)
    assert [one["name"] for one in listed] == ["emergency_admission"]
    assert "admission" in tell("definitions", "show", "emergency_admission", "--home", home).out


def test_definitions_are_listed_and_shown(tell: Tell, home: Path) -> None:
    listed = json.loads(tell("definitions", "list", "--json", "--home", home).out)
    assert all(set(one) == {"kind", "name", "rule", "source", "version"} for one in listed)
    kinds = {one["kind"] for one in listed}
    assert {"measure", "condition", "score", "codelist", "cohort"} <= kinds
    assert {
        "kind": "measure",
        "name": "town_asthma",
        "rule": "Any asthma code",
        "source": "The town's own",
        "version": "1",
    } in listed
    assert (
        "In words: age is at least 65 years, and town asthma."
        in tell("definitions", "show", "older_with_asthma", "--home", home).out
    )
    assert "in order" in tell("definitions", "check", "--home", home).out
    assert "Did you mean" in tell("definitions", "show", "town_asma", "--home", home).error


MEASURE = '[bad]\nrule = "r"\nsource = "s"\nfrom = "gp_event"\ntake = "exists"\n'


@pytest.mark.parametrize(
    ("file", "text", "line", "says"),
    [
        ("measures/bad.toml", MEASURE + 'codes = "nowhere"\n', 1, "needs the codelist 'nowhere'"),
        (
            "measures/bad.toml",
            MEASURE + 'codes = "bad"\nwithin = "3 fortnights"\n',
            7,
            "is not a span of time",
        ),
        (
            "measures/bad.toml",
            MEASURE + 'codes = "bad"\nwhere = "colour == 1"\n',
            1,
            "nothing called `colour`",
        ),
        (
            "measures/bad.toml",
            MEASURE.replace("gp_event", "gp_evnt") + 'codes = "bad"\n',
            1,
            "no table 'gp_evnt'",
        ),
        (
            "measures/bad.toml",
            MEASURE.replace('"exists"', '"latest value"') + 'codes = "bad"\nunit = "mmol/mole"\n',
            7,
            "Did you mean 'mmol/mol'",
        ),
        ("measures/bad.toml", MEASURE + 'codes = "bad"\nuntl = "1 day"\n', 7, "Did you mean 'until'"),
        ("measures/bad.toml", MEASURE.replace('"exists"', '"exsts"') + 'codes = "bad"\n', 5, "take"),
        (
            "measures/bad.toml",
            '[bad]\nrule = "r"\nsource = "s"\nexpression = "age >= \'x\'"\n',
            1,
            "A number is compared with text",
        ),
        (
            "cohorts/bad.toml",
            '[bad]\nrule = "r"\nsource = "s"\nexpression = "ages >= 65"\n',
            1,
            "Did you mean `age`",
        ),
        ("codelists/bad.csv", "code,term\n", None, "The codelist is empty"),
        ("codelists/bad.csv", "code,term\n195967002,Asthma\n", 2, "check digit"),
        ("codelists/bad.csv", "code,term\n195967001,A\n195967001,A\n", 3, "stands twice"),
    ],
)
def test_a_bad_definition_is_named_with_file_and_line(
    tell: Tell, tmp_path: Path, file: str, text: str, line: int | None, says: str
) -> None:
    folder = tmp_path / "definitions"
    for sub in ("measures", "cohorts", "codelists"):
        (folder / sub).mkdir(parents=True)
    (folder / "codelists" / "bad.csv").write_text("code,term\n195967001,Asthma\n")
    (folder / file).write_text(text)
    said = tell("definitions", "check", folder)
    assert said.code == 3
    assert says in said.error
    assert Path(file).name in said.error
    if line:
        assert f"line {line}:" in said.error
    problems = json.loads(tell("definitions", "check", folder, "--json").out)["problems"]
    assert len(problems) == 1


def test_codelists_are_pinned_and_changes_found(tell: Tell, home: Path) -> None:
    assert "No codelist is pinned yet" in tell("codes", "diff", "--home", home).error
    assert tell("codes", "pin", "--home", home).code == 0
    assert "Nothing differs" in tell("codes", "diff", "--home", home).out
    listed = json.loads(tell("codes", "list", "--json", "--home", home).out)
    assert {one["pinned"] for one in listed} == {"yes"}
    lists = home / "definitions" / "codelists"
    (lists / "town_asthma.csv").write_text("code,term\n195967001,Asthma\n22298006,Another\n")
    said = tell("codes", "diff", "--home", home)
    assert said.code == 3
    assert "town_asthma: changed since it was pinned" in said.out


def test_codelists_are_compared_with_another_folder(tell: Tell, home: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    (older / "town_asthma.csv").write_text("code,term\n22298006,Something else\n")
    changes = json.loads(tell("codes", "diff", older, "--json", "--home", home).out)
    assert changes == [
        {
            "name": "town_asthma",
            "what": "1 added and 1 removed since that version",
            "added": {"195967001": "Asthma"},
            "removed": {"22298006": "Something else"},
        }
    ]
    assert tell("codes", "diff", tmp_path / "nowhere", "--home", home).code == 2


def test_codes_in_the_data_by_practice(tell: Tell, home: Path) -> None:
    """Forty people have asthma, of whom four (0, 30, 60, 90) opted out."""
    found = json.loads(tell("codes", "coverage", "town_asthma", "--json", "--home", home).out)
    assert found["codes"] == [{"code": "195967001", "term": "Asthma", "people": 36}]
    by_practice = {row["practice"]: row["people"] for row in found["practices"]}
    assert by_practice == {"Z00001": 12, "Z00002": 24, "All": 36}
    assert "Did you mean 'town_asthma'" in tell("codes", "coverage", "town_astma", "--home", home).error
