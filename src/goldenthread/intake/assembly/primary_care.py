"""What practices send: registrations, addresses, coded events, medicines, appointments and opt-outs."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.assembly.streams import Stream
from goldenthread.lake import SnapshotBuilder
from goldenthread.model import table

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


def stream(
    builder: SnapshotBuilder,
    sources: Sources,
    feed: str,
    watch: tuple[int, ...] = (),
    progress: Callable[[int], None] | None = None,
) -> Stream:
    """Write the table of a large feed, one range of people at a time; returns the stream, with watched rows."""
    source = Stream(sources, feed, watch)
    name = sources.contracts[feed].table
    columns = ", ".join(table(name).columns)
    tally = sources.tallies[feed]

    def rows(first: int, last: int) -> str:
        return f"SELECT {columns} FROM ({source.register(first, last)})"

    if table(name).code:
        with sources.room_for_others():
            written = builder.write_ordered(name, source.table, progress=progress)
    else:
        written = builder.write_chunked(name, rows, progress=progress)
    tally.linked += written
    if loose := sum(sources.accounts[p.relative].staged for p in sources.parts[feed]) - written:
        # Patients who have left the extract since this file was accepted.
        inner = source.register(-1, -1)
        shown = ", ".join("NULL::INTEGER AS pid" if c == "pid" else c for c in table(name).columns)
        tally.unlinked += builder.write_unlinked(name, f"SELECT {shown} FROM ({inner})")
        if tally.unlinked < loose:
            tally.not_stored += loose - tally.unlinked
    sources.connection.unregister("streaming")
    return source


def events(builder: SnapshotBuilder, sources: Sources, progress: Callable[[int], None] | None = None) -> None:
    """Write ``gp_event``, and ``opt_out`` from the codes that its contract names."""
    rules = sources.contracts["gp_event"].opt_outs
    source = stream(builder, sources, "gp_event", tuple(rule.code for rule in rules), progress)
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
