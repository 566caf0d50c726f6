"""The register as a table: what is tried where, how far it is, what it showed; for a page, a spreadsheet, a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldenthread.disclosure import neutralise_formula
from goldenthread.programme.forms import to_json
from goldenthread.programme.register import Entry


@dataclass(frozen=True)
class Row:
    """One initiative in the portfolio. ``effect`` is the primary outcome's result in words, ``judged`` how it was judged,
    ``before_after`` what before and after alone would have said."""

    id: str
    title: str
    stage: str
    cycle: int
    scope: str
    owner: str
    deputy: str
    template: str
    locked: str
    due: str
    effect: str
    judged: str
    before_after: str
    harm: str
    decision: str
    missing: int


def portfolio(entries: Sequence[Entry]) -> list[Row]:
    """The rows of a portfolio table, in the order given. Null and harmful results stand like any other."""
    return [_row(entry) for entry in entries]


def _row(entry: Entry) -> Row:
    one, plan = entry.initiative, entry.plan
    verdicts = {v[0]: v for v in entry.verdicts}
    primary = plan.primary
    main = verdicts.get(primary.name) if primary else None
    harms = [v for v in entry.verdicts if v[3] in ("limit exceeded", "within limit")]
    watched = [o.name for o in plan.outcomes if o.kind == "harm"]
    open_harm = [
        n for n in watched if n in verdicts and verdicts[n][3] not in ("limit exceeded", "within limit")
    ]
    harm = (
        "limit exceeded" if any(v[3] == "limit exceeded" for v in harms)
        else "cannot tell yet" if open_harm else "within limit" if harms else ""
    )  # fmt: skip
    naive = entry.evaluations[-1].body.get("naive") if entry.evaluations else None
    return Row(
        one.id, one.title, entry.stage, one.cycle, ", ".join(one.scopes), one.owner, one.deputy, one.template,
        entry.lock.agreed_at.date().isoformat() if entry.lock else "",
        plan.evaluate_on.isoformat() if plan.evaluate_on else "", main[2] if main else "", main[3] if main else "",
        _change(naive), harm, str(entry.decisions[-1].body["choice"]) if entry.decisions else "", len(one.gaps),
    )  # fmt: skip


def _change(naive: dict[str, Any] | None) -> str:
    if not naive:
        return ""
    change = float(naive["change"])
    return "no change" if abs(change) < 0.005 else f"{abs(change):.0%} {'fewer' if change < 0 else 'more'}"


def to_csv(entries: Sequence[Entry], *, most_deprived: Mapping[str, str] | None = None) -> str:
    """The portfolio as CSV; text that a spreadsheet would run as a formula is neutralised.

    ``most_deprived``: initiative -> share of those reached who live in the most deprived fifth, as it may be shown; a last column.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = list(Row.__dataclass_fields__)
    writer.writerow(names if most_deprived is None else [*names, "reached_in_most_deprived_fifth"])
    for row in portfolio(entries):
        cells = [neutralise_formula(v) if isinstance(v := getattr(row, n), str) else v for n in names]
        writer.writerow(cells if most_deprived is None else [*cells, most_deprived.get(row.id, "")])
    return out.getvalue()


def to_json_text(entries: Sequence[Entry], *, history: bool = False) -> str:
    """The register as JSON: record, plan, stage, lock, verdicts; with ``history`` every event."""
    return json.dumps([entry_json(e, history=history) for e in entries], indent=1, ensure_ascii=False)


def entry_json(entry: Entry, *, history: bool = False) -> dict[str, Any]:
    """One entry as plain values."""
    lock = entry.lock
    held: dict[str, Any] = {
        "initiative": to_json(entry.initiative), "plan": to_json(entry.plan), "stage": entry.stage, "version": entry.version,
        "lock": None if lock is None else {
            "hash": lock.hash, "agreed_at": lock.agreed_at.isoformat(), "agreed_by": to_json(lock.agreed_by),
            "power": to_json(lock.power), "snapshot": lock.snapshot,
        },
        "amendments": to_json(entry.amendments), "verdicts": to_json(entry.verdicts),
        "decisions": [e.body for e in entry.decisions], "missing": list(entry.initiative.gaps),
    }  # fmt: skip
    if history:
        held["history"] = [
            {
                "at": e.at.isoformat(),
                "who": e.who,
                "kind": e.kind,
                "version": e.version,
                "body": e.body,
                "hash": e.hash,
            }
            for e in entry.events
        ]
    return held
