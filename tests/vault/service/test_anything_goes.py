"""Whatever is asked, in whatever order and by whomever: no identity outside an approved release that still holds."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from goldenthread.vault import Keys, KeyService, Limits, Signer, Vault
from tests.sequences import sequences
from tests.vault.service.conftest import NUMBERS, PRACTICES, SENSITIVE, approval, identities

RELEASES = ["R1", "R2"]
KEYS = Keys(bytes(range(32)))
WHO: list[bytes] = KEYS.pseudonyms(NUMBERS).to_pylist()
somebody = st.lists(st.sampled_from(WHO), min_size=1, unique=True)


class AnythingGoes(RuleBasedStateMachine):
    """The service beside a plain model of what was approved: who, for which practice, until when, and whether it was ended."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = datetime.now(UTC)
        self.signer, self.stranger = Signer.random(), Signer.random()
        with Vault.open(self.folder / "vault", KEYS, create=True) as vault:
            vault.store(identities(KEYS, PRACTICES))
        self.practices = dict(zip(WHO, PRACTICES, strict=True))
        self.service = self._service()
        self.service.record.trust(self.signer.public, "test")
        self.approved: dict[str, tuple[set[bytes], str, datetime]] = {}
        self.ended: set[str] = set()
        self.on = True
        self.given = 0
        self.last: dict[str, Any] | None = None

    def _service(self) -> KeyService:
        return KeyService(
            self.folder / "vault",
            KEYS,
            Limits(an_hour=10_000, window=timedelta(days=3650)),
            clock=lambda: self.now,
        )

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.ask("status")

    def ask(self, do: str, signer: Signer | None = None, **content: Any) -> dict[str, Any]:
        self.last = (signer or self.signer).request(do, **content)
        return self.service.answer(self.last)

    @rule(
        release=st.sampled_from(RELEASES), people=somebody, practice=st.sampled_from(["Z00001", "Z00002"]),
        days=st.integers(-1, 20), honest=st.booleans(), own=st.booleans(), strange=st.booleans(),
    )  # fmt: skip
    def register(
        self,
        release: str,
        people: list[bytes],
        practice: str,
        days: int,
        honest: bool,
        own: bool,
        strange: bool,
    ) -> None:
        until = self.now + timedelta(days=days)
        made = approval(
            people, release=release, practice=practice, expires_at=until.isoformat(), approved_at=self.now.isoformat(),
            approved_by="ann (analyst)" if own else "Dr Shah",
        )  # fmt: skip
        shown = people if honest else [p for p in WHO if p not in people] or people[:-1]
        answer = self.ask(
            "register",
            self.stranger if strange else None,
            release=release,
            approval=vars(made),
            pseudonyms=[p.hex() for p in shown],
        )
        before = self.approved.get(release)
        same = before is None or (before[0], before[1]) == (set(people), practice)
        allowed = (
            honest and not own and not strange and days > 0 and self.on and release not in self.ended and same
        )
        assert answer["ok"] == allowed, answer
        if allowed:
            self.approved[release] = (set(people), practice, until)

    @rule(release=st.sampled_from([*RELEASES, "R9"]), people=somebody, strange=st.booleans())
    def read(self, release: str, people: list[bytes], strange: bool) -> None:
        answer = self.ask(
            "identities", self.stranger if strange else None, release=release, pseudonyms=[p.hex() for p in people],
            reader="cara", role="care coordinator",
        )  # fmt: skip
        shown = {bytes.fromhex(p["pseudonym"]) for p in answer.get("identities", [])}
        members, practice, until = self.approved.get(release, (set(), "", self.now))
        holds = (
            not strange
            and self.on
            and release not in self.ended
            and self.now < until
            and set(people) <= members
        )
        assert answer["ok"] == holds, answer
        right = {p for p in people if self.practices[p] == practice and not SENSITIVE[WHO.index(p)]}
        assert shown == (right if holds else set())
        self.given += len(shown)

    @rule()
    def replay(self) -> None:
        """What was said last is said again, by somebody who listened."""
        assert self.last is not None
        answer = self.service.answer(self.last)
        assert not answer["ok"]
        assert "identities" not in answer

    @rule(release=st.sampled_from(RELEASES), strange=st.booleans())
    def revoke(self, release: str, strange: bool) -> None:
        answer = self.ask(
            "revoke", self.stranger if strange else None, release=release, reader="Dr Shah", reason="x"
        )
        assert answer["ok"] != strange
        if not strange:
            self.ended.add(release)

    @rule(person=st.sampled_from(WHO), practice=st.sampled_from(["Z00001", "Z00002"]))
    def move(self, person: bytes, practice: str) -> None:
        self.practices[person] = practice
        with Vault.open(self.folder / "vault", KEYS) as vault:
            vault.store(identities(KEYS, [self.practices[p] for p in WHO]))

    @rule(days=st.integers(0, 15))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days, seconds=1)

    @rule(on=st.booleans())
    def switch(self, on: bool) -> None:
        self.service.record.turn("on" if on else "off", "ann", "x")
        self.on = on

    @rule()
    def start_again(self) -> None:
        self.service = self._service()

    @invariant()
    def every_identity_given_is_in_the_log(self) -> None:
        assert sum(a["given"] for a in self.service.record.answers(10_000)) == self.given


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = sequences(20, 15)
