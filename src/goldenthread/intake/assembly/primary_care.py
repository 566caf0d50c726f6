"""What practices send: registrations, addresses, coded events, medicines, appointments and opt-outs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pyarrow as pa

from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.streams import Stream
from goldenthread.lake import PEOPLE_AT_ONCE, SnapshotBuilder
from goldenthread.model import table

BYTES_PER_ROW = 130
"""Memory that a coded entry takes while both orders of it are made (measured: 123 with 10 million of them)."""
CORRESPONDENCE = "3"
"""ADDRESS TYPE 3: where letters go, which is not where a person lives."""


def registrations(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``registration``: regular registrations; rows of one start are one, open where any of them is."""
    tally = sources.tallies["gp_registration"]
    regular = sources.count("SELECT count(*) FROM s_gp_registration WHERE type = 'R'")
    temporary = sources.count("SELECT count(*) FROM s_gp_registration") - regular
    written = builder.write(
        "registration",
        """SELECT p.pid, r.organisation AS practice, r.start_date,
            CASE WHEN count(r.end_date) = count(*) THEN max(r.end_date) END AS end_date
        FROM s_gp_registration r JOIN people p USING (pseudonym) WHERE r.type = 'R'
        GROUP BY p.pid, r.organisation, r.start_date""",
    )
    tally.linked += written
    tally.merged += regular - written
    tally.not_stored += temporary
    if temporary:
        tally.rules.append("temporary registrations are not registrations with a practice")


def addresses(builder: SnapshotBuilder, sources: Sources) -> None:
    """Write ``address``: where people live (permanent and temporary addresses)."""
    tally = sources.tallies["gp_address"]
    lived = sources.count(f"SELECT count(*) FROM s_gp_address WHERE type <> '{CORRESPONDENCE}'")
    letters = sources.count("SELECT count(*) FROM s_gp_address") - lived
    written = builder.write(
        "address",
        f"""SELECT p.pid, a.lsoa, a.household, bool_or(coalesce(a.accommodation, '') = 'care home') AS care_home,
            a.start_date, CASE WHEN count(a.end_date) = count(*) THEN max(a.end_date) END AS end_date
        FROM s_gp_address a JOIN people p USING (pseudonym) WHERE a.type <> '{CORRESPONDENCE}'
        GROUP BY p.pid, a.start_date, a.household, a.lsoa""",
    )
    tally.linked += written
    tally.merged += lived - written
    tally.not_stored += letters
    if letters:
        tally.rules.append("correspondence addresses are not where people live")


@contextmanager
def coded_entries(
    builder: SnapshotBuilder, sources: Sources, progress: Callable[[int], None] | None = None
) -> Iterator[None]:
    """Write ``gp_event``, ``opt_out`` and ``medication``.

    Coded entries are put in order outside DuckDB. Where memory has room for both, that happens in a thread beside
    what the body of the ``with`` does with DuckDB; elsewhere after it (decision 0065). Where the body fails, nothing
    more is written.
    """
    rules = sources.contracts["gp_event"].opt_outs
    streams = [
        Stream(sources, "gp_event", tuple(rule.code for rule in rules)),
        Stream(sources, "gp_medication"),
    ]

    stopped = threading.Event()

    def write() -> list[int]:
        def rows(each: Stream, first: int, last: int) -> pa.Table:
            if stopped.is_set():
                raise _StoppedError
            return each.table(first, last)

        return [
            builder.write_ordered(sources.contracts[each.feed].table, partial(rows, each), progress=progress)
            for each in streams
        ]

    with sources.beside(_memory(builder, sources)) as room, ThreadPoolExecutor(max_workers=1) as pool:
        written = pool.submit(write) if room else None
        try:
            yield
        except BaseException:
            stopped.set()  # the pool waits for the range that is under way
            raise
        if written is not None:
            counts = written.result()
    if not room:
        with sources.room_for_others():
            counts = write()
    for source, count in zip(streams, counts, strict=True):
        _account(builder, sources, source, count)
    _opt_outs(builder, sources, streams[0])


def _memory(builder: SnapshotBuilder, sources: Sources) -> int:
    """Bytes that putting the largest group of people's coded entries in order takes. Only patients have any."""
    rows = max(sources.accepted(feed) for feed in ("gp_event", "gp_medication"))
    patients = sources.count("SELECT count(*) FROM people WHERE practice IS NOT NULL")
    return int(BYTES_PER_ROW * rows * min(1, PEOPLE_AT_ONCE / max(patients, 1)))


class _StoppedError(Exception):
    """What goes on beside has failed."""


def _account(builder: SnapshotBuilder, sources: Sources, source: Stream, written: int) -> None:
    """Count what became of the rows of a large feed; those of patients who have left go to the unlinked files."""
    feed, tally = source.feed, sources.tallies[source.feed]
    name = sources.contracts[feed].table
    tally.linked += written
    if loose := sum(sources.accounts[p.relative].staged for p in sources.parts[feed]) - written:
        # Patients who have left the extract since this file was accepted.
        inner = source.register(-1, -1)
        shown = ", ".join("NULL::INTEGER AS pid" if c == "pid" else c for c in table(name).columns)
        tally.unlinked += builder.write_unlinked(name, f"SELECT {shown} FROM ({inner})")
        sources.connection.unregister("streaming")
        if tally.unlinked < loose:
            tally.not_stored += loose - tally.unlinked


def appointments(
    builder: SnapshotBuilder, sources: Sources, progress: Callable[[int], None] | None = None
) -> None:
    """Write ``appointment``, one range of people at a time."""
    source = Stream(sources, "gp_appointment")
    name = sources.contracts["gp_appointment"].table
    columns = ", ".join(table(name).columns)

    def rows(first: int, last: int) -> str:
        return f"SELECT {columns} FROM ({source.register(first, last)})"

    written = builder.write_chunked(name, rows, progress=progress)
    sources.connection.unregister("streaming")
    _account(builder, sources, source, written)


def _opt_outs(builder: SnapshotBuilder, sources: Sources, source: Stream) -> None:
    """Write ``opt_out`` from the codes that the contract of coded entries names."""
    rules = sources.contracts["gp_event"].opt_outs
    schema = pa.schema([("pid", pa.int32()), ("date", pa.date32()), ("code", pa.int64())])
    sources.connection.register("decisions", pa.Table.from_batches(source.watched, schema=schema))
    cases = " ".join(f"WHEN {rule.code} THEN '{rule.status}'" for rule in rules)
    status = f"CASE code {cases} END" if rules else "NULL::VARCHAR"
    builder.write("opt_out", f"SELECT DISTINCT pid, date, {status} AS status FROM decisions WHERE pid >= 0")
    sources.connection.unregister("decisions")


def count_patients(sources: Sources) -> None:
    """Count the rows of patients: they are people, so they are linked, and several rows of one person are merged."""
    tally = sources.tallies["gp_patient"]
    tally.linked += sources.count("SELECT count(*) FROM registered")
    tally.merged += sources.count("SELECT count(*) FROM s_gp_patient") - tally.linked
