"""How figures that everybody asks for are shown: the same to all, whoever asked before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from goldenthread.cohorts import Population, told
from goldenthread.disclosure import Policy, named_policy


def standing_policy(population: Population) -> Policy:
    """Counts of 1 to 7 hidden, also of people not counted, and the others to the nearest 5; or stricter where the purpose's own policy is.

    For figures that are defined beforehand and asked by everybody, on pages and in packs: each is rounded on its own and no
    memory of earlier answers is needed, so two people who look at one page see one figure (docs/decisions/0110).
    """
    own, hes = named_policy(population.purpose.disclosure), named_policy("hes")
    return replace(
        hes, name="standing", title="Standing figures: seven or fewer hidden, others to the nearest 5",
        threshold=max(hes.threshold, own.threshold), rounding=max(hes.rounding, own.rounding), zero=own.zero,
        margins=False, complement=True, one_decimal_from=0,
        source="As HES and ECDS; totals are not audited because every shown figure is rounded on its own",
    )  # fmt: skip


def control(population: Population, question: str, *, standing: bool, members: Any) -> dict[str, Any]:
    """What `release` is told about policy and ledger: a standing figure has a policy of its own, another is remembered."""
    if standing:
        return {"policy": standing_policy(population)}
    found = {
        "policy": population.purpose.disclosure,
        **told(population, f"{question} | {population.purpose.name}"),
    }
    return found | ({"members": members} if population.ledger is not None else {})
