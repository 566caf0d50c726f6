"""Build a question from answers, and look through everything that can be asked about."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from goldenthread.cohorts import Population
from goldenthread.insight.who import Clause, QuestionError, Questions, expression_of, questions_of, rows_of
from goldenthread.web.ask.answering import read
from goldenthread.web.ask.views import population_for
from goldenthread.web.site.rules import page

MOST_ROWS, MOST_ALTERNATIVES = 20, 10
_FIELD = re.compile(r"n(\d{1,2})_(\d{1,2})")
_kept: dict[tuple[str, str], Questions] = {}
_guard = threading.Lock()


def known_questions(population: Population) -> Questions:
    """The questions of this deployment, worked out once for each state of the data."""
    key = (population.snapshot.id, population.catalogue.hash())
    with _guard:
        if key not in _kept:
            if len(_kept) > 3:
                _kept.clear()
            _kept[key] = questions_of(population)
        return _kept[key]


@page("ask", scope="scope", tier="pseudonymised")
def questions(request: HttpRequest, scope: str) -> HttpResponse:
    """The question as rows of answers. Adding, removing and changing rows work without JavaScript."""
    population = population_for(request)
    known = known_questions(population)
    source = request.POST if request.method == "POST" else request.GET
    rows = rows_in(source)
    text, too_much = source.get("q", ""), False
    if not rows and text.strip():
        cohort, _ = read(population, text)
        found = rows_of(cohort.node, population.variables) if cohort is not None else None
        too_much = found is None
        rows = [list(row) for row in found or ()]
    problem, expression = "", ""
    do, picked = source.get("do", ""), source.get("pick", "")
    rows = _done(rows, "add" if picked else do, picked or source.get("add", ""), known)
    complete = [row for row in rows if row]
    try:
        expression = expression_of(complete, population.variables) if complete else ""
    except QuestionError as error:
        problem = str(error) if do in ("count", "type") else ""
    if expression and do in ("count", "type"):
        return redirect(f"{reverse('ask', args=[scope])}?{urlencode({'q': expression})}")
    english = population.cohort(expression).english if expression else ""
    wanted = source.get("find", "").strip()
    content = {
        "scope": request.scope,
        "rows": _shown(rows, known),
        "groups": known.groups,
        "found": known.find(wanted) if wanted else (),
        "wanted": wanted,
        "expression": expression,
        "english": english,
        "problem": problem,
        "too_much": too_much,
        "text": text,
    }
    return render(request, "ask/questions.jinja", content, status=400 if problem else 200)


@page("ask", scope="scope", tier="pseudonymised")
def measures(request: HttpRequest, scope: str) -> HttpResponse:
    """Everything that can be asked about, by group or by search."""
    known = known_questions(population_for(request))
    wanted = request.GET.get("find", "").strip()[:100]
    group = request.GET.get("group", "")
    groups = known.groups
    shown: Any = known.find(wanted, most=40) if wanted else groups.get(group, ())
    content = {
        "scope": request.scope, "groups": groups, "group": group, "wanted": wanted, "shown": shown, "all": len(known.all),
        "text": request.GET.get("q", ""),
    }  # fmt: skip
    return render(request, "ask/measures.jinja", content)


def rows_in(source: QueryDict) -> list[list[Clause]]:
    """Rows of answers from the fields of a form: n0_0 is the fact, o0_0 the way to ask, v0_0 what was given."""
    found: dict[int, dict[int, Clause]] = {}
    for field in source:
        match = _FIELD.fullmatch(field)
        if match is None:
            continue
        row, place = int(match[1]), int(match[2])
        if row >= MOST_ROWS or place >= MOST_ALTERNATIVES or not source.get(field):
            continue
        key = f"{row}_{place}"
        values = tuple(v[:200] for v in source.getlist(f"v{key}") if v.strip())[:100]
        found.setdefault(row, {})[place] = Clause(source[field][:100], source.get(f"o{key}", "")[:20], values)
    return [[row[p] for p in sorted(row)] for _, row in sorted(found.items())]


def _done(rows: list[list[Clause]], do: str, add: str, known: Questions) -> list[list[Clause]]:
    """Rows after a button was pressed: one taken away, one more, or an alternative in a row."""
    rows = [list(row) for row in rows]
    match = re.fullmatch(r"(drop|or)-(\d{1,2})(?:-(\d{1,2}))?", do)
    if match and match[1] == "drop" and int(match[2]) < len(rows):
        row = rows[int(match[2])]
        if match[3] is not None and int(match[3]) < len(row):
            row.pop(int(match[3]))
    target = int(match[2]) if match and match[1] == "or" else None
    question = known.get(add)
    if question is not None and (do == "add" or target is not None):
        new = Clause(question.name, next(iter(question.operators)))
        if target is not None and target < len(rows) and len(rows[target]) < MOST_ALTERNATIVES:
            rows[target].append(new)
        elif len(rows) < MOST_ROWS:
            rows.append([new])
    return [row for row in rows if row]


def _shown(rows: list[list[Clause]], known: Questions) -> list[list[dict[str, Any]]]:
    return [
        [
            {"clause": c, "question": q, "key": f"{r}_{n}"}
            for n, c in enumerate(row)
            if (q := known.get(c.name)) is not None
        ]
        for r, row in enumerate(rows)
    ]
