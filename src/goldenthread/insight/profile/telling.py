"""A profile as plain values: for JSON, for exports and for pages that keep what they drew."""

from __future__ import annotations

from typing import Any

from goldenthread.insight.profile.figures import Figure
from goldenthread.insight.profile.findings import Finding
from goldenthread.insight.profile.making import Profile


def profile_json(profile: Profile) -> dict[str, Any]:
    """Every figure of a profile as plain values; hidden figures are ``None`` and say so."""
    against = profile.comparator
    return {
        "scope": profile.scope.slug, "name": profile.scope.words, "kind": profile.scope.title,
        "headline": profile.headline, "people": profile.people,
        "growth": {"now": profile.growth.now, "before": profile.growth.before,
                   "day_before": profile.growth.day.isoformat() if profile.growth.day else None,
                   "percent": _rounded(profile.growth.percent), "words": profile.growth.words},
        "index_date": profile.index_date.isoformat(), "data_date": profile.data_date.isoformat(),
        "purpose": profile.purpose, "snapshot": profile.snapshot, "coverage": profile.coverage,
        "compared_with": profile.compared_with,
        "neighbours": [
            {"scope": n.scope.slug, "name": n.scope.words, "distance": n.distance, "differs_most_on": n.differs_most}
            for n in (against.neighbours if against is not None else ())
        ],
        "findings": [finding_json(f) for f in profile.findings], "comparisons_tried": profile.tried,
        "structure": [figure_json(f) | _england(profile, f) for f in profile.structure.values()],
        "conditions": [figure_json(f) | _england(profile, f) for f in profile.conditions.values()],
        "pressures": [
            figure_json(p.figure)
            | {"top_5_percent_have": p.top_share, "who": p.who, "who_people": p.top_people, "driver": p.driver,
               "part": p.part, "sentence": p.sentence}
            for p in profile.pressures
        ],
        "indicators": [figure_json(f) for f in profile.indicators.values()],
        "targets": [
            {"name": t.figure.counted.name, "title": t.figure.counted.title, "value": _rounded(t.figure.value),
             "aim": _rounded(t.aim), "aim_source": t.aim_source, "people_to_reach_it": t.gap}
            for t in profile.targets
        ],
        "candidates": [
            {"template": c.template, "title": c.title, "expression": c.expression, "people": c.figure.count,
             "expected": _rounded(c.figure.expected), "why": list(c.why), "gaps": list(c.gaps)}
            for c in profile.candidates
        ],
        "determinants": [
            {"name": d.name, "title": d.title, "kind": d.kind, "unit": d.unit, "here": d.here, "system": d.system,
             "england": d.england, "source": d.source}
            for d in profile.determinants
        ],
        "ages": rows_of(profile, "ages"), "languages": rows_of(profile, "languages"),
        "households": rows_of(profile, "households"),
    }  # fmt: skip


def figure_json(figure: Figure) -> dict[str, Any]:
    """One figure with its comparator and interval."""
    one = figure.counted
    return {
        "name": one.name, "title": one.title, "rule": one.rule, "source": one.source, "unit": one.unit,
        "count": figure.count, "of": figure.of, "value": _rounded(figure.value), "lower": _rounded(figure.lower),
        "upper": _rounded(figure.upper), "comparator": _rounded(figure.comparator), "expected": _rounded(figure.expected),
        "ratio": _rounded(figure.ratio), "ratio_lower": _rounded(figure.ratio_lower),
        "ratio_upper": _rounded(figure.ratio_upper), "p": None if figure.p is None else float(f"{figure.p:.2g}"),
        "hidden": figure.hidden,
    }  # fmt: skip


def finding_json(found: Finding) -> dict[str, Any]:
    """One finding with what can be done."""
    return {
        "title": found.title, "sentence": found.sentence, "good": found.good, "difference": found.difference,
        "p_adjusted": float(f"{found.p_adjusted:.2g}"), "place": found.place.slug if found.place is not None else None,
        "compared_with": found.comparator_words, "day": found.day.isoformat(),
        "links": [{"kind": x.kind, "words": x.words, "target": x.target} for x in found.links],
        "figure": figure_json(found.figure),
    }  # fmt: skip


def rows_of(profile: Profile, table: str) -> list[dict[str, Any]]:
    """Rows of one of the released tables; hidden figures are ``None``."""
    import pandas as pd

    frame = profile.tables[table].frame
    return [
        {str(k): None if pd.isna(v) else getattr(v, "item", lambda v=v: v)() for k, v in row.items()}
        for row in frame.to_dict("records")
    ]


def _england(profile: Profile, figure: Figure) -> dict[str, float | None]:
    return {"england": _rounded(profile.england.get(figure.counted.name))}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
