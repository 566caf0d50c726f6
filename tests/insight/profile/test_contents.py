"""The contents of a profile name only what exists in the definitions that are shipped."""

from __future__ import annotations

import re

from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.insight.profile.contents import contents, shipped
from goldenthread.measures import variables


def test_everything_named_is_defined() -> None:
    catalogue = load_catalogue()
    known = variables(catalogue)
    made = {(c.family, c.name): c for c in contents(catalogue, known, "DATE '2026-10-31'")}
    for family in ("structure", "condition", "pressure"):
        assert {n for f, n in made if f == family} == set(shipped()[family])
    assert {n for f, n in made if f == "indicator"} == set(catalogue.indicators)
    assert {n.removeprefix("candidate_") for f, n in made if f == "candidate"} == set(catalogue.initiatives)
    for name, entry in shipped()["indicator"].items():
        assert name in catalogue.indicators, name
        cohort = entry.get("cohort")
        assert (
            cohort is None or cohort in catalogue.cohorts or not cohort.isidentifier() or cohort in known
        ), name
        assert entry.get("template") is None or entry["template"] in catalogue.initiatives, name
        assert ("target" in entry) == ("target_source" in entry), name
        twin = entry.get("same_as")
        assert twin is None or twin in shipped()["condition"] or twin in shipped()["structure"], name
    for entry in shipped()["pressure"].values():
        assert entry.get("part") is None or entry["part"] in known


def test_a_national_target_says_whose_it_is_and_of_what_year() -> None:
    targets = {n: e["target_source"] for n, e in shipped()["indicator"].items() if "target" in e}
    assert len(targets) >= 8
    assert [n for n, source in targets.items() if not re.search(r"\b(19|20)\d\d\b", source)] == []


def test_what_is_not_defined_is_left_out() -> None:
    assert {
        c.family for c in contents(Catalogue({}, {}), variables(Catalogue({}, {})), "DATE '2026-10-31'")
    } == {"structure"}
