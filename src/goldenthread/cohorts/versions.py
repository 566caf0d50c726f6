"""Frozen cohorts: who it was, by which rule, from which data, on which day. A version never changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenthread.cohorts.errors import CohortError

if TYPE_CHECKING:
    from goldenthread.cohorts.cohort import Cohort
    from goldenthread.cohorts.population import Population

FORMAT = 1
_NAME = re.compile(r"[a-z][a-z0-9_]{1,62}")
_RECORD, _MEMBERS, _SEAL = "version.json", "members.bin", "seal"
_PSEUDONYM_BYTES = 16


@dataclass(frozen=True)
class CohortVersion:
    """A cohort as it was frozen. ``record`` holds everything but the people; ``members`` reads them."""

    folder: Path
    record: dict[str, Any]

    @property
    def id(self) -> str:
        """Name and number: ``falls-2``."""
        return str(self.record["id"])

    @property
    def size(self) -> int:
        """How many people, exactly. For use inside the house."""
        return int(self.record["members"])

    def members(self) -> list[bytes]:
        """Pseudonyms of the people, in rising order; ``CohortError`` where the file is not as it was frozen."""
        raw = _read(self.folder / _MEMBERS)
        if hashlib.sha256(raw).hexdigest() != self.record["members_sha256"]:
            raise _tampered(self.folder, "the list of people")
        return [raw[n : n + _PSEUDONYM_BYTES] for n in range(0, len(raw), _PSEUDONYM_BYTES)]

    def verify(self) -> None:
        """Raise ``CohortError`` where anything differs from what was frozen."""
        if self.record != open_version(self.folder).record:
            raise _tampered(self.folder, "the record")
        if len(self.members()) != self.size:
            raise _tampered(self.folder, "the number of people")


def check_name(name: str) -> None:
    """``CohortError`` for a name that no version can have."""
    if not _NAME.fullmatch(name):
        raise CohortError(
            f"{name!r} is not a usable name.", "Use small letters, digits and underscores, a letter first."
        )


def freeze(cohort: Cohort, name: str, folder: Path) -> CohortVersion:
    """Write a version of the cohort into ``folder`` (a home's ``cohorts``) and return it.

    Kept: the expression as typed, as JSON and in English, every definition it rests on with its codelist hashes, the
    catalogue's hash, the snapshot, data date and index date, the purpose, and the pseudonyms of its people with a checksum.
    Freezing the same cohort again makes the next version, and each is in the audit log of the home. Raises ``CohortError`` for a name that is not usable.
    """
    check_name(name)
    population = cohort.population
    members = b"".join(sorted(_pseudonyms(cohort)))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    try:
        while True:
            number = 1 + max((n for _, n in _numbered(folder, name)), default=0)
            record = {
                "format": FORMAT,
                "id": f"{name}-{number}",
                "name": name,
                "version": number,
                "frozen_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "defined_as": cohort.name or None,
                "expression": cohort.expression,
                "json": cohort.json,
                "english": cohort.english,
                "definition_hash": cohort.definition_hash,
                "definitions": {
                    n: {"kind": d.kind, "version": d.version, "source": d.source, "definition": _plain(d.raw)}
                    for n, d in cohort.rests_on.items()
                },
                "codelist_hashes": cohort.codelist_hashes,
                "catalogue_hash": population.catalogue.hash(),
                "snapshot": population.snapshot.id,
                "data_date": population.data_date.isoformat(),
                "index_date": population.index_date.isoformat(),
                "purpose": population.purpose.name,
                "members": len(members) // _PSEUDONYM_BYTES,
                "members_sha256": hashlib.sha256(members).hexdigest(),
            }
            text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
            _write(draft / _MEMBERS, members)
            _write(draft / _RECORD, text.encode())
            _write(draft / _SEAL, (hashlib.sha256(text.encode()).hexdigest() + "\n").encode())
            target = folder / f"{name}-{number}"
            try:
                draft.rename(target)  # fails where somebody froze the same number meanwhile
                break
            except OSError:
                if not target.exists():
                    raise
    finally:
        if draft.exists():
            for file in draft.iterdir():
                file.unlink()
            draft.rmdir()
    for file in target.iterdir():
        file.chmod(0o400)
    from goldenthread.governance import Audit

    Audit(folder.parent).append(
        "cohort.frozen", actor=population.recipient or "somebody", scope=population.scope.slug, subject=target.name,
        detail={"purpose": population.purpose.name, "people": record["members"], "expression": cohort.expression},
    )  # fmt: skip
    return open_version(target)


def open_version(folder: Path) -> CohortVersion:
    """The version in ``folder``; ``CohortError`` where there is none, or its record is not as it was frozen."""
    if not (folder / _RECORD).exists():
        there = ", ".join(v.name for v in sorted(folder.parent.glob("*-*"))) or "none yet"
        raise CohortError(f"There is no cohort version {folder.name!r}.", f"There are: {there}.")
    raw = _read(folder / _RECORD)
    if hashlib.sha256(raw).hexdigest() != _read(folder / _SEAL).decode("ascii", "replace").strip():
        raise _tampered(folder, "the record")
    record = json.loads(raw)
    if record.get("format") != FORMAT:
        raise CohortError(
            f"{folder} has format {record.get('format')}, and this version reads format {FORMAT}."
        )
    return CohortVersion(folder, record)


def pids_of(population: Population, pseudonyms: list[bytes]) -> dict[bytes, int]:
    """Person numbers, in the population's snapshot, of pseudonyms that it knows; for use inside the house."""
    import pyarrow as pa

    connection = population.snapshot.connect(only=("person",))
    try:
        connection.register(
            "chosen", pa.table({"pseudonym": pa.array(pseudonyms, pa.binary(_PSEUDONYM_BYTES))})
        )
        rows = connection.execute(
            "SELECT p.pseudonym, p.pid FROM chosen AS c JOIN person AS p ON CAST(p.pseudonym AS BLOB) = c.pseudonym"
        ).fetchall()
    finally:
        connection.close()
    return {bytes(p): int(pid) for p, pid in rows}


def members_now(population: Population, version: CohortVersion) -> dict[str, list[bytes]]:
    """Pseudonyms of a frozen cohort's people who are registered and alive today, by practice, in rising order.

    Whoever the population's purpose may not ask about, and whose practice no longer shares for it, is not among them.
    """
    by_pid = {pid: pseudonym for pseudonym, pid in pids_of(population, version.members()).items()}
    listed = ", ".join(str(pid) for pid in by_pid) or "-1"
    found: dict[str, list[bytes]] = {}
    for row in population.query("pid, practice", ["practice"], where=f"pid IN ({listed})").to_pylist():
        found.setdefault(str(row["practice"]), []).append(by_pid[row["pid"]])
    return {practice: sorted(members) for practice, members in sorted(found.items())}


def versions(folder: Path) -> Iterator[CohortVersion]:
    """Every version in a home's ``cohorts`` folder, by name and number."""
    if folder.is_dir():
        found = [(*key, path) for path in folder.iterdir() if (key := _key(path.name))]
        for _, _, path in sorted(found):
            yield open_version(path)


def _pseudonyms(cohort: Cohort) -> list[bytes]:
    """Pseudonyms, which stay the same from snapshot to snapshot, of people whose numbers do not."""
    import pyarrow as pa

    connection = cohort.population.snapshot.connect(only=("person",))
    try:
        connection.register("chosen", pa.table({"pid": cohort.pids}))
        rows = connection.execute("SELECT p.pseudonym FROM chosen JOIN person AS p USING (pid)").fetchall()
    finally:
        connection.close()
    found = [bytes(row[0]) for row in rows]
    if any(len(one) != _PSEUDONYM_BYTES for one in found):
        raise CohortError("A pseudonym is not 16 bytes long.", "Run `goldenthread snapshots verify --deep`.")
    return found


def _key(name: str) -> tuple[str, int] | None:
    head, _, number = name.rpartition("-")
    return (head, int(number)) if _NAME.fullmatch(head) and number.isdigit() else None


def _numbered(folder: Path, name: str) -> list[tuple[str, int]]:
    return [key for path in folder.iterdir() if (key := _key(path.name)) and key[0] == name]


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _tampered(path.parent, f"the file {path.name}") from None


def _tampered(folder: Path, what: str) -> CohortError:
    return CohortError(
        f"The cohort version {folder.name} is not as it was frozen: {what} has changed or is gone.",
        "Restore the folder from a backup. Do not use this version.",
    )


def _plain(value: Any) -> Any:
    """Definition files may hold dates, which JSON has not."""
    return json.loads(json.dumps(value, default=str))
