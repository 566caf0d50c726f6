"""The catalogue of definitions: everything that is counted, in plain words, to be searched and read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.definitions import Catalogue, Codelist, Definition
from goldenthread.web.site.data import Edition, editions
from goldenthread.web.site.forms import whole
from goldenthread.web.site.rules import page
from goldenthread.web.site.templates import exists
from goldenthread.web.understand.links import ask_address

KINDS = {
    "condition": "Conditions",
    "measure": "Facts",
    "score": "Scores",
    "segment": "Segmentations",
    "indicator": "Indicators",
    "cohort": "People who could be helped",
    "coding check": "Checks of coding",
    "initiative": "Initiatives to start from",
    "codelist": "Lists of codes",
    "person": "About the person",
}
PAGE = 50
MOST_CODES = 500


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue."""

    name: str
    kind: str
    title: str
    rule: str
    source: str


@page("signed_in")
def learn(request: HttpRequest) -> HttpResponse:
    """What can be looked up."""
    edition = editions().current()
    counts = dict.fromkeys(KINDS, 0)
    for entry in _entries(edition):
        counts[entry.kind] = counts.get(entry.kind, 0) + 1
    return render(
        request, "learn/learn.jinja", {"counts": [(k, w, counts[k]) for k, w in KINDS.items() if counts[k]]}
    )


@page("signed_in")
def definitions(request: HttpRequest) -> HttpResponse:
    """Search: words in any order, in names, rules, sources and codes."""
    edition = editions().current()
    typed = request.GET.get("q", "").strip()[:200]
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    found = _search(edition, typed, kind)
    number = request.GET.get("page", "1")
    here = max(1, min(whole(number, 1), 99_999))
    pages = max(1, -(-len(found) // PAGE))
    here = min(here, pages)
    return render(
        request,
        "learn/definitions.jinja",
        {
            "typed": typed,
            "kind": kind,
            "kinds": KINDS,
            "found": found[(here - 1) * PAGE : here * PAGE],
            "count": len(found),
            "here": here,
            "pages": pages,
            "before": f"?{urlencode({'q': typed, 'kind': kind, 'page': here - 1})}" if here > 1 else "",
            "after": f"?{urlencode({'q': typed, 'kind': kind, 'page': here + 1})}" if here < pages else "",
        },
    )


@page("signed_in")
def definition_page(request: HttpRequest, definition: str) -> HttpResponse:
    """One definition: its rule, what it rests on, its codes, what rests on it, and where it leads."""
    edition = editions().current()
    catalogue = edition.catalogue
    if definition not in catalogue.definitions:
        raise Http404
    one = catalogue.definitions[definition]
    return render(request, "learn/definition.jinja", _whole(request, edition, one))


@page("signed_in")
def codelist_page(request: HttpRequest, codelist: str) -> HttpResponse:
    """One list of codes, and what uses it."""
    catalogue = editions().current().catalogue
    if codelist not in catalogue.codelists:
        raise Http404
    return render(request, "learn/codelist.jinja", _codelist(catalogue, catalogue.codelists[codelist]))


# -- what is shown -----------------------------------------------------------------------------------------


def _entries(edition: Edition) -> list[Entry]:
    from goldenthread.measures import PERSON

    catalogue = edition.catalogue
    found = [
        Entry(n, d.kind, _title(d), d.rule, d.source)
        for n, d in catalogue.definitions.items()
        if d.kind in KINDS
    ]
    found += [
        Entry(n, "codelist", _listed(n), f"{len(c.codes):,} codes", "")
        for n, c in catalogue.codelists.items()
    ]
    found += [
        Entry(n, "person", v.meaning[:1].upper() + v.meaning[1:], "As it was on the day asked about", "")
        for n, v in PERSON.items()
    ]
    return found


def _search(edition: Edition, typed: str, kind: str) -> list[Entry]:
    words = typed.lower().split()
    ranked = []
    for entry in _entries(edition):
        if kind and entry.kind != kind:
            continue
        name = f"{entry.name} {entry.title}".lower().replace("_", " ")
        text = f"{name} {entry.name.lower()} {entry.rule.lower()} {entry.source.lower()}"
        if not all(w in text for w in words):
            coded = (
                entry.kind == "codelist"
                and len(words) == 1
                and words[0] in edition.catalogue.codelists[entry.name].codes
            )
            if not coded:
                continue
        # whole name first, then in the name, then only in the rule
        place = (
            0
            if typed.lower() in (entry.name, entry.title.lower())
            else 1
            if all(w in name for w in words)
            else 2
        )
        ranked.append((place, entry.title.lower(), entry.name, entry))
    return [e for _, _, _, e in sorted(ranked, key=lambda x: x[:3])]


def _title(definition: Definition) -> str:
    from goldenthread.insight.inequality import title_of

    return title_of(definition)


def _listed(name: str) -> str:
    from goldenthread.insight.inequality import spoken

    return spoken(name)


_SHOWN = {
    "from": "Taken from", "take": "What is taken", "of": "Of which column", "within": "Within", "until": "Until", "since": "Since",
    "where": "Only where", "valid": "Possible values", "unit": "Unit", "min_age": "Youngest", "max_age": "Oldest", "register": "QOF register",
    "method": "Method", "warning": "Mind", "better": "Better", "per": "For how many", "family": "Kind of check", "action": "What to do",
    "version": "Version", "area": "Area",
}  # fmt: skip


def _whole(request: HttpRequest, edition: Edition, one: Definition) -> dict[str, Any]:
    from goldenthread.definitions.expressions import ExpressionError, parse, to_english

    catalogue = edition.catalogue
    known, used_by = _read(catalogue)
    expressions = []
    for key in ("among", "denominator", "numerator", "expression"):
        text = one.raw.get(key)
        if isinstance(text, str) and text:
            try:
                english = to_english(parse(text), known)
            except ExpressionError:
                english = ""
            expressions.append({"what": key, "text": text, "english": english})
    segments = [{"name": s.name, "rule": s.rule, "text": s.expression} for s in getattr(one, "segments", ())]
    rests = [n for n in _uses(one) if n in catalogue.definitions]
    lists = [n for key in ("codes", "resolved") for n in getattr(one, key, ()) if n in catalogue.codelists]
    above = sorted(used_by.get(one.name, ()))
    working = request.working
    scope = working.scope if working is not None else None
    acts = []
    if scope is not None and working.may("ask") and exists(f"/ask/{scope.slug}/"):
        variable = known.get(one.name)
        if (variable is not None and variable.kind == "truth") or one.kind == "cohort":
            acts.append({"words": "Ask how many", "href": ask_address(scope, one.name)})
    if (
        scope is not None
        and working.may("see_figures")
        and one.kind in ("indicator", "condition", "cohort", "coding check")
    ):
        address = f"/understand/{scope.slug}/inequality/"
        if exists(address):
            acts.append({"words": "Who gets less", "href": f"{address}?{urlencode({'indicator': one.name})}"})
    return {
        "one": one,
        "title": _title(one),
        "kind": KINDS.get(one.kind, one.kind),
        "kind_name": one.kind,
        "facts": [(w, _said(one.raw[k])) for k, w in _SHOWN.items() if one.raw.get(k) not in (None, "", [])],
        "expressions": expressions,
        "segments": segments,
        "rests": [(n, _title(catalogue.definitions[n])) for n in rests],
        "lists": [(n, len(catalogue.codelists[n].codes)) for n in lists],
        "above": [(n, _title(catalogue.definitions[n])) for n in above[:60]],
        "more_above": max(0, len(above) - 60),
        "file": _file(one),
        "own": bool(catalogue.folders[1:])
        and any(Path(one.file).is_relative_to(f) for f in catalogue.folders[1:]),
        "acts": acts,
    }


_kept: list[tuple[Catalogue, dict[str, Any], dict[str, list[str]]]] = []


def _read(catalogue: Catalogue) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """What every name means, and which definitions use each: worked out once for the catalogue in force."""
    from goldenthread.measures import variables

    for one, known, used_by in _kept:
        if one is catalogue:
            return known, used_by
    known, used_by = variables(catalogue), {}
    for name, definition in catalogue.definitions.items():
        for needed in _uses(definition):
            used_by.setdefault(needed, []).append(name)
    _kept[:] = [(catalogue, known, used_by)]
    return known, used_by


def _uses(definition: Definition) -> list[str]:
    """Names of the facts that a definition rests on."""
    from goldenthread.definitions.expressions import ExpressionError, names, parse

    texts = [getattr(definition, k, "") for k in ("among", "denominator", "numerator", "expression")]
    texts += [s.expression for s in getattr(definition, "segments", ())]
    found: list[str] = list(getattr(definition, "inputs", {}).values())
    for text in texts:
        try:
            found.extend(names(parse(text)) if isinstance(text, str) and text else ())
        except ExpressionError:
            continue
    return list(dict.fromkeys(found))


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(str(v) for v in value) if len(value) == 2 else ", ".join(str(v) for v in value)
    return str(value)


def _file(one: Definition) -> str:
    path = Path(one.file)
    return f"{path.parent.name}/{path.name}, line {one.line}"


def _codelist(catalogue: Catalogue, codelist: Codelist) -> dict[str, Any]:
    codes = sorted(codelist.codes.items(), key=lambda x: x[1].lower())
    used = sorted(
        n
        for n, d in catalogue.definitions.items()
        if codelist.name in (*getattr(d, "codes", ()), *getattr(d, "resolved", ()))
    )
    return {
        "codelist": codelist,
        "title": _listed(codelist.name),
        "system": "ICD-10" if codelist.system == "icd10" else "SNOMED CT or dm+d",
        "codes": [(c, t, codelist.groups.get(c, "")) for c, t in codes[:MOST_CODES]],
        "grouped": bool(codelist.groups),
        "more": max(0, len(codes) - MOST_CODES),
        "used": [(n, _title(catalogue.definitions[n])) for n in used],
    }
