"""What is kept for how long, and a run that deletes what has expired, looks again, and writes down that it is gone."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from goldenthread.governance.clock import now, stamp
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.opt_outs import OptOuts
from goldenthread.governance.purposes import purpose_names
from goldenthread.governance.register import Register
from goldenthread.lake import Lake
from goldenthread.settings import Settings

QUARANTINE_DAYS = 90
SNAPSHOT_DAYS = 90


@dataclass(frozen=True)
class Rule:
    """One kind of thing. ``expired`` names what has expired (never a person); ``delete`` removes them, as far as it can."""

    kind: str
    kept: str
    why: str
    expired: Callable[[], list[str]]
    delete: Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Outcome:
    """What a run found of one kind, deleted, and found still there when it looked again."""

    kind: str
    kept: str
    found: int
    deleted: int
    left: int


@dataclass(frozen=True)
class RetentionRun:
    """One run. ``proved`` says that nothing expired is left."""

    at: str
    dry: bool
    outcomes: tuple[Outcome, ...]

    @property
    def proved(self) -> bool:
        """Whether everything that had expired is gone."""
        return all(o.left == 0 for o in self.outcomes)


def rules_of(settings: Settings, clock: Callable[[], datetime] = now) -> list[Rule]:
    """The retention rules of a deployment, from its settings and its register."""
    return [
        _opt_out_answers(settings, clock),
        _files(
            "opt-out files", settings.vault_dir / "opt-outs", settings.opt_out_days, clock,
            "They hold NHS numbers, and serve only until the reply is read",
        ),
        _files(
            "quarantine", settings.quarantine_dir, QUARANTINE_DAYS, clock,
            "Rows set aside hold identifiers; the sender has had time to put them right",
        ),
        _snapshots(settings, clock),
        _cohorts(settings, clock),
    ]  # fmt: skip


def run_retention(
    settings: Settings, *, by: str, dry: bool = False, rules: Sequence[Rule] | None = None
) -> RetentionRun:
    """Delete what has expired, look again, and record both. ``dry`` only looks.

    What cannot be deleted is counted as left, and the rest goes on. Raises ``RecordError`` where the run cannot be recorded.
    """
    if not by.strip():
        raise GovernanceError(
            "Nobody is named.", "Say who runs it: nothing is deleted without a record of it."
        )
    register = Register.open(settings.home)
    outcomes = []
    for rule in rules_of(settings) if rules is None else rules:
        found = rule.expired()
        if found and not dry:
            rule.delete(found)
        left = found if dry else rule.expired()
        outcomes.append(Outcome(rule.kind, rule.kept, len(found), len(found) - len(left), len(left)))
    run = RetentionRun(stamp(), dry, tuple(outcomes))
    if not dry:
        detail = [asdict(o) for o in outcomes]
        with register.database.writing() as db:
            db.execute(
                "INSERT INTO retention_run (recorded_at, run_by, detail) VALUES (?, ?, ?)",
                (run.at, by, json.dumps(detail)),
            )
            register.audit.append(
                "retention.run", actor=by, detail={"outcomes": detail, "proved": run.proved}
            )
    return run


def retention_runs(settings: Settings) -> list[RetentionRun]:
    """Every run, newest first: the proof that what expired was deleted."""
    with Register.open(settings.home).database.reading() as db:
        rows = (
            db.execute("SELECT recorded_at, detail FROM retention_run ORDER BY number DESC").fetchall()
            if db
            else []
        )
    return [RetentionRun(at, False, tuple(Outcome(**o) for o in json.loads(detail))) for at, detail in rows]


def _opt_out_answers(settings: Settings, clock: Callable[[], datetime]) -> Rule:
    cache = OptOuts(settings.home, settings.opt_out_days, clock)

    def delete(_: Sequence[str]) -> None:
        cache.forget_expired()

    return Rule(
        "opt-out answers", f"{settings.opt_out_days} days",
        "Whether somebody opted out may be kept for a limited time only", lambda: ["answer"] * cache.expired(), delete,
    )  # fmt: skip


def _files(kind: str, folder: Path, days: int, clock: Callable[[], datetime], why: str) -> Rule:
    def expired() -> list[str]:
        if not folder.is_dir():
            return []
        before = (clock() - timedelta(days=days)).timestamp()
        listed = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink())
        return [str(p.relative_to(folder)) for p in listed if p.stat().st_mtime < before]

    return Rule(kind, f"{days} days", why, expired, _each(lambda name: (folder / name).unlink()))


def _snapshots(settings: Settings, clock: Callable[[], datetime]) -> Rule:
    lake = Lake(settings.lake_dir)

    def old() -> list[str]:
        current, before = lake.current_id(), clock() - timedelta(days=SNAPSHOT_DAYS)
        names = [n for n in lake.names() if current is not None and n != current]
        return [n for n in names if (made := _made(n)) is not None and made < before]

    def delete(names: Sequence[str]) -> None:
        with lake.hold():  # no refresh is under way
            _each(lambda name: shutil.rmtree(settings.lake_dir / "snapshots" / name))(names)
            for file in (f for n in names for f in (settings.lake_dir / "cache").glob(f"{n}*")):
                file.unlink(missing_ok=True)

    return Rule(
        "old snapshots", f"{SNAPSHOT_DAYS} days", "The snapshot in force has all that they have", old, delete
    )


def _each(delete: Callable[[str], None]) -> Callable[[Sequence[str]], None]:
    """One after another; what cannot be deleted is found again by the second look."""

    def all_of(names: Sequence[str]) -> None:
        for name in names:
            with contextlib.suppress(OSError):
                delete(name)

    return all_of


def _made(name: str) -> datetime | None:
    try:
        return datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _cohorts(settings: Settings, clock: Callable[[], datetime]) -> Rule:
    folder = settings.home / "cohorts"
    register = Register.open(settings.home)
    days = {name: register.terms(name).retention_days for name in purpose_names()}

    def expired() -> list[str]:
        found = []
        for record in sorted(folder.glob("*/version.json")):
            content = json.loads(record.read_text("utf-8"))
            frozen = datetime.fromisoformat(content["frozen_at"])
            if frozen < clock() - timedelta(days=days.get(content["purpose"], max(days.values()))):
                found.append(record.parent.name)
        return found

    shortest, longest = min(days.values()), max(days.values())
    kept = f"{longest:,} days" if shortest == longest else f"{shortest:,} to {longest:,} days, by purpose"
    why = "They hold pseudonyms, and serve the purpose that they were made for"
    return Rule("frozen cohorts", kept, why, expired, _each(lambda name: shutil.rmtree(folder / name)))
