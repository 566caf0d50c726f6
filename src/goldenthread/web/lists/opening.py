"""An open list: who of the people allowed is still with the practice, who they are, and the token that stands for each.

Working this out takes a question to the lake, one to the key service and two writes. It is kept in this process's memory for
minutes, and worked out again as soon as the data, the practice's decision or what practices share has changed.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from goldenthread.governance import (
    EXPORTED,
    IDENTITIES_SHOWN,
    PATIENT_OPENED,
    Audit,
    GovernanceError,
    Part,
    Releases,
    require_open,
    sharing_of,
    sharing_state,
)
from goldenthread.vault import KeyServiceError
from goldenthread.web.accounts.working import Working
from goldenthread.web.lists import identities
from goldenthread.web.lists.choices import OPEN
from goldenthread.web.lists.identities import Known, Person
from goldenthread.web.lists.models import Item, WorkList
from goldenthread.web.lists.people import members_by_practice, pids_of, version_of
from goldenthread.web.lists.returning import send_waiting
from goldenthread.web.site.data import Edition


def releases() -> Releases:
    """The releases of this deployment, as they stand today."""
    return Releases(settings.DEPLOYMENT.home, timezone.localdate())


def audit() -> Audit:
    """The audit log of this deployment."""
    return Audit(settings.DEPLOYMENT.home)


@dataclass(frozen=True)
class Opening:
    """A list as it was opened: everybody on it who is still with the practice. Nothing of them shows in ``repr``."""

    people: dict[str, bytes] = field(repr=False)
    known: Known = field(repr=False)
    at: float
    numbers: dict[bytes, int] = field(default_factory=dict, repr=False)

    def person(self, token: str) -> Person | None:
        """Who a token stands for."""
        pseudonym = self.people.get(token)
        return self.known.people.get(pseudonym) if pseudonym is not None else None

    def number(self, token: str) -> str:
        """The NHS number behind a token; nothing where it cannot be said."""
        found = self.person(token)
        return found.nhs_number if found is not None else ""

    @cached_property
    def by_name(self) -> dict[str, int]:
        """Each token's place in the order of names."""
        named = sorted((p.name.casefold(), t) for t in self.people if (p := self.person(t)) is not None)
        return {token: place for place, (_, token) in enumerate(named)}

    @cached_property
    def searched(self) -> dict[str, str]:
        """What a search looks through for each token: name and NHS number, folded, with no spaces."""
        return {
            t: f"{p.name.casefold().replace(' ', '')}\n{p.nhs_number}"
            for t in self.people
            if (p := self.person(t)) is not None
        }


KEPT_SECONDS = 600
"""How long identities stay in memory before the key service is asked again."""
LOOKED_SECONDS = 15
"""How long after the key service was stopped or switched off names may still be seen."""
_here: dict[tuple[str, str], tuple[tuple[object, ...], list[bytes]]] = {}
_open: dict[tuple[str, str], tuple[tuple[object, ...], Opening]] = {}
_noted: set[tuple[str, str, str, str]] = set()
_looked: list[tuple[float, KeyServiceError | None]] = []
_lock = threading.Lock()
_working: dict[tuple[str, str], threading.Lock] = {}


def forget(release: str = "", practice: str = "") -> None:
    """Let go of what is in memory: when a list is closed or stopped. Without a release, of everything."""
    with _lock:
        for kept in (_here, _open):
            for key in [k for k in kept if release in ("", k[0]) and practice in ("", k[1])]:
                del kept[key]
        if not release:
            _noted.clear()
            _looked.clear()


def close(part: Part, *, by: str, reason: str) -> None:
    """Forget a part that was closed for good, and tell the key service."""
    forget(part.release, part.practice)
    identities.end(part, by=by, reason=reason)


def _require_answers() -> None:
    """Raise ``KeyServiceError`` where the key service is down or switched off: then what is in memory goes, too."""
    began = time.monotonic()
    if _looked and began - _looked[0][0] < LOOKED_SECONDS:
        if _looked[0][1] is not None:
            raise _looked[0][1]
        return
    trouble: KeyServiceError | None = None
    try:
        status = identities.client().status()
        if not status.get("on"):
            trouble = KeyServiceError(
                f"The key service is switched off: {status.get('reason', '')}.", code="off"
            )
    except KeyServiceError as error:
        trouble = error
    took = time.monotonic() - began
    if trouble is None:
        _looked[:] = [(began, None)]
        return
    forget()
    if took > 1:  # one that hangs is not waited for by everybody
        _looked[:] = [(time.monotonic() - LOOKED_SECONDS + 5, trouble)]
    raise trouble


def require_shared(edition: Edition, part: Part) -> None:
    """Raise ``GovernanceError`` where the practice does not share for direct care any more: its lists wait, as they are."""
    if part.practice in sharing_of(settings.DEPLOYMENT, edition.snapshot, "direct_care").out:
        raise GovernanceError(
            "This practice does not share for direct care now, so its lists are closed.",
            "What was recorded is kept. When the practice shares again, the list opens as it was left.",
        )


def open_list(working: Working, edition: Edition, part: Part, *, fresh: bool = False) -> Opening:
    """Open a list: identities of those who are still with the practice, by token; the rest are marked as gone.

    ``fresh`` looks at deaths, moves and the sensitive mark now, even if they were looked at a moment ago: before anything
    leaves. Raises ``KeyServiceDown`` where identities cannot be had, ``GovernanceError`` where the list is not open.
    """
    require_open(part)
    require_shared(edition, part)
    _require_answers()
    key, state = (part.release, part.practice), _state(edition, part)
    if not fresh and (found := _kept(key, state)) is not None:
        return found
    with _lock:
        one_at_a_time = _working.setdefault(key, threading.Lock())
    with one_at_a_time:  # of people who come at once, one works it out and the others wait
        if not fresh and (found := _kept(key, state)) is not None:
            return found
        made = _opened(working, edition, part)
        with _lock:
            _open[key] = (state, made)
            for old in [k for k, (_, o) in _open.items() if made.at - o.at >= KEPT_SECONDS]:
                del _open[old]
        return made


def without_names(edition: Edition, part: Part) -> Opening:
    """A list of which nobody can be named now: who stands behind each token is known by pseudonym, so that it can be worked."""
    require_open(part)
    told = _told(part)
    people = {t: p for p, t in releases().tokens(part, told).items()}
    return Opening(people, Known({}, {}), 0.0, pids_of(edition, told) if told else {})


def _kept(key: tuple[str, str], state: tuple[object, ...]) -> Opening | None:
    with _lock:
        found = _open.get(key)
        if found is None or found[0] != state or time.monotonic() - found[1].at >= KEPT_SECONDS:
            return None
    return found[1]


def _state(edition: Edition, part: Part) -> tuple[object, ...]:
    """What changes whenever the people of a list may have."""
    return (
        part.events[-1].number, part.issue, part.state, edition.snapshot.id, sharing_state(settings.DEPLOYMENT, "direct_care"),
        timezone.localdate(), settings.DEPLOYMENT.home,
    )  # fmt: skip


def _opened(working: Working, edition: Edition, part: Part) -> Opening:
    here = show(edition, part)
    who = {"reader": working.user.username, "role": working.role.name}
    known = Known({}, {})
    if here:
        try:
            known = identities.known(part, here, **who)
        except KeyServiceError as error:
            if error.code != "unknown":
                raise
            # restored from a backup, it believes no approval of before: it is shown those that still hold
            with _lock:
                _here.pop((part.release, part.practice), None)
            known = identities.known(part, show(edition, part), **who)
    book = releases()
    tokens = book.tokens(part, sorted(known.people))
    _items(part, set(tokens.values()))
    made = Opening(
        {t: p for p, t in tokens.items()},
        known,
        time.monotonic(),
        pids_of(edition, list(tokens)) if tokens else {},
    )
    send_waiting(part.release, part.practice, book.get(part.release).initiative, made.number)
    return made


def show(edition: Edition, part: Part) -> list[bytes]:
    """Tell the key service of an approval; returns the people of the list who are here today.

    Who was approved is settled at the first telling: later changes take people out, and never add any.
    """
    key, state = (part.release, part.practice), _state(edition, part)
    with _lock:
        if (kept := _here.get(key)) is not None and kept[0] == state:
            return kept[1]
    release = releases().get(part.release)
    here = members_by_practice(edition, version_of(settings.DEPLOYMENT, release.cohort)).get(
        part.practice, []
    )
    told = _told(part) or here
    if told:
        identities.show_approval(release, part, told)
        _tell(part, told)
    still = set(here)
    found = [p for p in told if p in still]
    with _lock:
        if len(_here) > 200:
            _here.clear()
        _here[key] = (state, found)
    return found


def _told(part: Part) -> list[bytes]:
    path = _told_path(part)
    raw = path.read_bytes() if path.exists() else b""
    return [raw[n : n + 16] for n in range(0, len(raw), 16)]


def _tell(part: Part, people: list[bytes]) -> None:
    path = _told_path(part)
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with (
        contextlib.suppress(FileExistsError),
        os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream,
    ):
        stream.write(b"".join(people))


def _told_path(part: Part) -> Path:
    folder: Path = settings.DEPLOYMENT.web_dir / "releases"
    return folder / f"{part.release}.{part.practice}.members"


class Line(NamedTuple):
    """What finding and sorting need of one person on a list: little, because a list may hold thousands."""

    pk: int
    token: str
    status: str
    assigned: int | None
    due: date | None


_lines: dict[int, tuple[tuple[object, ...], list[Line]]] = {}


def lines_of(work: WorkList, opened: Opening) -> list[Line]:
    """Everybody on a list, by name, then by token where nobody can be named.

    Read again only if anything was written since: every write of a person raises its version.
    """
    found = work.items.aggregate(many=Count("pk"), written=Sum("version"))
    state = (found["many"], found["written"], opened.at, id(opened))
    kept = _lines.get(work.pk)
    if kept is not None and kept[0] == state:
        return kept[1]
    names = opened.by_name
    rows = work.items.values_list("pk", "token", "status", "assigned_id", "due")
    lines = sorted((Line(*row) for row in rows), key=lambda n: (names.get(n.token, len(names)), n.token))
    if opened.people:
        if len(_lines) > 50:
            _lines.clear()
        _lines[work.pk] = (state, lines)
    return lines


@transaction.atomic
def _items(part: Part, tokens: set[str]) -> None:
    """The list's rows: one for each person, those who have gone marked, those who are back as they were left."""
    work, _ = WorkList.objects.select_for_update().get_or_create(
        release=part.release, practice=part.practice, defaults={"issue": part.issue}
    )
    held = dict(work.items.values_list("token", "status"))
    _add(work, sorted(tokens - set(held)))
    changed = [
        t for t, status in held.items() if (t not in tokens and status in OPEN) or (t in tokens and status == "gone")
    ]  # fmt: skip
    items = list(work.items.select_for_update().filter(token__in=changed)) if changed else []
    for item in items:
        if item.token in tokens:
            item.status, item.left_as = item.left_as or "new", ""
        else:
            item.status, item.left_as = "gone", item.status
        item.version += 1
    Item.objects.bulk_update(items, ["status", "left_as", "version"], batch_size=500)


def _add(work: WorkList, tokens: list[str]) -> None:
    """Rows for new people: as ``bulk_create``, which takes a second for thousands."""
    if not tokens:
        return
    fields = [f for f in Item._meta.concrete_fields if not f.primary_key]
    blank = Item(work=work, token="")
    values = {f.column: f.get_db_prep_save(getattr(blank, f.attname), connection) for f in fields}
    quoted = ", ".join(connection.ops.quote_name(c) for c in values)
    sql = f"INSERT INTO {connection.ops.quote_name(Item._meta.db_table)} ({quoted}) VALUES ({', '.join(['%s'] * len(values))})"
    with connection.cursor() as cursor:
        cursor.executemany(sql, [[*{**values, "token": t}.values()] for t in tokens])


# -- the log


def note_seen(working: Working, part: Part, opening: Opening) -> None:
    """Write that somebody opened the list: once a person and day, so that the log can be read."""
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    key = (part.release, part.practice, working.user.username, f"{since:%Y-%m-%d} {settings.DEPLOYMENT.home}")
    if key in _noted:
        return
    seen = audit().entries(
        actor=working.user.username, action=IDENTITIES_SHOWN, subject=part.release, since=since
    )
    if not any(e.scope == part.practice for e in seen):
        # the tokens, by which a patient finds out who has seen them
        _note(working, part, sorted(opening.people), releases().get(part.release).reason)
    if len(_noted) > 10_000:
        _noted.clear()
    _noted.add(key)


def _note(working: Working, part: Part, tokens: list[str], reason: str) -> None:
    audit().append(
        IDENTITIES_SHOWN, actor=working.user.username, role=working.role.name, scope=part.practice, subject=part.release, reason=reason,
        detail={"release": part.release, "people": len(tokens), "tokens": tokens, "until": part.until, "purpose": "direct_care"},
    )  # fmt: skip


def note_opened(working: Working, part: Part, token: str, reason: str, match: dict[str, bool]) -> None:
    """Write that somebody opened one patient's page."""
    audit().append(
        PATIENT_OPENED, actor=working.user.username, role=working.role.name, scope=part.practice, subject=token, reason=reason,
        detail={"release": part.release, "people": 1, "until": part.until, "purpose": "direct_care", **match},
    )  # fmt: skip


def note_exported(working: Working, part: Part, what: str, reason: str, tokens: list[str]) -> None:
    """Write that identities left in a file."""
    audit().append(
        EXPORTED, actor=working.user.username, role=working.role.name, scope=part.practice, subject=part.release, reason=reason,
        detail={"release": part.release, "what": what, "people": len(tokens), "tokens": tokens, "until": part.until, "purpose": "direct_care"},
    )  # fmt: skip
