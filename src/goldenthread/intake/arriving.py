"""Stages what has arrived: reads the files that are new or have changed, and leaves the others alone."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from goldenthread.intake.arrivals import Arrival, content, control_line, discover, promised, same_file_twice
from goldenthread.intake.contract import Contract
from goldenthread.intake.errors import FileRefusedError
from goldenthread.intake.identities import kept
from goldenthread.intake.people import LocalRoster, roster
from goldenthread.intake.quarantine import write_quarantine
from goldenthread.intake.report import Progress, Refused
from goldenthread.intake.stage import StagedFile, split, stage
from goldenthread.intake.staging import FORM, Account, InForce, Work
from goldenthread.vault import Keys, Vault, byte_values

MANY_WAITING = 64
"""Files whose identities go into the vault together."""


@dataclass
class Outcome:
    """What is in force after looking at everything that has arrived."""

    in_force: dict[str, InForce] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    rosters: dict[str, LocalRoster] = field(default_factory=dict)
    identities: dict[str, pa.Buffer] = field(default_factory=dict)
    refused: dict[str, list[Refused]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    files_read: int = 0
    rows_read: int = 0


@dataclass(frozen=True)
class _Done:
    arrival: Arrival
    entry: InForce | None
    staged: StagedFile | None = None
    refused: FileRefusedError | None = None


class Stager:
    """Stages the files of one refresh."""

    def __init__(
        self,
        feeds: Path,
        quarantine: Path,
        work: Work,
        keys: Keys,
        vault: Vault,
        today: datetime.date,
        threads: int,
    ) -> None:
        self.feeds, self.quarantine, self.work = feeds, quarantine, work
        self.keys, self.vault, self.today, self.threads = keys, vault, today, threads
        self.before = work.in_force()
        self.outcome = Outcome()
        self._patients: set[bytes] = set()
        self._known = threading.Event()
        """Set once it is settled who the patients of each practice are."""
        self._waiting: list[tuple[Arrival, InForce, StagedFile]] = []
        self._named: dict[bytes, str] = {}  # which file is believed of whom no practice knows

    def run(self, contracts: Mapping[str, Contract], progress: Progress) -> Outcome:
        """Stage everything: patients first, since what practices send refers to them."""
        arrivals, self.outcome.strays = discover(self.feeds, contracts)
        self.outcome.arrivals = {a.name: a for a in arrivals}
        clashes = same_file_twice(arrivals)
        for name, other in clashes.items():
            arrival = next(a for a in arrivals if a.relative == name)
            self._refuse(
                arrival, FileRefusedError(f"is there twice (also as {other}).", "Remove one of the two.")
            )
        arrivals = [a for a in arrivals if a.relative not in clashes]
        first = [a for a in arrivals if a.contract.person == "registered"]
        # Large files first, so that the last one does not run alone.
        rest = sorted(
            (a for a in arrivals if a.contract.person != "registered"), key=lambda a: (-_size(a), a.relative)
        )
        progress.begin("Reading feeds", len(arrivals))
        present = {a.name for a in arrivals} | {a.name for a in self.outcome.arrivals.values()}
        self._stage_all(first, rest, contracts, present, progress)
        progress.end()
        self._patients.clear()
        self._named.clear()
        gone = set(promised(arrivals, self.feeds))
        self.outcome.warnings += [f"{path}: listed in a control file but not there" for path in sorted(gone)]
        return self.outcome

    def _rosters(self, contracts: Mapping[str, Contract]) -> None:
        for name, entry in sorted(self.outcome.in_force.items()):
            if contracts[entry.feed].person == "registered":
                organisation = self.outcome.accounts[name].organisation
                made = roster(organisation, self.keys, self.work.table(entry.feed, entry.key))
                self.work.save_roster(made.digest, made.pseudonyms)
                self.outcome.rosters[organisation] = made
                self._patients.update(byte_values(made.pseudonyms))

    def _stage_all(
        self,
        first: list[Arrival],
        rest: list[Arrival],
        contracts: Mapping[str, Contract],
        present: set[str],
        progress: Progress,
    ) -> None:
        """Stage ``first``, then settle who the patients are, then stage the rest.

        What can be done without knowing the patients (reading and splitting a file) begins before they are known.
        """
        left = len(first)
        if not left:
            self._settle_patients(contracts, present)
        # Nobody may be left waiting where this is cut off.
        for done in _bounded(self._one, [*first, *rest], self.threads, at_the_end=self._known.set):
            if done.refused is not None:
                self._refuse(done.arrival, done.refused)
            elif done.entry is not None:
                self._accept(done.arrival, done.entry, done.staged)
            progress.advance(1, done.staged.account.rows_in if done.staged else 0)
            left -= done.arrival.contract.person == "registered"
            if not left and not self._known.is_set():
                self._settle_patients(contracts, present)
        self._settle()

    def _settle_patients(self, contracts: Mapping[str, Contract], present: set[str]) -> None:
        self._keep_missing(contracts, present)
        self._rosters(contracts)
        self._known.set()

    def _roster(self, arrival: Arrival) -> LocalRoster | None:
        """The patients whom a practice's file is about; None of other files, or where there are none."""
        if arrival.contract.person != "local":
            return None
        self._known.wait()
        return self.outcome.rosters.get(arrival.organisation)

    def _one(self, arrival: Arrival) -> _Done:
        """Decide whether a file has to be read, and read it. Runs in a worker thread."""
        contract = arrival.contract
        try:
            try:
                size, mtime = arrival.stat
            except OSError as error:
                raise FileRefusedError(f"cannot be read: {error.strerror}.", "Check the file.") from None
            old = self.before.get(arrival.name)
            if old is not None and self._same(old, contract, size, mtime):
                made = self._roster(arrival)
                if old.roster == (made.digest if made is not None else ""):
                    return _Done(arrival, old)
            control, there = control_line(arrival, self.feeds)
            data, sha256 = content(arrival, control)
            early = contract.person == "local" and not self._known.is_set()
            raw = split(arrival, data) if early else None
            roster_ = self._roster(arrival)
            if contract.person == "local" and roster_ is None:
                raise FileRefusedError(
                    "has no accepted patient file beside it.", "Ask the practice for the whole extract."
                )
            digest = roster_.digest if roster_ is not None else ""
            key = Work.key(sha256, contract.digest, self.keys.fingerprint, digest, arrival.name)
            entry = InForce(
                contract.name, key, size, mtime, contract.digest, self.keys.fingerprint, digest, FORM
            )
            if self.work.whole(contract.name, key):
                return _Done(arrival, entry)
            staged = stage(arrival, raw or split(arrival, data), self.keys, roster_, self.today)
            del raw, data
            self._compare(arrival, staged, control.rows if control else None, there, old)
            write_quarantine(self.quarantine, contract.name, key, staged.quarantine)
            if staged.identities is None:
                self.work.save(contract.name, key, staged.table, staged.account)
                staged = StagedFile(staged.table.slice(0, 0), staged.account, [], None, staged.patients)
            return _Done(arrival, entry, staged)
        except FileRefusedError as refused:
            return _Done(arrival, None, None, refused)

    def _same(self, old: InForce, contract: Contract, size: int, mtime: int) -> bool:
        """Whether the version in force was made from this very file, contract and key, in today's form."""
        then = (old.feed, old.size, old.mtime_ns, old.contract, old.fingerprint, old.form)
        now = (contract.name, size, mtime, contract.digest, self.keys.fingerprint, FORM)
        return then == now and self.work.account(old.feed, old.key) is not None

    def _compare(
        self,
        arrival: Arrival,
        staged: StagedFile,
        promised_rows: int | None,
        control: bool,
        old: InForce | None,
    ) -> None:
        """Hold the file against what its sender promised and against its previous version."""
        account = staged.account
        if promised_rows is not None and promised_rows != account.rows_in:
            raise FileRefusedError(
                f"holds {account.rows_in:,} rows; its control file says {promised_rows:,}.",
                "The file was cut short or changed: ask for it again.",
            )
        if promised_rows is None and control:
            account.warnings.append("the control file does not list it, so it could not be checked")
        previous = self.work.account(old.feed, old.key) if old is not None else None
        if previous is not None and previous.rows_in and not account.rows_in:
            raise FileRefusedError(
                f"holds no rows; the previous version had {previous.rows_in:,}.",
                f"Ask the sender. If it is right, run `goldenthread feeds forget {account.file}`, then refresh.",
            )
        if previous is not None and account.rows_in * 2 < previous.rows_in:
            account.warnings.append(
                f"{account.rows_in:,} rows, less than half of the {previous.rows_in:,} before:"
                " ask the sender whether that is all"
            )
        if not account.rows_in:
            account.warnings.append("holds a header and no rows")

    def _accept(self, arrival: Arrival, entry: InForce, staged: StagedFile | None) -> None:
        if staged is not None:
            self.outcome.files_read += 1
            self.outcome.rows_read += staged.account.rows_in
            if staged.patients is not None:
                self.outcome.identities[arrival.name] = kept(staged.patients)
            if staged.identities is not None:
                self._waiting.append((arrival, entry, staged))
                many = (
                    len(self._waiting) >= MANY_WAITING
                    or sum(w[2].table.num_rows for w in self._waiting) > 200_000
                )
                if many and self._known.is_set():
                    self._settle()
                return
        self._count(arrival, entry)

    def _count(self, arrival: Arrival, entry: InForce) -> None:
        account = self.work.account(entry.feed, entry.key)
        if account is not None:
            self.outcome.in_force[arrival.name] = entry
            self.outcome.accounts[arrival.name] = account

    def _settle(self) -> None:
        """Identities go into the vault before the staged files that rest on them say that they are whole.

        They are stored as sent, under their record hashes; those of verified people only where they are not
        patients, whose practice knows them better. Of several senders the one whose file's name sorts last is
        believed, whichever file was read first.
        """
        fresh: dict[bytes, tuple[pa.Table, int]] = {}
        for arrival, _, staged in self._waiting:
            identities = staged.identities
            if identities is not None:
                verified = identities["verified"].to_pylist()
                for row, pseudonym in enumerate(identities["pseudonym"].to_pylist()):
                    if not verified[row]:
                        fresh[pseudonym] = (identities, row)
                    elif pseudonym not in self._patients and self._named.get(pseudonym, "") <= arrival.name:
                        self._named[pseudonym] = arrival.name
                        fresh[pseudonym] = (identities, row)
        rows: dict[int, tuple[pa.Table, list[int]]] = {}
        for table, row in fresh.values():
            rows.setdefault(id(table), (table, []))[1].append(row)
        chosen = [
            table.take(pa.array(picked, pa.int64())).drop_columns(["verified"])
            for table, picked in rows.values()
        ]
        if chosen:
            self.vault.store(pa.concat_tables(chosen, promote_options="default"))
        for arrival, entry, staged in self._waiting:
            self.work.save(arrival.contract.name, entry.key, staged.table, staged.account)
            self._count(arrival, entry)
        self._waiting.clear()

    def _refuse(self, arrival: Arrival, refused: FileRefusedError) -> None:
        """Nothing of a refused file enters; the version accepted before stays in force."""
        old = self.before.get(arrival.name)
        account = self.work.account(old.feed, old.key) if old is not None else None
        kept = old is not None and account is not None and old.fingerprint == self.keys.fingerprint
        if kept and old is not None and account is not None:
            self.outcome.in_force[arrival.name] = old
            self.outcome.accounts[arrival.name] = account
        self.outcome.refused.setdefault(arrival.contract.name, []).append(
            Refused(arrival.relative, refused.message, refused.remedy, kept)
        )

    def _keep_missing(self, contracts: Mapping[str, Contract], present: set[str]) -> None:
        """Files accepted before that are not there now stay in force, and the report says so."""
        for name, old in sorted(self.before.items()):
            if name in present:
                continue
            account = self.work.account(old.feed, old.key)
            if old.feed in contracts and account is not None and old.fingerprint == self.keys.fingerprint:
                self.outcome.in_force[name] = old
                self.outcome.accounts[name] = account
                self.outcome.missing.setdefault(old.feed, []).append(account.file)
            else:
                self.outcome.warnings.append(
                    f"{account.file if account else name}: not there any more, and its previous version cannot be"
                    " used (the key or the contract has changed): ask for it again"
                )


def _size(arrival: Arrival) -> int:
    try:
        return arrival.stat[0]
    except OSError:
        return 0


def _bounded(
    work: Callable[[Arrival], _Done],
    arrivals: list[Arrival],
    threads: int,
    at_the_end: Callable[[], None],
) -> Iterator[_Done]:
    """Run ``work`` over the arrivals in threads, holding few results at a time, so that memory stays flat.

    They begin in their order. ``at_the_end`` is called however this ends, while work may still be going on.
    """
    waiting: set[Future[_Done]] = set()
    queue = iter(arrivals)
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        try:
            while True:
                while len(waiting) < threads + 1 and (arrival := next(queue, None)) is not None:
                    waiting.add(pool.submit(work, arrival))
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()
            at_the_end()
