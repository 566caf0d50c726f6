"""What it cost, and what the change in events would cost elsewhere: said with its uncertainty, never netted off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenthread.evaluation import Effect
from goldenthread.programme.workforce import FILE, load_rates, workforce

if TYPE_CHECKING:
    from goldenthread.evaluation import Evaluation
    from goldenthread.programme.locking import Lock
    from goldenthread.programme.reach import Contacts
    from goldenthread.programme.register import Entry


@dataclass(frozen=True)
class Value:
    """Costs recorded and modelled, and events avoided with their interval; sentences that say it."""

    recorded: float
    modelled: float
    people: int
    words: tuple[str, ...]


def value_of(
    entry: Entry, agreement: Lock, evaluation: Evaluation, contacts: Contacts, folder: Path
) -> Value | None:
    """Cost from the notes and from the activity model, and the primary outcome's events avoided at an average unit cost.

    Events avoided = rate ratio against what was expected for as many people over the months agreed. ``None`` where
    there is neither a cost nor an outcome with a unit cost.
    """
    rates = load_rates(folder / FILE)
    recorded = sum(float(e.body["amount"]) for e in entry.notes if e.kind == "cost")
    done = int(contacts.people["completed"].notna().sum()) if len(contacts) else 0
    modelled = workforce(done, agreement.plan.activities, rates)
    words = []
    if recorded:
        words.append(f"£{recorded:,.0f} was recorded as spent.")
    if modelled.lines and done >= _FEWEST:
        words.append(
            f"For people who took part, the activity model gives about {modelled.hours:,.0f} hours with people and "
            f"£{modelled.cost:,.0f}, £{modelled.cost / done:,.0f} a person."
        )
    primary = agreement.plan.primary
    cost = rates.events.get(primary.measure) if primary else None
    found = next(
        (r.found for r in evaluation.results if primary and r.criterion.outcome == primary.name and isinstance(r.found, Effect)),
        None,
    )  # fmt: skip
    power = agreement.power
    if (
        primary
        and cost
        and found is not None
        and found.is_ratio
        and power
        and power.rate
        and found.n_treated >= _FEWEST
    ):
        expected = power.rate * primary.months / 12 * 1000
        ends = sorted((1 - edge) * expected for edge in (found.lower, found.upper))
        middle = (1 - found.value) * expected
        words.append(
            f"At the rate expected when it was planned ({power.rate:.2f} a person a year), every 1,000 people would have had about "
            f"{abs(middle):,.0f} {'fewer' if middle > 0 else 'more'} {cost.title}s in {primary.months} months (between {_signed(ends[1])} and "
            f"{_signed(ends[0])}). On average one {cost.title} costs £{cost.cost:,.0f} ({cost.year})."
        )
        words.append(
            "An event avoided frees time and beds. It seldom frees money, so the two figures are not subtracted from one another."
        )
    if not words:
        return None
    return Value(recorded, modelled.cost, done, tuple(words))


_FEWEST = 8


def _signed(events: float) -> str:
    return f"{abs(events):,.0f} {'fewer' if events > 0 else 'more'}"
