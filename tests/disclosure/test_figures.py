"""Rates, percentages, means and costs: hidden with their counts, and no back door to the counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenthread.disclosure import Derived, DisclosureError, named_policy, release
from goldenthread.disclosure.dominance import breaks_nk_rule, breaks_p_percent_rule


def test_figures_resting_on_hidden_counts_are_hidden() -> None:
    frame = pd.DataFrame({
        "area": ["A", "B", "C"], "events": [3, 40, 60], "people": [900, 1000, 4], "rate": [333.3, 4000.0, 1.5e6],
        "lower": [70.0, 2850.0, 1.0], "dsr": [320.1, 4100.2, 7.0], "mean_age": [71.0, 68.5, 40.0],
        "median_age": [70.0, 69.0, 41.0], "oldest": [99.0, 101.0, 77.0], "beta": [0.12, 0.13, 0.14],
    })  # fmt: skip
    table = release(
        frame, policy="icb", counts=["events", "people"], dimensions=["area"], standardised=["dsr"],
        rates=dict.fromkeys(("rate", "lower", "dsr"), ("events", "people")),
        means={"mean_age": "people", "median_age": "events", "oldest": "people"},
        kinds={"lower": "lower", "beta": "value"},
    )  # fmt: skip
    hidden = {c: table.suppressed[c].tolist() for c in table.frame}
    by_either, by_people, by_events = [True, False, True], [False, False, True], [True, False, False]
    assert hidden["rate"] == hidden["lower"] == hidden["dsr"] == by_either
    assert hidden["mean_age"] == hidden["oldest"] == hidden["people"] == by_people
    assert hidden["median_age"] == hidden["events"] == by_events
    assert hidden["beta"] == hidden["area"] == [False] * 3
    assert table.frame["rate"].isna().tolist() == by_either
    assert table.per["rate"] == 100_000


def test_percentages_come_from_rounded_counts_with_the_4000_rule() -> None:
    frame = pd.DataFrame(
        {"area": ["big", "small", "empty"], "cases": [123, 123, 0], "people": [4001, 3992, 0]}
    )
    frame["share"] = frame["cases"] / frame["people"].where(frame["people"] > 0)
    frame["percent"] = 100 * frame["share"]
    table = release(frame, policy="hes", counts=["cases", "people"], dimensions=["area"],
                    rates={"share": ("cases", "people"), "percent": ("cases", "people")},
                    kinds={"share": "proportion", "percent": "proportion"})  # fmt: skip
    assert table.frame["share"].tolist()[:2] == [0.031, 0.03]  # 125 of 4,000; 125 of 3,990
    assert table.frame["percent"].tolist()[:2] == [3.1, 3.0]
    assert (
        table.display()["share"].tolist()
        == table.display()["percent"].tolist()
        == ["3.1%", "3%", "not available"]
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 5000), st.integers(8, 5000), st.sampled_from([1, 100, 1000, 100_000]))
def test_a_shown_rate_tells_no_more_than_the_rounded_counts(cases: int, more: int, per: int) -> None:
    """Two true counts that round alike must give the very same released rate."""
    people = cases + more
    released = set()
    for shift in (-2, -1, 0, 1, 2):
        c = round(cases / 5) * 5 + shift
        if c < 8:
            continue
        frame = pd.DataFrame({"cases": [c], "people": [max(people, c)], "rate": [per * c / max(people, c)]})
        table = release(frame, policy="hes", counts=["cases", "people"], rates={"rate": ("cases", "people")})
        released.add((table.frame["cases"][0], table.frame["people"][0], table.frame["rate"][0]))
    assert len({r for _, _, r in released}) == len({(c, p) for c, p, _ in released})


def test_intervals_of_plain_rates_are_calculated_from_what_is_shown() -> None:
    frame = pd.DataFrame({"area": ["A", "B"], "cases": [23, 5], "people": [1002, 800]})
    frame["rate"] = 1000 * frame["cases"] / frame["people"]
    frame["lower"] = frame["rate"] * 0.63
    options = {"counts": ["cases", "people"], "dimensions": ["area"]}
    rates = {"rate": ("cases", "people")}
    with pytest.raises(DisclosureError, match="cannot be worked out again from rounded counts"):
        release(
            frame,
            policy="hes",
            rates=rates | {"lower": ("cases", "people")},
            kinds={"lower": "lower"},
            **options,
        )  # type: ignore[arg-type]
    seen: list[list[float]] = []

    def byar(cases: np.ndarray, people: np.ndarray) -> list[np.ndarray]:
        seen.append([*cases, *people])
        return [1000 * cases / people * 0.6, 1000 * cases / people * 1.5]

    table = release(frame.drop(columns="lower"), policy="hes", rates=rates, **options,  # type: ignore[arg-type]
                    derived=[Derived(("lower", "upper"), ("lower", "upper"), "cases", "people", byar)])  # fmt: skip
    assert seen == [[25.0, 1000.0]]
    assert table.frame["lower"].tolist()[0] == pytest.approx(15.0)
    assert table.suppressed["upper"].tolist() == [False, True]
    assert table.measures["lower"] == "lower"


def test_an_interval_of_a_proportion_reads_as_percentages() -> None:
    frame = pd.DataFrame({"done": [20], "people": [80], "share": [0.25], "low": [0.168], "high": [0.355]})
    table = release(frame, policy="icb", counts=["done", "people"], kinds={"share": "proportion", "low": "lower", "high": "upper"},
                    rates=dict.fromkeys(("share", "low", "high"), ("done", "people")))  # fmt: skip
    assert table.display().loc[0, ["share", "low", "high"]].tolist() == ["25.0%", "16.8%", "35.5%"]


def test_columns_can_serve_control_without_being_shown() -> None:
    frame = pd.DataFrame({"area": ["A", "B"], "people": [3, 30], "mean_cost": [900.0, 310.0]})
    table = release(
        frame,
        policy="icb",
        counts=["people"],
        dimensions=["area"],
        means={"mean_cost": "people"},
        drop=["people"],
    )
    assert list(table.frame) == ["area", "mean_cost"]
    assert table.display()["mean_cost"].tolist() == ["*", "310.0"]


def test_dominance_rules() -> None:
    assert breaks_nk_rule([600, 350, 50], n=2, k=0.90)
    assert not breaks_nk_rule([500, 350, 150], n=2, k=0.90)
    assert breaks_p_percent_rule([1000], p=0.10)
    assert not breaks_p_percent_rule([], p=0.10)
    assert not breaks_p_percent_rule([10] * 20, p=0.10)
    with pytest.raises(DisclosureError, match="zero or more"):
        breaks_nk_rule([5, -1], n=1, k=0.9)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0.01, 1e3))
def test_dominance_does_not_depend_on_the_unit_of_money(sizes: list[float], unit: float) -> None:
    amounts = np.round(np.array(sizes), 2)
    total = amounts.sum()
    top = np.sort(amounts)[::-1]
    if abs(top[:2].sum() - 0.9 * total) > 1e-6 * total:  # away from the edge, where floats may differ
        assert breaks_nk_rule(amounts, n=2, k=0.9) == breaks_nk_rule(amounts * unit, n=2, k=0.9)


def test_a_dominated_cost_is_hidden_and_cannot_be_subtracted() -> None:
    amounts = [[90_000.0] + [100.0] * 9, [5_000.0] * 20, [6_000.0] * 30]
    amounts.append([x for cell in amounts for x in cell])
    frame = pd.DataFrame(
        {"area": ["A", "B", "C", "All"], "people": [10, 20, 30, 60], "cost": [sum(a) for a in amounts]}
    )
    frame["per_head"] = frame["cost"] / frame["people"]
    options = {"counts": ["people"], "dimensions": ["area"], "margins": {"area": "All"}, "costs": {"cost": "people"},
               "rates": {"per_head": ("cost", "people")}}  # fmt: skip
    table = release(frame, policy="icb", contributors={"cost": amounts}, **options)  # type: ignore[arg-type]
    assert table.display()["people"].tolist() == ["10", "20", "30", "60"]
    assert table.display()["cost"].tolist() == ["*", "*", "180,000", "370,900"]
    assert table.suppressed["per_head"].tolist() == [True, True, False, False]
    without = release(frame, policy="icb", **options)  # type: ignore[arg-type]
    assert "dominance rule was not applied" in " ".join(without.notes)
    with pytest.raises(
        DisclosureError, match=r"Row 1 \(area=A\): 'cost' is 90900 but its contributors add up to 5"
    ):
        release(frame, policy="icb", contributors={"cost": [[5.0], *amounts[1:]]}, **options)  # type: ignore[arg-type]


def test_a_cost_of_few_people_is_hidden_with_them_and_protected() -> None:
    frame = pd.DataFrame(
        {"area": ["A", "B", "C", "All"], "people": [3, 20, 30, 53], "cost": [900.0, 5000.0, 7000.0, 12900.0]}
    )
    table = release(
        frame,
        policy="icb",
        counts=["people"],
        dimensions=["area"],
        margins={"area": "All"},
        costs={"cost": "people"},
    )
    assert table.display()["people"].tolist() == ["*", "*", "30", "53"]
    assert table.display()["cost"].tolist() == ["*", "*", "7,000", "12,900"]
    with pytest.raises(DisclosureError, match="zero or more"):
        release(frame.assign(cost=[-900.0, 5000, 7000, 11100]), policy="icb", counts=["people"], dimensions=["area"],
                margins={"area": "All"}, costs={"cost": "people"})  # fmt: skip


def test_numerator_above_denominator_is_refused() -> None:
    frame = pd.DataFrame({"area": ["A"], "done": [12], "people": [10], "share": [1.2]})
    with pytest.raises(DisclosureError, match=r"Row 1 \(area=A\): 'done' is larger than 'people'"):
        release(frame, policy="icb", counts=["done", "people"], dimensions=["area"],
                rates={"share": ("done", "people")}, kinds={"share": "proportion"})  # fmt: skip


def test_person_level_table_for_direct_care() -> None:
    frame = pd.DataFrame({"token": ["k7", "m2"], "age": [81, 79], "why": ["2 falls", "=now()"]})
    table = release(frame, policy="direct_care", purpose="Falls review by the patients' own practice")
    assert table.display()["age"].tolist() == ["81", "79"]
    assert table.to_csv_rows()[2] == ["m2", 79, "'=now()"]
    assert not table.suppressed.to_numpy().any()
    with pytest.raises(DisclosureError, match="'token' is not declared"):
        release(frame, policy="icb")


def test_a_policy_of_one_s_own() -> None:
    local = replace(named_policy("icb"), name="under 10", threshold=9)
    table = release(pd.DataFrame({"people": [9, 10]}), policy=local, counts=["people"])
    assert table.display()["people"].tolist() == ["*", "10"]
    assert "fewer than 10" in table.message


def test_words_in_a_column_of_figures_are_refused() -> None:
    frame = pd.DataFrame({"area": ["North", "South"], "value": ["12", "about 40"]})
    with pytest.raises(
        DisclosureError, match=r"area=South.*'about 40', which is not a number.*declared as value"
    ):
        release(frame, policy="hes", dimensions=["area"], kinds={"value": "value"})


def test_a_missing_figure_is_not_a_word() -> None:
    frame = pd.DataFrame({"area": ["North", "South"], "value": [12.0, None]})
    assert release(frame, policy="hes", dimensions=["area"], kinds={"value": "value"}).display().shape == (
        2,
        2,
    )


def test_more_people_counted_than_there_are_is_refused() -> None:
    frame = pd.DataFrame({"area": ["North", "South"], "seen": [20, 50], "people": [40, 45]})
    frame["share"] = frame["seen"] / frame["people"]
    asked = {
        "policy": "hes",
        "dimensions": ["area"],
        "counts": ["seen", "people"],
        "rates": {"share": ("seen", "people")},
    }
    with pytest.raises(DisclosureError, match="area=South.*'seen' is larger than 'people': 50 of 45"):
        release(frame, kinds={"share": "proportion"}, **asked)
    assert len(release(frame, **asked).frame) == 2
