"""The operations themselves. Each asks the same function as the page of that name, and shapes nothing of its own."""

from __future__ import annotations

from typing import Any

from django.http import Http404

from goldenthread.cohorts import Scope
from goldenthread.definitions.expressions import names, parse
from goldenthread.errors import GoldenThreadError
from goldenthread.web.api.parameters import Parameter
from goldenthread.web.api.registry import Asked, Found, operation
from goldenthread.web.api.sheets import Sheet

EXPRESSION = Parameter(
    "expression", "A condition about a person, or the name of a cohort.", required=True, longest=4000,
    example="age >= 65 and copd",
)  # fmt: skip
OUTCOME = Parameter(
    "outcome",
    "An indicator, a cohort, a condition or an expression.",
    required=True,
    longest=4000,
    example="copd",
)
SEGMENTATION = Parameter(
    "segmentation", "Which segmentation.", usual="bridges_to_health", longest=80, pattern="[a-z][a-z0-9_]*",
    example="bridges_to_health",
)  # fmt: skip
NAMES = "[a-z][a-z0-9_]*"
_TEXT = {"type": "string"}
_COUNT = {"type": ["integer", "null"], "description": "null where hidden"}
_NUMBER = {"type": ["number", "null"], "description": "null where hidden"}
_ROWS = {"type": "array", "items": {"type": "object"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list_of(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**properties)}


_CHOICES = ("system", "place", "pcn", "practice", "district", "msoa", "lsoa")


@operation(
    "scopes",
    "Populations that may be asked about",
    Parameter("kind", "Only scopes of this kind.", "choice", _CHOICES),
    result=_list_of(scope=_TEXT, kind=_TEXT, code=_TEXT, name=_TEXT, within={"type": ["string", "null"]}),
)
def scopes(asked: Asked) -> Found:
    """Every population inside the token's own scope, with its name and the one above it."""
    tree, kind = asked.edition.tree, asked.values["kind"]

    def inside(scope: Scope) -> bool:
        return (not kind or scope.kind == kind) and asked.working.covers(scope, tree)

    rows = [
        {
            "scope": s.slug, "kind": s.kind, "code": s.code, "name": s.name,
            "within": above.slug if (above := tree.parent(s)) is not None else None,
        }
        for s in tree
        if inside(s)
    ]  # fmt: skip
    return Found(rows, "Populations that may be asked about")


_KINDS = ("measure", "condition", "score", "segmentation", "cohort", "indicator")
_DEFINITION = {"name": _TEXT, "kind": _TEXT, "rule": _TEXT, "source": _TEXT, "version": _TEXT}


@operation(
    "definitions",
    "Definitions in force",
    Parameter("kind", "Only definitions of this kind.", "choice", _KINDS),
    Parameter("q", "Only those whose name or rule holds these words.", longest=80, example="blood pressure"),
    result=_list_of(**_DEFINITION),
)
def definitions(asked: Asked) -> Found:
    """Every measure, condition, score, segmentation, cohort and indicator, with its rule and source."""
    kind, words = asked.values["kind"], (asked.values["q"] or "").lower().split()
    rows = [
        _defined(d)
        for d in asked.edition.catalogue.definitions.values()
        if d.kind in _KINDS
        and (not kind or d.kind == kind)
        and all(w in f"{d.name} {d.rule}".lower().replace("_", " ") or w in d.name for w in words)
    ]
    return Found(rows, "Definitions in force")


@operation(
    "definitions/<str:name>",
    "One definition with its codes",
    result=_object(**_DEFINITION, rests_on={"type": "array", "items": _TEXT}, codelists=_list_of(name=_TEXT, codes={"type": "integer"})),
)  # fmt: skip
def definition(asked: Asked) -> Found:
    """The rule, the source, what it rests on, and how many codes each of its codelists has."""
    catalogue, name = asked.edition.catalogue, asked.values["name"]
    one = catalogue.definitions.get(name)
    if one is None or one.kind not in _KINDS:
        raise Http404
    rests, lists = _rests_on(asked, name)
    more = {
        "rests_on": rests,
        "codelists": [{"name": n, "codes": len(catalogue.codelists[n].codes)} for n in lists],
    }
    return Found(_defined(one) | more, one.name, one.rule)


@operation(
    "scopes/<str:scope>/ask",
    "How many people",
    EXPRESSION,
    Parameter("by", "Count by these, up to three with commas between.", longest=200, pattern=f"{NAMES}(,{NAMES}){{0,2}}",
              example="imd_quintile"),
    result=_object(expression=_TEXT, english=_TEXT, count=_COUNT, population=_COUNT, share=_NUMBER, by=_ROWS, totals=_ROWS,
                   message=_TEXT, definition_hash=_TEXT),
    tables=("by",),
    permission="ask",
)  # fmt: skip
def ask(asked: Asked) -> Found:
    """How many people of the scope meet a condition, of how many; and by any fact about them. Files need ``by``."""
    cohort = asked.population.cohort(asked.values["expression"])
    by = asked.values["by"]
    answer = cohort.by(*(by.split(",") if by else ()))
    sheets = {"by": Sheet.of(answer.by)} if answer.by is not None else {}
    return Found(answer.to_json(), f"People: {answer.english}", answer.expression, sheets, answer.index_date)


@operation(
    "scopes/<str:scope>/attrition",
    "Who is left after each condition",
    EXPRESSION,
    result=_object(
        expression=_TEXT, english=_TEXT, steps=_list_of(step=_TEXT, people=_COUNT, left=_COUNT), message=_TEXT
    ),
    tables=("steps",),
    permission="ask",
)
def attrition(asked: Asked) -> Found:
    """From everybody in the scope to the cohort, one condition after another."""
    population = asked.population
    cohort = population.cohort(asked.values["expression"])
    found = cohort.attrition()
    result = {
        "expression": cohort.expression, "english": cohort.english, "steps": [vars(s) for s in found.steps],
        "message": found.released.message,
    }  # fmt: skip
    sheets = {"steps": Sheet.of(found.released)}
    return Found(
        result, f"From everybody to: {cohort.english}", cohort.expression, sheets, population.index_date
    )


@operation(
    "scopes/<str:scope>/compare",
    "Who they are",
    EXPRESSION,
    Parameter("same_ages", "Weigh the others so that their ages are the same.", "truth", usual=False),
    result=_object(
        people=_COUNT,
        others_people=_COUNT,
        others=_TEXT,
        sentence=_TEXT,
        message=_TEXT,
        rows=_ROWS,
        averages=_ROWS,
    ),
    tables=("rows", "averages"),
    permission="ask",
)
def compare(asked: Asked) -> Found:
    """A cohort beside everybody else in the scope: what its people are more and less likely to have."""
    from goldenthread.insight.who import compare as compared

    population = asked.population
    cohort = population.cohort(asked.values["expression"])
    found = compared(cohort, same_ages=asked.values["same_ages"])
    result = {
        "people": found.people,
        "others_people": found.others_people,
        "others": found.others_words,
        "sentence": found.sentence,
        "message": found.message,
        "rows": [
            {
                "title": r.title, "group": r.group, "expression": r.expression, "people": r.people, "them": r.them,
                "others": r.others, "ratio": r.ratio, "lower": r.lower, "upper": r.upper, "stands_out": r.stands_out,
            }
            for r in found.rows
        ],
        "averages": [vars(a) for a in found.averages],
    }  # fmt: skip
    tables = {"rows": found.released, "averages": found.released_averages}
    sheets = {name: Sheet.of(table) for name, table in tables.items() if table is not None}
    return Found(result, f"Who they are: {cohort.english}", cohort.expression, sheets, population.index_date)


_PROFILE = (
    "structure",
    "conditions",
    "indicators",
    "pressures",
    "determinants",
    "ages",
    "languages",
    "households",
)


@operation(
    "scopes/<str:scope>/profile",
    "The profile of a place",
    result=_object(headline=_TEXT, people=_COUNT, coverage=_TEXT, compared_with=_TEXT, findings=_ROWS, structure=_ROWS,
                   conditions=_ROWS, pressures=_ROWS, indicators=_ROWS, determinants=_ROWS),
    tables=("figures",),
    kept=True,
)  # fmt: skip
def profile(asked: Asked) -> Found:
    """Who lives there, what they have, where the work comes from and what stands out; each with comparator and interval."""
    from goldenthread.insight.profile import profile as profile_of
    from goldenthread.insight.profile import profile_json

    found = profile_of(asked.population, tree=asked.edition.tree)
    sheets = {"figures": profile_sheet(found)}
    words = "Each figure's own rule stands beside it."
    return Found(profile_json(found), f"Profile of {found.scope.words}", words, sheets, found.index_date)


def profile_sheet(found: Any) -> Sheet:
    """Every figure of a profile as one table: what is worked out from released figures only."""
    from goldenthread.insight.profile import figure_json

    columns = (
        "name", "title", "count", "of", "value", "lower", "upper", "unit", "comparator", "expected", "ratio", "ratio_lower",
        "ratio_upper", "rule", "source",
    )  # fmt: skip
    numbers = set(columns[2:7]) | set(columns[8:13])
    figures = [
        *found.structure.values(), *found.conditions.values(), *(p.figure for p in found.pressures), *found.indicators.values()
    ]  # fmt: skip
    records = [figure_json(f) for f in figures]
    return Sheet(
        columns=columns,
        kinds=tuple("value" if c in numbers else "text" for c in columns),
        rows=tuple(tuple(r[c] for c in columns) for r in records),
        hidden=tuple(
            tuple(bool(r["hidden"]) and c in numbers and r[c] is None for c in columns) for r in records
        ),
        policy=next(iter(found.tables.values())).policy,
        source="",
        coverage=found.coverage,
        message="Counts from 1 to 7 are hidden; others are to the nearest 5."
        if any(r["hidden"] for r in records)
        else "",
    )


@operation(
    "scopes/<str:scope>/inequality",
    "Who gets less, who fares worse",
    OUTCOME,
    Parameter(
        "by",
        "A fact that divides people.",
        usual="imd_quintile",
        longest=80,
        pattern=NAMES,
        example="imd_quintile",
    ),
    result=_object(reading=_TEXT),
    tables=("figures",),
    kept=True,
)
def inequality(asked: Asked) -> Found:
    """An outcome by deprivation, ethnicity, sex or any other fact, with the gap and the slope and their intervals."""
    from goldenthread.insight.inequality import inequality as unequal

    population = asked.population
    found = unequal(population, asked.values["outcome"], asked.values["by"])
    title = f"{found.outcome.title} by {asked.values['by'].replace('_', ' ')}"
    return Found(
        found.to_json(), title, found.outcome.rule, {"figures": Sheet.of(found.table)}, population.index_date
    )


@operation(
    "scopes/<str:scope>/places",
    "One outcome, place by place",
    OUTCOME,
    Parameter(
        "level",
        "Which places.",
        "choice",
        ("practice", "pcn", "place", "district", "msoa", "lsoa"),
        usual="practice",
    ),
    result=_object(reading=_TEXT),
    tables=("figures",),
    kept=True,
)
def places(asked: Asked) -> Found:
    """An outcome for each practice, network or area of the scope, beside what its people's age and sex lead one to expect."""
    from goldenthread.insight.inequality import places as placed

    population = asked.population
    found = placed(population, asked.values["outcome"], asked.values["level"])
    title = f"{found.outcome.title} by {asked.values['level']}"
    return Found(
        found.to_json(), title, found.outcome.rule, {"figures": Sheet.of(found.table)}, population.index_date
    )


@operation(
    "scopes/<str:scope>/core20plus5",
    "The areas of Core20PLUS5",
    Parameter(
        "whom", "Adults, or children and young people.", "choice", ("adults", "children"), usual="adults"
    ),
    result=_object(reading=_TEXT),
    kept=True,
)
def core20plus5(asked: Asked) -> Found:
    """The most deprived fifth beside everybody else in the clinical areas of Core20PLUS5."""
    from goldenthread.insight.inequality import core20plus5 as core

    found = core(asked.population, asked.values["whom"])
    return Found(found.to_json(), "Core20PLUS5", "NHS England, Core20PLUS5")


@operation(
    "scopes/<str:scope>/segments",
    "Where need, use and cost are",
    Parameter(
        "by", "Cross segments with this.", "choice", ("need", "use", "gaps", "conditions"), usual="need"
    ),
    SEGMENTATION,
    result=_object(
        matrix=_ROWS, shares=_ROWS, expressions=_ROWS, sentences={"type": "array", "items": _TEXT}, note=_TEXT
    ),
    tables=("matrix", "shares", "concentration"),
    kept=True,
)
def segments(asked: Asked) -> Found:
    """Segments crossed with need, use, gaps in care or conditions; and the share of people and cost in each."""
    from goldenthread.insight.segments import concentration, segment_matrix, shares

    population, segmentation = asked.population, asked.values["segmentation"]
    matrix = segment_matrix(population, asked.values["by"], segmentation=segmentation)
    parts, few = shares(population, segmentation=segmentation), concentration(population)
    tables = {"matrix": matrix.released, "shares": parts.released, "concentration": few.released}
    sheets = {name: Sheet.of(table) for name, table in tables.items()}
    result = {name: sheet.records() for name, sheet in sheets.items()} | {
        "expressions": [
            {"segment": s, "band": b, "expression": e} for (s, b), e in matrix.expressions.items()
        ],
        "sentences": [parts.sentence, few.sentence],
        "note": matrix.note,
    }
    return Found(result, f"Segments by {matrix.column_title}", matrix.note, sheets, population.index_date)


@operation(
    "scopes/<str:scope>/coding",
    "Whether figures can be believed",
    result=_object(reading=_TEXT, findings=_ROWS),
    tables=("findings",),
    kept=True,
)
def coding(asked: Asked) -> Found:
    """Codes that are likely missing or wrong, and how many people each check concerns."""
    from goldenthread.insight.coding import findings

    population = asked.population
    found = findings(population)
    sheets = {"findings": Sheet.of(found.table)}
    return Found(
        found.to_json(),
        "Checks of coding",
        "Each check's own rule stands beside it.",
        sheets,
        population.index_date,
    )


def _defined(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "rule": one.rule,
        "source": one.source,
        "version": one.version,
    }


def _rests_on(asked: Asked, name: str) -> tuple[list[str], list[str]]:
    """The facts that a definition is made of, and the codelists behind them."""
    catalogue = asked.edition.catalogue
    if name in catalogue.indicators:
        one = catalogue.indicators[name]
        asks = [t for t in (one.numerator, one.denominator) if t]
    elif name in catalogue.cohorts:
        asks = [name]
    else:
        asks = [f"missing({name})"]
    population = asked.edition.population(asked.purpose, asked.working.recipient)
    rests: dict[str, None] = {}
    lists: dict[str, None] = {}
    for text in asks:
        facts = (
            [text]
            if text in (name, f"missing({name})")
            else [f"missing({n})" for n in sorted(names(parse(text)))]
        )
        for fact in facts:
            try:
                about = population.cohort(fact)
            except GoldenThreadError:  # a fact that cannot be asked of one person
                continue
            rests |= dict.fromkeys(about.rests_on)
            lists |= dict.fromkeys(about.codelist_hashes)
    return [n for n in rests if n != name], list(lists)
