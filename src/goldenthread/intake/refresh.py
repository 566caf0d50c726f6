"""One refresh: stage what has changed, say who is who, build the tables, put the snapshot in force."""

from __future__ import annotations

import datetime
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from goldenthread import model
from goldenthread.intake.arriving import Outcome, Stager
from goldenthread.intake.assembly import community, hospital, persons, primary_care
from goldenthread.intake.assembly.resolve import (
    LINKED_FEEDS,
    Linkage,
    claims,
    link_records,
    obey,
    registered,
    resolve,
)
from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.supersede import active_submissions, latest_rows
from goldenthread.intake.contract import Contract, load_contracts
from goldenthread.intake.errors import IntakeError
from goldenthread.intake.linkage import (
    DECISIONS_FILE,
    REVIEW_FILE,
    LinkageSettings,
    leave_out_decided,
    read_decisions,
)
from goldenthread.intake.match_rates import match_rates
from goldenthread.intake.quarantine import tidy
from goldenthread.intake.report import FeedReport, Progress, RefreshReport, Silent, top
from goldenthread.intake.safefiles import make_private, plain_disk_errors, write_bytes
from goldenthread.intake.sealing import SEALED_FORM, Sealing
from goldenthread.intake.staging import FORM, Account, InForce, Work
from goldenthread.lake import Lake, SnapshotBuilder
from goldenthread.lake.memory import give_back
from goldenthread.settings import Settings
from goldenthread.vault import PSEUDONYM, Keys, Vault

FIRST = ("gp_patient", "gp_registration")
"""Feeds that say whose practice each patient is at, which sealing begins with."""
LARGE = ("gp_event", "gp_medication", "gp_appointment")
"""Feeds that are read from their staged files, one range of people at a time."""
REFERENCE = ("practice", "pcn", "place", "provider", "lsoa")
CONTRACTS_FOLDER = "contracts"


def contracts_for(settings: Settings) -> dict[str, Contract]:
    """The contracts that come with the software, each replaced by the deployment's own of the same name.

    The deployment's own lie in ``contracts/`` of its folder.
    """
    own = settings.home / CONTRACTS_FOLDER
    return load_contracts() | (load_contracts(own) if own.is_dir() else {})


def refresh(
    settings: Settings,
    *,
    lake: Lake,
    vault: Vault,
    keys: Keys,
    progress: Progress | None = None,
    today: datetime.date | None = None,
    rebuild: bool = False,
) -> RefreshReport:
    """Bring the lake up to date with the feeds folder; returns what became of every row.

    ``today`` bounds dates that may not lie in the future. Files that have not changed since the last refresh
    are not read. Where nothing has changed no snapshot is made, unless ``rebuild`` asks for one. Killed at any moment, the previous snapshot
    stays in force and the next refresh begins where this one was cut off.

    Raises ``GoldenThreadError`` where another refresh runs, the disk is full or cannot be written, or a
    contract is wrong; files that cannot be taken do not stop a refresh, they are in the report.
    """
    started = time.monotonic()
    watch = progress or Silent()
    contracts = contracts_for(settings)
    # A deployment of synthetic data may live on a day of its own.
    own = getattr(settings, "today", None)
    day = today or (
        datetime.date.fromisoformat(str(own)) if own else datetime.datetime.now(datetime.UTC).date()
    )
    if not settings.feeds_dir.is_dir():
        raise IntakeError(
            f"There is no feeds folder {settings.feeds_dir}.",
            "Make it, or name yours in goldenthread.toml (feeds).",
        )
    with lake.begin(memory_mb=settings.memory_mb, threads=settings.threads) as builder:
        vault.recover(lake.current_id())
        work = Work(settings.work_dir)
        make_private(settings.quarantine_dir)
        if not len(vault):
            work.clear()
        stager = Stager(settings.feeds_dir, settings.quarantine_dir, work, keys, vault, day, settings.threads)
        outcome = stager.run(contracts, watch)
        give_back()
        inputs = _inputs(outcome, settings)
        if not rebuild and (unchanged := _unchanged(lake, inputs)) is not None:
            work.put_in_force(outcome.in_force)
            report = _no_change(unchanged, outcome, contracts, time.monotonic() - started)
        else:
            run = _Run(settings, work, keys, vault, builder, contracts, outcome, watch, day)
            report = run.build(inputs)
            report.seconds = round(time.monotonic() - started, 3)
        _finish(settings, work, outcome, report)
    return report


def files_in_force(settings: Settings) -> list[Account]:
    """What became of the rows of each file that counts, in the order of their paths below the feeds folder."""
    if not settings.work_dir.is_dir():
        return []
    work = Work(settings.work_dir)
    accounts = (work.account(entry.feed, entry.key) for entry in work.in_force().values())
    return sorted((a for a in accounts if a is not None), key=lambda a: (a.file, a.feed))


def forget(settings: Settings, file: str) -> bool:
    """Take a file that is not there any more out of force; the next refresh builds without it.

    ``file`` is its path below the feeds folder, as reports give it. Returns whether it was in force. A file
    that still lies in the folder comes back with the next refresh. ``RefreshRunningError`` where one runs: it
    would put the file in force again.
    """
    with Lake(settings.lake_dir).hold():
        work = Work(settings.work_dir)
        entries = work.in_force()
        gone = [name for name, entry in entries.items() if _is_file(work, name, entry, file)]
        for name in gone:
            del entries[name]
        if gone:
            work.put_in_force(entries)
        return bool(gone)


def _is_file(work: Work, name: str, entry: InForce, file: str) -> bool:
    account = work.account(entry.feed, entry.key)
    return file in (name, account.file if account else name)


def _inputs(outcome: Outcome, settings: Settings) -> str:
    """Changes whenever a new snapshot could differ from the one in force."""
    files = sorted((name, entry.key) for name, entry in outcome.in_force.items())
    tables = repr(list(model.tables().values()))
    linkage = [sorted(settings.linkage.items(), key=str), read_decisions(settings.home).digest]
    plain = json.dumps([FORM, SEALED_FORM, files, tables, linkage], default=str)
    return hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()


def _unchanged(lake: Lake, inputs: str) -> Any:
    if lake.current_id() is None:
        return None
    current = lake.current()
    return current if current.manifest.extra.get("inputs") == inputs else None


def _no_change(
    current: Any, outcome: Outcome, contracts: Mapping[str, Contract], seconds: float
) -> RefreshReport:
    feeds = [FeedReport.from_dict(dict(each)) for each in current.manifest.feeds]
    for feed in feeds:
        feed.refused = outcome.refused.get(feed.name, [])
        feed.missing = outcome.missing.get(feed.name, [])
    return RefreshReport(
        feeds=feeds,
        snapshot=current.id,
        people=current.manifest.people,
        seconds=round(seconds, 3),
        nothing_new=True,
        files_read=outcome.files_read,
        rows_read=outcome.rows_read,
        as_of=current.manifest.extra.get("as_of", ""),
        linkage=current.manifest.extra.get("linkage", {}),
        strays=outcome.strays,
        warnings=outcome.warnings,
    )


def _finish(settings: Settings, work: Work, outcome: Outcome, report: RefreshReport) -> None:
    keep = {(entry.feed, entry.key) for entry in outcome.in_force.values()}
    tidy(settings.quarantine_dir, keep)
    rosters = {("roster", account.roster) for account in outcome.accounts.values() if account.roster}
    links = {("links", key) for key in report.linkage.get("cache", [])}
    work.tidy(keep | rosters | links)
    with plain_disk_errors(settings.reports_dir):
        settings.reports_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.to_dict(), indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(settings.reports_dir / "refresh.json", text.encode())


class _Run:
    """Builds one snapshot from what is in force."""

    def __init__(
        self,
        settings: Settings,
        work: Work,
        keys: Keys,
        vault: Vault,
        builder: SnapshotBuilder,
        contracts: Mapping[str, Contract],
        outcome: Outcome,
        progress: Progress,
        today: datetime.date,
    ) -> None:
        self.settings, self.work, self.keys, self.vault = settings, work, keys, vault
        self.builder, self.contracts, self.outcome = builder, contracts, outcome
        self.progress, self.today = progress, today
        self.sources = Sources(builder.connection, work, contracts, outcome.in_force, outcome.accounts)
        self.as_of = self._as_of()
        self.decisions = read_decisions(settings.home)

    def _as_of(self) -> str:
        """The day up to which the GP extracts tell: the latest day they hold, or of any feed without them."""
        dates = [
            (a.feed.startswith("gp_"), a.data_date) for a in self.outcome.accounts.values() if a.data_date
        ]
        gp = [date for is_gp, date in dates if is_gp]
        return max(gp or [date for _, date in dates] or [self.today.isoformat()])

    def build(self, inputs: str) -> RefreshReport:
        sources = self.sources
        names = [name for name in self.contracts if name not in LARGE]
        self.progress.begin("Loading staged feeds", len(names))
        self._load(FIRST)
        persons.periods(sources, self.as_of)
        with (
            self.vault.begin(self.builder.snapshot) as identities,
            Sealing(
                sources,
                self.outcome,
                self.keys,
                identities,
                self.work.read_state("identities"),
                datetime.date.fromisoformat(self.as_of),
                self.today,
            ) as sealing,
        ):
            self._load([name for name in names if name not in FIRST])
            self._choose()
            self.progress.end()
            linkage = self._resolve(sealing)
            self._write()
            sealing.wait(self.progress)
            feeds = self._reports()
            extra = {
                "inputs": inputs,
                "as_of": self.as_of,
                "linkage": {
                    "records": linkage.records,
                    "linked": linkage.linked,
                    "cache": linkage.cache,
                    "decided": linkage.decided,
                    "rates": match_rates(sources, LINKED_FEEDS, self.as_of),
                },
            }
            people = self.builder.people
            forgotten = identities.keep_only(self._needed())
            identities.prepare()
            snapshot = self.builder.commit(
                feeds=[feed.to_dict() for feed in feeds],
                data_dates={feed.name: feed.data_date for feed in feeds if feed.data_date},
                extra=extra,
            )
            identities.commit()
        self.work.put_in_force(self.outcome.in_force)
        self.work.write_state("identities", sealing.state)
        if linkage.result is not None:
            linkage.result.write_review(self.settings.quarantine_dir)
        leave_out_decided(self.settings.quarantine_dir / REVIEW_FILE, self.decisions)
        return RefreshReport(
            feeds=feeds,
            snapshot=snapshot,
            people=people,
            seconds=0.0,
            files_read=self.outcome.files_read,
            rows_read=self.outcome.rows_read,
            forgotten=forgotten,
            as_of=self.as_of,
            linkage=extra["linkage"],  # type: ignore[arg-type]
            strays=self.outcome.strays,
            warnings=self.outcome.warnings,
        )

    def _load(self, feeds: Sequence[str]) -> None:
        """Staged feeds go into temporary tables."""
        for name in feeds:
            self.sources.load(name)
            self.progress.advance()

    def _choose(self) -> None:
        """Of several rows about one thing the one that counts."""
        for feed in ("apc", "ecds", "op", "cld", "urgent", "council", "deaths", "programme"):
            latest_rows(self.sources, feed)
        for family in ("csds", "mhsds"):
            active_submissions(self.sources, family)
        registered(self.sources)

    def _needed(self) -> pa.Array:
        """Whose identities are needed: everybody and every record that stands in a feed in force."""
        parts = ["SELECT pseudonym FROM s_gp_patient"]
        for name, contract in self.contracts.items():
            if contract.person == "identity":
                parts += [f"SELECT pseudonym FROM s_{name}", f"SELECT record FROM s_{name}"]
        found = self.sources.values(f"SELECT DISTINCT pseudonym FROM ({' UNION ALL '.join(parts)})")
        return found["pseudonym"].combine_chunks().drop_null().cast(PSEUDONYM)

    def _resolve(self, sealing: Sealing) -> Linkage:
        self.progress.begin("Linking", 0)
        claims(self.sources, LINKED_FEEDS)
        # A third stays for the feeds that wait and for the identities that are compared (decision 0058).
        limits = {"memory_mb": self.settings.memory_mb * 2 // 3, "threads": self.settings.threads}
        settings = LinkageSettings.from_mapping(self.settings.linkage, **limits)
        basis = sorted(
            (name, entry.key)
            for name, entry in self.outcome.in_force.items()
            if entry.feed
            in (*LINKED_FEEDS, "gp_patient", "gp_address", "gp_registration", "csds_header", "mhsds_header")
        )

        def demographics(some: Sequence[bytes]) -> pa.Table:
            if not sealing.over:
                self.progress.end()
                sealing.wait(self.progress)
                self.progress.begin("Linking", 0)
            return sealing.identities.demographics(some)

        outcome = link_records(self.sources, settings, demographics, repr(basis))
        outcome.decided = obey(self.sources, self.decisions)
        if gone := outcome.decided.get("no longer there"):
            self.outcome.warnings.append(
                f"{DECISIONS_FILE}: {gone} decisions are about records or people who are not there any more"
            )
        for feed in LINKED_FEEDS:
            resolve(self.sources, feed)
        self.progress.end()
        return outcome

    def _write(self) -> None:
        builder, sources = self.builder, self.sources
        rows = sum(sources.accepted(feed) for feed in LARGE)
        self.progress.begin("Writing tables", rows)
        persons.people(sources, persons.PEOPLE_FEEDS)
        builder.write("person", persons.person_sql(sources, persons.PEOPLE_FEEDS, self.as_of))
        primary_care.count_patients(sources)
        counting = threading.Lock()

        def advance(written: int) -> None:
            with counting:
                self.progress.advance(written, written)

        with primary_care.coded_entries(builder, sources, advance):
            for name in REFERENCE:
                self._reference(name)
            primary_care.registrations(builder, sources)
            primary_care.addresses(builder, sources)
            hospital.admissions(builder, sources)
            hospital.emergency_attendances(builder, sources)
            hospital.outpatients(builder, sources)
            hospital.urgent_calls(builder, sources)
            for family in ("csds", "mhsds"):
                community.contacts(builder, sources, family)
            community.social_care(builder, sources)
            community.circumstances(builder, sources)
            community.programme_contacts(builder, sources)
            self._count_deaths()
            primary_care.appointments(builder, sources, advance)
        self.progress.end()

    def _reference(self, name: str) -> None:
        """A reference table: rows that say the same are one; of several with one key the last file's counts."""
        feed, table = f"reference_{name}", model.table(name)
        keys = ", ".join(table.grain)
        source = f"""SELECT * FROM s_{feed} QUALIFY row_number() OVER (
            PARTITION BY {keys} ORDER BY file DESC, "row" DESC) = 1"""
        written = self.builder.write(name, f"SELECT {', '.join(table.columns)} FROM ({source})")
        tally = self.sources.tallies[feed]
        tally.linked += written
        tally.superseded += self.sources.count(f"SELECT count(*) FROM s_{feed}") - written

    def _count_deaths(self) -> None:
        tally = self.sources.tallies["deaths"]
        people = "SELECT count(*), count(DISTINCT d.who) FROM r_deaths d JOIN people p ON p.pseudonym = d.who"
        rows, linked = self.sources.connection.execute(people).fetchall()[0]
        tally.linked += linked
        tally.merged += rows - linked
        tally.unlinked += self.sources.count("SELECT count(*) FROM r_deaths") - rows

    def _reports(self) -> list[FeedReport]:
        reports = []
        for name, contract in self.contracts.items():
            accounts = [
                a for n, a in sorted(self.outcome.accounts.items()) if self.outcome.in_force[n].feed == name
            ]
            tally = self.sources.tallies[name]
            reasons: Counter[str] = Counter()
            aside: Counter[str] = Counter()
            for account in accounts:
                reasons.update(account.reasons)
                aside.update(account.set_aside)
            report = FeedReport(
                name=name,
                title=contract.title,
                table=contract.table,
                files=len(accounts),
                rows_in=sum(a.rows_in for a in accounts),
                accepted=sum(a.accepted for a in accounts),
                quarantined=sum(a.quarantined for a in accounts),
                duplicates=sum(a.duplicates for a in accounts),
                linked=tally.linked,
                unlinked=tally.unlinked,
                superseded=tally.superseded,
                merged=tally.merged,
                not_stored=tally.not_stored,
                withheld=sum(a.withheld for a in accounts),
                data_date=max((a.data_date for a in accounts), default=""),
                reasons=top(reasons),
                set_aside=top(aside),
                refused=self.outcome.refused.get(name, []),
                missing=self.outcome.missing.get(name, []),
                warnings=[f"{a.file}: {text}" for a in accounts for text in a.warnings][:100],
                notes=tally.rules,
            )
            if not accounts:
                report.warnings.append(
                    f"{name}: no file of this feed has arrived (expected at {contract.files})"
                )
            if not report.in_order:
                raise IntakeError(
                    f"{name}: {report.accepted} rows were accepted, but {tally.total} are accounted for.",
                    "This is a fault of the software: please report it. The previous snapshot stays in force.",
                )
            reports.append(report)
        return reports
