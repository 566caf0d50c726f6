"""The shared feeds as files: hospital months, service quarters, social care submissions, councils, deaths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from goldenthread.demo import clock
from goldenthread.demo.shared_feeds import MONTHS, QUARTERS, YEARS
from goldenthread.demo.writers import gather, sort, write_plain, write_quoted


def _hospital(feed: str, key: str) -> Callable[[Path, Path], None]:
    def write(work: Path, feeds: Path) -> None:
        for i, (label, _, _) in enumerate(MONTHS):
            table = gather(work, feed, i)
            if table is not None:
                write_plain(feeds / feed / "RZ1" / f"{feed}_{label}.csv", sort(table, key, "CDS_UPDATE_TYPE"))

    return write


_SERVICES = {
    "csds": ("RZ2", "csds000header", "cyp001mpi", "cyp101referral", "cyp201carecontact"),
    "mhsds": ("RZ3", "mhs000header", "mhs001mpi", "mhs101referral", "mhs201carecontact"),
}
_HEADER = (
    "UNIQUE_SUBMISSION_ID",
    "REPORTING_PERIOD_START_DATE",
    "REPORTING_PERIOD_END_DATE",
    "SUBMISSION_DATE",
    "ORGANISATION_IDENTIFIER_CODE_OF_PROVIDER",
)


def _service(name: str) -> Callable[[Path, Path], None]:
    """Each quarter's submission; for every third quarter an earlier, incomplete one that it replaces."""

    def write(work: Path, feeds: Path) -> None:
        for i, (label, first, last) in enumerate(QUARTERS):
            tables = [gather(work, f"{name}_{part}", i) for part in ("mpi", "referral", "contact")]
            _submit(name, feeds, label, "2", first, last, last + 34, tables)
            contact = tables[2]
            if i % 3 == 1 and contact is not None:
                some = contact.filter(pa.array(np.arange(contact.num_rows) % 11 != 3))
                _submit(name, feeds, label, "1", first, last, last + 20, [*tables[:2], some])

    return write


def _submit(
    name: str,
    feeds: Path,
    label: str,
    version: str,
    first: int,
    last: int,
    sent: int,
    tables: list[pa.Table | None],
) -> None:
    provider, *files = _SERVICES[name]
    identifier = f"{provider}-{label}-{version}"
    folder = feeds / name / provider / f"{label}_v{version}"
    dates = clock.text(np.array([first, last, sent])).to_pylist()
    write_quoted(folder / f"{files[0]}.csv", _HEADER, [(identifier, *dates, provider)])
    for file, table in zip(files[1:], tables, strict=True):
        if table is None:
            continue
        table = sort(table, table.column_names[0])
        table = table.add_column(
            0, "UNIQUE_SUBMISSION_ID", pa.array([identifier] * table.num_rows, pa.string())
        )
        write_plain(folder / f"{file}.csv", table)


def _cld(work: Path, feeds: Path) -> None:
    """Each quarter sends a rolling year again; a row still open has no end date until it has ended."""
    table = gather(work, "cld")
    if table is None:
        return
    first, last = np.asarray(table["first"]), np.asarray(table["last"])
    names = table.column_names
    header = [
        "Submission_Date",
        *("Event_Start_Date" if c == "first" else "Event_End_Date" if c == "last" else c for c in names),
    ]
    for label, _, end in QUARTERS:
        rows = np.flatnonzero((first <= end) & (last >= end - 365))
        part = table.take(pa.array(rows))
        shown = np.where(last[rows] > end, clock.NEVER, last[rows])
        part = part.set_column(names.index("first"), "first", clock.text(first[rows], "uk")).set_column(
            names.index("last"), "last", clock.text(shown, "uk")
        )
        sent = clock.text(np.full(len(rows), end + 21), "uk").to_pylist()
        columns = [part[c].to_pylist() for c in names]
        write_quoted(
            feeds / "cld" / "CLN" / f"cld_{label}.csv",
            header,
            zip(sent, *columns, strict=True),
            encoding="cp1252",
            newline="\r\n",
        )


def _calls(work: Path, feeds: Path) -> None:
    for i, year in enumerate(YEARS):
        table = gather(work, "urgent", i)
        if table is not None:
            write_plain(feeds / "urgent" / "RZ4" / f"urgent_{year}.csv", sort(table, "CALL_ID"))


def _councils(work: Path, feeds: Path) -> None:
    _by(work, feeds, "council", "council", "circumstance.csv")


def _programmes(work: Path, feeds: Path) -> None:
    _by(work, feeds, "programme", "pcn", "contact.csv")


def _by(work: Path, feeds: Path, feed: str, column: str, file: str) -> None:
    table = gather(work, feed)
    if table is None:
        return
    for code in sorted(pc.unique(table[column]).to_pylist()):
        part = table.filter(pc.equal(table[column], code)).drop_columns([column])
        write_quoted(
            feeds / feed / code / file,
            part.column_names,
            zip(*(part[c].to_pylist() for c in part.column_names), strict=True),
        )


def _deaths(work: Path, feeds: Path) -> None:
    table = gather(work, "deaths")
    if table is not None:
        write_plain(
            feeds / "deaths" / "QZ1" / "deaths.csv",
            sort(table, "DEATH_DATE", "NHS_NUMBER", "PERSON_BIRTH_DATE"),
        )


STAGES: tuple[Callable[[Path, Path], None], ...] = (
    _hospital("ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER"), _hospital("apc", "CDS_UNIQUE_IDENTIFIER"), _hospital("op", "ATTENDANCE_IDENTIFIER"),
    _service("csds"), _service("mhsds"), _cld, _calls, _councils, _programmes, _deaths,
)  # fmt: skip
