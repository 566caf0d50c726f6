"""The profile page shows what the notebook and the command line say, and nothing that is hidden."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import html

import goldenthread
from goldenthread.cli import main
from goldenthread.insight.profile import Figure, Finding, Profile, areas_of, profile_json
from goldenthread.web.understand.profile import SHOWN_AT_FIRST, coding_beside, key_figures
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


def test_every_figure_of_the_page_is_the_notebooks(client_for: Sign, home: Path, notebook: Profile) -> None:
    """Each table row by row: all the notebook's figures stand in it, and when they are taken away no number is left."""
    page = html.fromstring(client_for("clinical_director").get(f"/understand/{PCN}/").content.decode())
    main = page.xpath("//main")[0]
    gt = goldenthread.open(home)
    try:
        population = gt.population.within(notebook.scope)
        notes = coding_beside(population, notebook)
        _, areas = areas_of(population)
    finally:
        gt.close()
    seen = set()
    for table in main.xpath(".//table"):
        name = plain(table.xpath("./caption")[0])
        expected = rows_expected(name, notebook, notes, areas)
        rows = [plain(row) for row in table.xpath("./tbody/tr")]
        assert len(rows) == len(expected), name
        for text, parts in zip(rows, expected, strict=True):
            left = text
            for part in sorted(filter(None, parts), key=len, reverse=True):
                assert part in text, (name, text, part)
                left = left.replace(part, "")
            assert not re.search(r"\d", left), (name, text, left)
        seen.add(name)
    wanted = {
        "Use of services", "Prevalence of long-term conditions", "Care that should reach more people",
        "Structure of the population", "Wider determinants of health",
    }  # fmt: skip
    if notebook.to_act_on:
        wanted.add("Differences that are more than chance, largest first")
    if len(notebook.to_act_on) > SHOWN_AT_FIRST:
        wanted.add("Smaller differences that are more than chance")
    if notebook.comparator is not None and notebook.comparator.neighbours:
        wanted.add("Nearest neighbours")
    assert wanted <= seen
    assert len(seen) == len(wanted) + 2  # the map and the pyramid, by their readings
    for table in main.xpath(".//table"):
        table.getparent().remove(table)
    figures = [plain(x) for x in main.xpath(".//ul[@class='gt-figures']/li")]
    assert figures == [plain_text(f"{value} {words}") for value, words in key_figures(notebook)]
    assert plain(main.xpath(".//p[contains(@class, 'nhsuk-lede-text')]")[0]) == notebook.headline
    for found in notebook.going_well:
        assert found.sentence in plain(main)


def plain(element: Any) -> str:
    """Everything that an element says, with single spaces."""
    return plain_text(" ".join(element.itertext()))


def plain_text(text: str) -> str:
    return " ".join(text.replace("\u2060", "").split())


def rows_expected(name: str, p: Profile, notes: dict[str, dict[str, str]], areas: Any) -> list[list[str]]:
    """What must stand in each row of a table, by the table's caption: figures as the notebook says them."""

    def coding(figure: Figure) -> str:
        return notes[figure.counted.name]["short"] if figure.counted.name in notes else ""

    def count(value: float | None) -> str:
        return "" if value is None else f"{value:,.0f}"

    def england(figure: Figure, digits: int) -> str:
        return f"{p.england[figure.counted.name]:.{digits}f}%" if figure.counted.name in p.england else ""

    def finding(f: Finding) -> list[str]:
        return [
            f.title, f.figure.counted.rule, f.here, f.figure.between, count(f.figure.count), f.comparator,
            "" if not f.figure.counted.people else count(f.figure.of), f"{count(f.figure.expected)} expected",
            coding(f.figure) if f.place is None else "", *(x.words for x in f.links),
        ]  # fmt: skip

    match name:
        case "Differences that are more than chance, largest first":
            return [finding(f) for f in p.to_act_on[:SHOWN_AT_FIRST]]
        case "Smaller differences that are more than chance":
            return [finding(f) for f in p.to_act_on[SHOWN_AT_FIRST:]]
        case "Use of services":
            return [
                [x.title, x.figure.said, x.figure.between, x.figure.comparator_said if x.figure.between else "", x.driver or "",
                 *([f"{x.top_share:.0f}%", f"about {count(x.top_people)} people"] if x.top_share is not None and x.who else []), x.part[:1].upper() + x.part[1:]]
                for x in p.pressures
            ]  # fmt: skip
        case "Prevalence of long-term conditions":
            return [
                [f.counted.title, "hidden" if f.hidden else count(f.count), f.said, f.between, f.comparator_said, england(f, 1), coding(f)]
                for f in p.conditions.values()
            ]  # fmt: skip
        case "Care that should reach more people":
            return [
                [t.figure.counted.title, t.figure.said, t.figure.between, "" if t.aim is None else f"{t.aim:.0f}%", t.aim_source,
                 "" if t.gap is None else "Met" if t.gap == 0 else count(t.gap), coding(t.figure)]
                for t in p.targets
            ]  # fmt: skip
        case "Structure of the population":
            households = p.tables["households"].display()
            return [
                *(
                    [f.counted.title[1:], f.said, f.comparator_said, england(f, 0)]
                    for f in p.structure.values()
                ),
                *([str(r["title"]), str(r["share"])] for r in households.to_dict("records")),
            ]
        case "Wider determinants of health":
            return [
                [d.title, d.source, d.said(d.here), d.said(d.system), d.said(d.england)]
                for d in p.determinants
            ]
        case "Nearest neighbours":
            assert p.comparator is not None
            return [[n.scope.words, f"{n.distance:.1f}", n.differs_most[1:]] for n in p.comparator.neighbours]
    return pyramid(p) if "England" in name else map_rows(areas)


def pyramid(p: Profile) -> list[list[str]]:
    """People by age and sex, as a share of everybody here and in England."""
    frame = p.tables["ages"].frame
    here, england = frame["people"].sum(), frame["england"].sum()
    return [
        [str(r["age"]), *([f"{r['people']:,}", f"{100 * r['people'] / here:.1f}%"] if r["people"] == r["people"] else []),
         f"{100 * r['england'] / england:.1f}%"]
        for r in frame.to_dict("records")
    ]  # fmt: skip


def map_rows(areas: Any) -> list[list[str]]:
    """Areas by their rate, highest first, each with its rank."""
    rows = areas.frame.assign(hidden=areas.suppressed["rate"]).sort_values(
        ["hidden", "rate"], ascending=[True, False]
    )
    return [
        [r["name"], r["area"], *([] if r["hidden"] else [f"{r['rate']:.3g}", str(n)])]
        for n, r in enumerate(rows.to_dict("records"), 1)
    ]


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
