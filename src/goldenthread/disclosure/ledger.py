"""What was already answered to whom, so that two answers cannot be subtracted to reveal a small group."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from goldenthread.disclosure.asking import Asking, View
from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.memberships import Memberships, unpack

PUBLIC: Final = "public"

_SCHEMA = """
create table if not exists membership (
    id integer primary key, snapshot text not null, people integer not null, size integer not null, blob blob not null
);
create table if not exists answer (
    id integer primary key, answered_at text not null, snapshot text not null, circle text not null,
    recipient text not null, population text not null, cell text not null, policy text not null,
    rounding integer not null, shown integer not null, membership integer
);
create index if not exists answer_key on answer (circle, population, cell);
create trigger if not exists answer_kept before delete on answer
    begin select raise(abort, 'answers are never deleted'); end;
create trigger if not exists answer_unchanged before update on answer
    begin select raise(abort, 'answers are never changed'); end;
"""


class Ledger:
    """A memory of released counts for one snapshot of the data, in a SQLite file or in memory.

    - ``snapshot``: id of the data snapshot; person numbers mean nothing outside it.
    - ``people``: how many people the snapshot has (person numbers run from 0).
    - ``circles``: recipient -> circle of colleagues who may pool what they were told. Answers to one are answers
      to all of the circle. A recipient not listed is a circle of their own. What is released to `PUBLIC` is
      known to every circle, and is checked against what every circle knows.
    - ``path``: SQLite file, created with owner-only access; None keeps the ledger in memory.

    What it stops, and what it cannot stop, is in ``docs/disclosure.md``.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        snapshot: str,
        people: int,
        circles: Mapping[str, str] | None = None,
    ) -> None:
        if not snapshot or people < 1:
            raise DisclosureError(
                "A ledger needs the id of a snapshot and how many people it has.",
                "Pass snapshot=... and people=... of the snapshot that is current.",
            )
        self.snapshot = snapshot
        self.people = people
        self.circles = dict(circles or {})
        self._lock = threading.RLock()
        self._views: dict[str, View] = {}
        if path is not None:
            Path(path).touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(
            ":memory:" if path is None else str(path),
            isolation_level=None,
            check_same_thread=False,
            timeout=30.0,
        )
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_SCHEMA)
        known = self._db.execute(
            "select people from membership where snapshot = ? limit 1", (snapshot,)
        ).fetchone()
        if known is not None and known[0] != people:
            raise DisclosureError(
                f"The ledger knows snapshot {snapshot!r} with {known[0]} people, not {people}.",
                "Use the number of people in the snapshot's manifest.",
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def circle_of(self, recipient: str) -> str:
        """Return the circle a recipient belongs to."""
        return self.circles.get(recipient, recipient)

    def answers(self, recipient: str) -> int:
        """Return how many counts this recipient's circle has been shown, over all snapshots."""
        row = self._db.execute(
            "select count(*) from answer where circle in (?, ?)", (self.circle_of(recipient), PUBLIC)
        ).fetchone()
        return int(row[0])

    def forget_members(self, snapshot: str) -> int:
        """Delete the sets of people of a snapshot that no longer exists; the answers themselves are kept.

        Refused for the snapshot the ledger is bound to. Returns how many sets were deleted.
        """
        if snapshot == self.snapshot:
            raise DisclosureError(
                f"Snapshot {snapshot!r} is in use; without its sets of people answers could be subtracted.",
                "Forget it after a newer snapshot has taken its place.",
            )
        with self._lock:
            return self._db.execute("delete from membership where snapshot = ?", (snapshot,)).rowcount

    @contextmanager
    def asking(self, recipient: str) -> Iterator[Asking]:
        """Check and record as one step, so that two questions at the same moment cannot both pass."""
        if not recipient:
            raise DisclosureError("The ledger must know who is asking.", "Pass recipient=...")
        with self._lock:
            self._db.execute("begin immediate")
            try:
                circle = self.circle_of(recipient)
                yield Asking(
                    self._db,
                    snapshot=self.snapshot,
                    people=self.people,
                    recipient=recipient,
                    circle=circle,
                    view=self._view(circle),
                )
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _view(self, circle: str) -> View:
        """Return the sets already answered to a circle, with those that another process added since."""
        view = self._views.get(circle)
        if view is None:
            view = self._views[circle] = View(Memberships(self.people))
            # list sizes are published, so the size of the whole population is always known
            view.sets.add(np.arange(self.people, dtype=np.int32))
            view.rounding.append(0)
        whose, values = ("", ()) if circle == PUBLIC else ("and a.circle in (?, ?)", (circle, PUBLIC))
        rows = self._db.execute(
            "select a.id, m.blob, a.rounding from answer a join membership m on m.id = a.membership"
            f" where a.snapshot = ? and a.id > ? {whose} order by a.id",
            (self.snapshot, view.loaded_to, *values),
        )
        for number, blob, rounding in rows:
            view.sets.add(unpack(blob, self.people))
            view.rounding.append(rounding)
            view.loaded_to = number
        return view
