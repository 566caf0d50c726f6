"""Who each row belongs to: a verified number first, then a claimed number that agrees, then linkage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from goldenthread.intake.assembly.sources import Sources
from goldenthread.intake.linkage import LINK, Decisions, LinkageResult, LinkageSettings, link
from goldenthread.vault import PSEUDONYM

Demographics = Callable[[Sequence[bytes]], pa.Table]

LINKED_FEEDS = (
    "apc",
    "ecds",
    "op",
    "csds_mpi",
    "mhsds_mpi",
    "cld",
    "urgent",
    "council",
    "deaths",
    "programme",
)
"""Feeds whose rows say themselves whom they are about, in the order of a person's attributes."""


@dataclass
class Linkage:
    """What linkage did: aggregate figures only."""

    records: int = 0
    linked: int = 0
    report: list[dict[str, Any]] = field(default_factory=list)
    result: LinkageResult | None = None
    cache: list[str] = field(default_factory=list)
    decided: dict[str, int] = field(default_factory=dict)


def registered(sources: Sources) -> None:
    """Make ``registered``: distinct patients of all practices (pseudonym, earliest birth month)."""
    sources.connection.execute(
        """CREATE OR REPLACE TEMP TABLE registered AS SELECT pseudonym, min(birth_month) AS birth_month
        FROM s_gp_patient GROUP BY pseudonym"""
    )


def claims(sources: Sources, feeds: Sequence[str]) -> None:
    """Make ``sent``: distinct records of feeds, and ``claim``: those whose own number may be believed.

    A number in a feed that carries no status is believed where it is that of a registered person and the birth
    month agrees, or where the feed knows no birth date at all (a programme's list of its own patients).
    """
    parts = [
        f"SELECT '{feed}' AS feed, record, claimed, birth_month,"
        f" {str(sources.contracts[feed].identity('birth_date') is None).lower()} AS no_birth"
        f" FROM l_{feed} WHERE record IS NOT NULL AND pseudonym IS NULL"
        for feed in feeds
    ]
    run = sources.connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE sent AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})")
    run(
        """CREATE OR REPLACE TEMP TABLE claim AS SELECT s.record, any_value(s.claimed) AS pseudonym
        FROM sent s JOIN registered r ON r.pseudonym = s.claimed
        WHERE s.no_birth OR s.birth_month = r.birth_month GROUP BY s.record"""
    )


def link_records(
    sources: Sources, settings: LinkageSettings, demographics: Demographics, basis: str
) -> Linkage:
    """Make ``links`` (record, pseudonym): claimed numbers that agree, and what linkage is sure of.

    ``basis`` says what the answer depends on; an answer with the same basis is used again.
    """
    run = sources.connection.execute
    run("CREATE OR REPLACE TEMP TABLE links AS SELECT record, pseudonym FROM claim")
    asked = sources.values(
        "SELECT record, min(feed) AS feed FROM sent ANTI JOIN claim USING (record) GROUP BY record ORDER BY record"
    )
    if not asked.num_rows:
        return Linkage()
    key = hashlib.blake2b(f"{basis}|{settings}".encode(), digest_size=16).hexdigest()
    outcome = Linkage(records=asked.num_rows, cache=[key])
    cached = sources.work.path("links", key)
    if cached.exists() and cached.with_suffix(".json").exists():
        found = sources.work.table("links", key)
        outcome.report = json.loads(cached.with_suffix(".json").read_text("utf-8"))["report"]
    else:
        with sources.room_for_others():
            found, outcome.result = _link(sources, settings, demographics, asked)
        outcome.report = outcome.result.report.to_pylist()
        sources.work.save_links(key, found, outcome.report)
    sources.connection.register("found", found)
    run("INSERT INTO links SELECT record, pseudonym FROM found")
    sources.connection.unregister("found")
    outcome.linked = found.num_rows
    return outcome


def _link(
    sources: Sources, settings: LinkageSettings, demographics: Demographics, asked: pa.Table
) -> tuple[pa.Table, LinkageResult]:
    people = demographics(sources.values("SELECT pseudonym FROM registered")["pseudonym"].to_pylist())
    sent = demographics(asked["record"].to_pylist())
    place = {record: number for number, record in enumerate(asked["record"].to_pylist())}
    numbers = [place[record] for record in sent["pseudonym"].to_pylist()]
    feeds = asked["feed"].take(pa.array(numbers, pa.int64()))
    records = sent.drop_columns(["pseudonym"])
    records = records.append_column("record_id", pa.array(numbers, pa.int64())).append_column("feed", feeds)
    result = link(people, records, settings)
    result.review = _with_records(result.review, asked["record"].to_pylist())
    sure = result.links.filter(pa.compute.equal(result.links["band"], LINK))
    return (
        pa.table(
            {
                "record": asked["record"].take(sure["record_id"]).cast(PSEUDONYM),
                "pseudonym": sure["pseudonym"].cast(PSEUDONYM),
            }
        ).sort_by("record"),
        result,
    )


def _with_records(review: pa.Table, records: list[bytes]) -> pa.Table:
    """The review list with each record's hash, by which a decision names it, instead of its number."""
    named = [
        " ".join(records[int(number)].hex() for number in numbers.split())
        for numbers in review["record_ids"].to_pylist()
    ]
    at = review.column_names.index("record_ids")
    return review.set_column(at, "record", pa.array(named, pa.string())).drop_columns(["record_id"])


def obey(sources: Sources, decisions: Decisions) -> dict[str, int]:
    """Put what people decided in place of what ``links`` says; returns how many decisions were of which kind.

    A record that is somebody's belongs to nobody else; one that is not somebody's stays with nobody, where it was
    linked to them. ``no longer there``: decisions about records that no feed holds, or about people who are no patients.
    """
    if not len(decisions):
        return {}
    pairs = [
        *((*pair, True) for pair in decisions.same.items()),
        *((*pair, False) for pair in decisions.different),
    ]
    record, pseudonym, same = zip(*pairs, strict=True)
    columns = [pa.array(record, PSEUDONYM), pa.array(pseudonym, PSEUDONYM), pa.array(same)]
    run = sources.connection.execute
    sources.connection.register("given", pa.table(columns, names=["record", "pseudonym", "same"]))
    run(
        """CREATE OR REPLACE TEMP TABLE decided AS SELECT * FROM given
        WHERE record IN (SELECT record FROM sent) AND pseudonym IN (SELECT pseudonym FROM registered)"""
    )
    sources.connection.unregister("given")
    run(
        "DELETE FROM links USING decided d"
        " WHERE links.record = d.record AND (d.same OR links.pseudonym = d.pseudonym)"
    )
    run("INSERT INTO links SELECT record, pseudonym FROM decided WHERE same")
    counts = run("SELECT count(*) FILTER (same), count(*) FILTER (NOT same) FROM decided").fetchall()[0]
    return {
        "same person": counts[0],
        "not the same": counts[1],
        "no longer there": len(pairs) - sum(counts),
    }


def resolve(sources: Sources, feed: str) -> None:
    """Make ``r_<feed>``: the rows of ``l_<feed>`` with ``who``, the pseudonym of their person or null."""
    sources.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE r_{feed} AS SELECT l.*, coalesce(l.pseudonym, k.pseudonym) AS who
        FROM l_{feed} l LEFT JOIN links k ON k.record = l.record"""
    )
