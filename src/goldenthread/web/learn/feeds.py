"""Where the data come from: feeds, up to when, how many rows, what was set aside, and whom linkage loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goldenthread.web.site.caching import remembered
from goldenthread.web.site.data import editions
from goldenthread.web.site.rules import page

BY = {"feed": "feed", "age": "age", "deprivation_decile": "deprivation tenth", "ethnicity": "ethnicity"}


@page("signed_in")
def data_page(request: HttpRequest) -> HttpResponse:
    """Every feed of the snapshot in force, as the last refresh left it."""
    from goldenthread.intake import FeedReport

    edition = editions().current()
    manifest = edition.snapshot.manifest
    feeds = [FeedReport.from_dict(dict(f)) for f in manifest.feeds]
    typed = request.GET.get("q", "").strip()[:100]
    shown = [f for f in feeds if all(w in f"{f.name} {f.title}".lower() for w in typed.lower().split())]
    return render(
        request,
        "learn/data.jinja",
        {
            "snapshot": edition.snapshot,
            "people": manifest.people,
            "feeds": [_feed(f) for f in shown],
            "all": len(feeds),
            "typed": typed,
            "rows_in": sum(f.rows_in for f in feeds),
            "set_aside": sum(f.quarantined for f in feeds),
            "repeats": sum(f.duplicates for f in feeds),
            "wrong": [f.name for f in feeds if not f.in_order],
            "rates": remembered(
                edition,
                "planning",
                ("linkage rates",),
                lambda: _named_rates(manifest.extra.get("linkage", {})),
            ),
            "worst": _worst(manifest.extra.get("linkage", {})),
        },
    )


def _feed(feed: Any) -> dict[str, Any]:
    known = feed.linked + feed.unlinked
    words = _reasons()
    return {
        "name": feed.name,
        "title": feed.title or feed.name,
        "files": feed.files,
        "rows_in": feed.rows_in,
        "accepted": feed.accepted,
        "quarantined": feed.quarantined,
        "duplicates": feed.duplicates,
        "linked": f"{feed.linked / known:.1%}" if known and feed.unlinked else "all" if known else "–",
        "data_date": feed.data_date,
        "reasons": [
            _why(reason, rows, words) for reason, rows in sorted(feed.reasons.items(), key=lambda x: -x[1])
        ],
        "refused": [str(getattr(r, "file", r)) for r in feed.refused],
        "missing": list(feed.missing),
        "notes": [*feed.notes, *feed.warnings],
    }


def _reasons() -> Mapping[str, tuple[str, str]]:
    from goldenthread.intake.reasons import REASONS

    return {r.code: (r.words, r.remedy) for r in REASONS}


def _why(reason: str, rows: int, words: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A cause of setting rows aside: "out of range in OBSERVATION_VALUE" in words, and what to do about it."""
    code, _, column = reason.partition(" in ")
    said, remedy = words.get(code, (reason, ""))
    return {"rows": rows, "column": column, "words": said, "remedy": remedy}


def _named_rates(linkage: Mapping[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    return [(BY.get(by, by), rows) for by, rows in _rates(linkage)]


def _rates(linkage: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Match rates by group with small groups hidden: linkage that fails more often for some is itself an inequality."""
    import pandas as pd

    from goldenthread.disclosure import release
    from goldenthread.model import value_set

    names = {"ethnicity": dict(value_set("ethnicity_2001").codes)}
    for by, rows in linkage.get("rates", {}).items():
        if not rows:
            continue
        frame = pd.DataFrame(rows).rename(columns={by: "group"})
        frame = frame.sort_values("group", key=lambda c: c.str.zfill(2), ignore_index=True)
        frame["not_linked"] = frame["records"] - frame["linked"]
        table = release(
            frame,
            policy="icb",
            dimensions=["group"],
            counts=["records", "linked", "not_linked"],
            parts={"records": ["linked", "not_linked"]},
            rates=dict.fromkeys(("rate", "low", "high"), ("linked", "records")),
            kinds={"rate": "proportion", "low": "lower", "high": "upper"},
            standardised=["low", "high"],
        )
        found = []
        for row in table.display().to_dict("records"):
            group = str(row["group"])
            found.append(
                {
                    "group": names.get(by, {}).get(group, group),
                    "records": str(row["records"]),
                    "linked": str(row["linked"]),
                    "rate": str(row["rate"]),
                    "range": f"{row['low']} to {row['high']}"
                    if str(row["low"]) not in ("*", "not available")
                    else "",
                }
            )
        yield by, found


def _worst(linkage: Mapping[str, Any]) -> str:
    """The deprivation tenth that loses most, where its interval lies under that of the best; nothing where none does."""
    rows = [
        r
        for r in linkage.get("rates", {}).get("deprivation_decile", ())
        if str(r.get("deprivation_decile", "")).isdigit()
        and r["records"] >= 100
        and r["records"] - r["linked"] >= 8
    ]
    if len(rows) < 2:
        return ""
    low, best = min(rows, key=lambda r: r["rate"]), max(rows, key=lambda r: r["rate"])
    if low["high"] >= best["low"]:
        return "Linkage does not fail clearly more often for any deprivation tenth than for another."
    return (
        f"Linkage fails most often in deprivation tenth {low['deprivation_decile']}: {low['rate']:.1%} of records that came without a "
        f"verified NHS number found their person, {best['rate']:.1%} in tenth {best['deprivation_decile']}."
    )
