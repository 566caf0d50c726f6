"""`doctor`: is this machine and this folder fit for work?"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import typer

from goldenthread import __version__
from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Exit, Speech, size
from goldenthread.errors import GoldenThreadError
from goldenthread.settings import Settings

_LEAST_FREE_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``state`` is fine, note or wrong."""

    what: str
    state: str
    said: str
    remedy: str = ""


@app.command()
def doctor(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Check the machine, the folder, the key and the current snapshot. Exit code 3 if something is wrong."""
    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    findings = list(examine(settings))
    speech.table(
        f"Golden Thread {__version__}, {settings.home}",
        ["", "Looked at", "Found"],
        [[f.state, f.what, f"{f.said} {f.remedy}".strip()] for f in findings],
    )
    wrong = [f for f in findings if f.state == "wrong"]
    attention = "One thing needs" if len(wrong) == 1 else f"{len(wrong)} things need"
    speech.say("Everything needed is in order." if not wrong else f"{attention} attention.")
    speech.json([asdict(f) for f in findings])
    if wrong:
        for finding in wrong if quiet else ():
            speech.refuse(f"{finding.what}: {finding.said}", finding.remedy)
        raise typer.Exit(Exit.FOUND)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything in turn; a look that fails is itself a finding."""
    looks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("Python and DuckDB", _software),
        ("Memory", _memory),
        ("Disk", _disk),
        ("Feeds", _feeds),
        ("Key", _key),
        ("Private folders", _private),
        ("Snapshot", _snapshot),
        ("Agreements", _agreements),
        ("Papers", _papers),
        ("Audit log", _audit),
    ]
    for what, look in looks:
        try:
            yield look(settings)
        except GoldenThreadError as error:
            yield Finding(what, "wrong", error.message, error.remedy)
        except OSError as error:
            yield Finding(what, "wrong", str(error), "Check who owns the folder, and its permissions.")


def _software(_: Settings) -> Finding:
    import duckdb

    said = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores."
    return Finding("Python and DuckDB", "fine", said)


def _memory(settings: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = f"{size(total)}; a refresh may use {settings.memory_mb:,} MB."
    if settings.memory_mb * 1_000_000 > total:
        return Finding("Memory", "wrong", said, "Lower memory_mb in goldenthread.toml.")
    return Finding("Memory", "fine", said)


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    if free < _LEAST_FREE_BYTES:
        return Finding(
            "Disk",
            "note",
            f"{size(free)} free.",
            "A refresh of a million people needs about 20 GB. Prune old snapshots.",
        )
    return Finding("Disk", "fine", f"{size(free)} free.")


def _feeds(settings: Settings) -> Finding:
    if not settings.feeds_dir.is_dir():
        return Finding(
            "Feeds",
            "wrong",
            f"{settings.feeds_dir} does not exist.",
            "Make it, or correct `feeds` in goldenthread.toml.",
        )
    groups = sorted(p.name for p in settings.feeds_dir.iterdir() if p.is_dir())
    if not groups:
        return Finding(
            "Feeds",
            "note",
            f"{settings.feeds_dir} is empty.",
            "Put raw feeds there; docs/feeds.md says how they should look.",
        )
    return Finding("Feeds", "fine", f"{len(groups)} kinds: {', '.join(groups)}.")


def _key(settings: Settings) -> Finding:
    from goldenthread.vault import load_keys

    return Finding("Key", "fine", f"Fingerprint {load_keys(settings.vault_dir).fingerprint}.")


def _private(settings: Settings) -> Finding:
    for folder in (
        settings.vault_dir,
        settings.quarantine_dir,
        settings.work_dir,
        settings.home / "governance",
    ):
        if folder.is_dir() and folder.stat().st_mode & 0o077:
            return Finding(
                "Private folders", "wrong", f"{folder} can be read by others.", f"Run: chmod 700 {folder}"
            )
    return Finding(
        "Private folders", "fine", "vault, quarantine, work and governance are readable by their owner alone."
    )


def _snapshot(settings: Settings) -> Finding:
    from goldenthread.lake import Lake, NoSnapshotError

    try:
        snapshot = Lake(settings.lake_dir).current()
    except NoSnapshotError:
        return Finding("Snapshot", "note", "There is none yet.", "Run `goldenthread refresh`.")
    missing = [f.path for f in snapshot.manifest.files if not (snapshot.path / f.path).exists()]
    if missing:
        return Finding(
            "Snapshot",
            "wrong",
            f"{snapshot.id} lacks {len(missing)} files.",
            "Run `goldenthread refresh --rebuild`.",
        )
    return Finding(
        "Snapshot", "fine", f"{snapshot.id}, {snapshot.people:,} people. `snapshots verify` reads every byte."
    )


def _agreements(settings: Settings) -> Finding:
    from goldenthread.governance import purpose_names, sharing_of
    from goldenthread.lake import Lake, NoSnapshotError

    try:
        snapshot = Lake(settings.lake_dir).current()
    except NoSnapshotError:
        return Finding("Agreements", "note", "There are no data yet.")
    stand = {name: sharing_of(settings, snapshot, name) for name in purpose_names()}
    said = "; ".join(
        f"{n}: {len(s.practices) - len(s.out)} of {len(s.practices)} practices" for n, s in stand.items()
    )
    if all(len(s.out) == len(s.practices) for s in stand.values()):
        return Finding(
            "Agreements", "note", said, "Nobody can be asked about: goldenthread agreements adopt."
        )
    return Finding("Agreements", "fine", f"{said}.")


def _papers(settings: Settings) -> Finding:
    from goldenthread.governance import Register, today_of

    papers = Register.open(settings.home).documents()
    late = [d.title for d in papers if d.overdue_on(today_of(settings))]
    if late:
        return Finding(
            "Papers",
            "note",
            f"Review is overdue: {', '.join(late)}.",
            "Review them, then record: goldenthread purposes paper.",
        )
    return Finding("Papers", "fine", f"{len(papers)} recorded, none overdue for review.")


def _audit(settings: Settings) -> Finding:
    from goldenthread.governance import Audit

    found = Audit(settings.home).verify()
    if not found.whole:
        return Finding("Audit log", "wrong", f"{found.problems[0]}.", "Run: goldenthread audit verify.")
    return Finding("Audit log", "fine", f"{found.entries:,} entries, none changed.")
