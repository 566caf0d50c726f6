"""What goes into the pack: plain values and drawings, worked out once for each state of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from goldenthread.cohorts import CohortError, Population, Scope, own_definitions
from goldenthread.errors import GoldenThreadError
from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.understand.profile import PURPOSE, key_figures

CANDIDATES = 3
FINDINGS = 6
QUESTIONS = 8


@dataclass(frozen=True)
class Role:
    """What one role would do in a year: hours with people, and posts."""

    title: str
    what: str
    hours: int
    wte: float


@dataclass(frozen=True)
class Candidate:
    """One cohort to talk about: how many, why here, the gap, who is needed, and the question behind it."""

    title: str
    template: str
    expression: str
    english: str
    question: str
    people: int
    expected: float | None
    uptake: float
    why: tuple[str, ...]
    gaps: tuple[str, ...]
    roles: tuple[Role, ...]
    cost: int
    equity: str

    @property
    def reached(self) -> int:
        """People who would take part, to the nearest 5."""
        return max(5, 5 * round(self.people * self.uptake / 5))

    @property
    def capacity(self) -> str:
        """What it would take, in a sentence."""
        hours = sum(r.hours for r in self.roles)
        return f"About {hours:,} hours with people in a year ({sum(r.wte for r in self.roles):.1f} whole-time posts) if {self.reached:,} take part."


@dataclass(frozen=True)
class Drawing:
    """A chart in both forms, with what it says and how to say it without seeing it."""

    sentence: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class Pack:
    """Everything in the pack.

    ``areas`` are those with the highest rates, a line each; ``matrix`` the people of each segment with their cost, by how ill
    they are, with a row of headings: what a room cannot read from a drawing at the far wall.
    """

    name: str
    kind: str
    headline: str
    key: tuple[tuple[str, str], ...]
    findings: tuple[tuple[str, str, str, str], ...]
    drawings: dict[str, Drawing]
    areas: tuple[str, ...]
    matrix: tuple[tuple[str, ...], ...]
    candidates: tuple[Candidate, ...]
    questions: tuple[str, ...]
    compared_with: str
    coverage: str
    day: str
    day_words: str
    synthetic: bool


def pack_of(scope: Scope, recipient: str) -> Pack:
    """The pack of a scope."""
    edition = editions().current()

    def make() -> Pack:
        return _made(edition, edition.population(PURPOSE, recipient).within(scope))

    return remembered(edition, PURPOSE, ("workshop", scope.slug), make)


def file_of(scope: Scope, recipient: str, kind: str) -> tuple[bytes, str]:
    """The pack as pptx or pdf, and the data date for its name."""
    from goldenthread.web.workshop.handout import to_pdf
    from goldenthread.web.workshop.slides import to_pptx

    pack = pack_of(scope, recipient)
    content = remembered(
        editions().current(), PURPOSE, ("workshop", scope.slug, kind),
        lambda: to_pptx(pack) if kind == "pptx" else to_pdf(pack),
    )  # fmt: skip
    return content, pack.day


def _made(edition: Edition, population: Population) -> Pack:
    from goldenthread.insight.profile import profile

    found = profile(population, tree=edition.tree)
    chosen = tuple(_candidate(edition, population, c) for c in found.candidates[:CANDIDATES])
    drawings, areas, matrix = _drawings(edition, population, found)
    day = found.data_date
    return Pack(
        name=found.scope.words, kind=found.scope.title, headline=found.headline, key=tuple(key_figures(found)),
        findings=tuple(
            (f.title, f"{f.here} ({f.figure.between})", f.comparator, f"{f.figure.expected:,.0f}")
            for f in found.to_act_on[:FINDINGS]
        ),
        drawings=drawings, areas=areas, matrix=matrix, candidates=chosen,
        questions=questions_of(found, chosen), compared_with=found.compared_with, coverage=found.coverage,
        day=day.isoformat(), day_words=f"{day.day} {day:%B %Y}", synthetic=settings.DEPLOYMENT.synthetic,
    )  # fmt: skip


def _candidate(edition: Edition, population: Population, one: Any) -> Candidate:
    from goldenthread.programme import from_template, load_rates, workforce

    template = edition.catalogue.initiatives[one.template]
    _, plan = from_template(edition.catalogue, one.template, id="workshop")
    rates = load_rates(edition.settings.home / "programme" / "workforce.toml")
    taking_part = one.figure.count * plan.uptake
    needed = workforce(taking_part, plan.activities, rates)
    return Candidate(
        title=one.title, template=one.template, expression=one.expression,
        english=population.cohort(one.expression).english, question=template.question, people=one.figure.count,
        expected=one.figure.expected, uptake=plan.uptake, why=one.why, gaps=one.gaps,
        roles=tuple(Role(x.title, x.what, round(x.hours), round(x.wte, 2)) for x in needed.lines),
        cost=round(needed.cost, -2), equity=template.equity,  # type: ignore[arg-type]
    )  # fmt: skip


def questions_of(found: Any, chosen: tuple[Candidate, ...]) -> tuple[str, ...]:
    """Questions for the room: from what stands out, then from the candidate cohorts, then those always worth asking."""
    asked = []
    for f in found.to_act_on[:4]:
        title = f.figure.counted.title
        where = f" at {f.place.words}" if f.place is not None else ""
        lower = f.difference < 0
        if f.figure.counted.coding and lower:
            asked.append(
                f"{title}{where}: are people missing from the register, and who would put that right?"
            )
        elif f.figure.counted.better == "higher":
            asked.append(f"{title}{where}: who does not get it, what have we tried, and who do they trust?")
        elif f.figure.counted.coding:
            asked.append(f"{title}{where}: what do these people need that they do not get today?")
        else:
            asked.append(f"{title}{where}: which of these could have been prevented, when, and by whom?")
    asked += [c.question for c in chosen if c.question]
    asked += [
        "Does this match what you see in your surgeries? What does the record not show?",
        "Who would notice in a year if we did nothing?",
        "What would we stop doing to make room?",
    ]
    return tuple(dict.fromkeys(asked))[:QUESTIONS]


def _drawings(
    edition: Edition, population: Population, found: Any
) -> tuple[dict[str, Drawing], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The drawings by name, the areas with the highest rates, and the matrix as a table."""
    from goldenthread import charts
    from goldenthread.insight.profile import BOUNDARY_KEYS, areas_of, boundaries_of

    areas: tuple[str, ...] = ()
    drawn = {"pyramid": _drawing(charts.population_pyramid(found.tables["ages"], width=560))}
    if "emergency_admissions_12m" in population.variables:
        level, table = areas_of(population)
        boundaries = boundaries_of(level, table.frame["area"].tolist(), own_definitions(edition.settings))
        if boundaries is not None:
            areas = highest(table)
            drawn["map"] = _drawing(
                charts.choropleth(
                    table,
                    boundaries,
                    area="area",
                    value="rate",
                    name="name",
                    boundary_key=BOUNDARY_KEYS[level],
                    width=560,
                )
            )
    rows: tuple[tuple[str, ...], ...] = ()
    matrix = _matrix(population)
    if matrix is not None:
        drawn["matrix"], rows = matrix
    return drawn, areas, rows


def highest(table: Any, most: int = 5) -> tuple[str, ...]:
    """The areas with the highest rates that can be shown, a line each."""
    shown = table.frame[~table.suppressed["rate"].to_numpy(bool)].nlargest(most, "rate")
    return tuple(
        f"{n}. {name}: {rate:,.0f}"
        for n, (name, rate) in enumerate(zip(shown["name"], shown["rate"], strict=True), 1)
    )


def _matrix(population: Population) -> tuple[Drawing, tuple[tuple[str, ...], ...]] | None:
    """Segments by need with cost, drawn and as rows; nothing where the definitions have no segmentation or cost."""
    from goldenthread import charts
    from goldenthread.insight.segments import segment_matrix

    try:
        found = segment_matrix(population)
    except (CohortError, GoldenThreadError):
        return None
    frame = found.released.frame
    inside = found.released.only(
        [s != "All" and b != "All" for s, b in zip(frame["segment"], frame["band"], strict=True)]
    )
    drawing = _drawing(
        charts.bubble_matrix(
            inside, column="band", colour_words="estimated cost a head", row_order=found.segments,
            column_order=found.bands, column_words=found.column_title, width=760,
        )
    )  # fmt: skip
    return drawing, matrix_rows(found)


def matrix_rows(found: Any) -> tuple[tuple[str, ...], ...]:
    """The matrix as a table to be read aloud: how many people, and what their care costs a head."""
    shown = {(r["segment"], r["band"]): r for r in found.released.display().to_dict("records")}
    rows = [(f"Segment, by {found.column_title}", *found.bands, "All")]
    for segment in (*found.segments, "All"):
        rows.append((segment, *(_cell(shown.get((segment, band))) for band in (*found.bands, "All"))))
    return tuple(rows)


def _cell(row: Any) -> str:
    if row is None or str(row["people"]) == "0":
        return "–"
    people, cost = str(row["people"]), str(row["spend_per_head"])
    if people == "*":
        return "hidden"
    return people if cost in ("*", "not available", "") else f"{people} (£{cost})"


def _drawing(chart: Any) -> Drawing:
    return Drawing(chart.sentence, chart.alt, chart.svg(), chart.png(titled=False))
