"""A list opens only after the practice allowed it, only until its day, and never for who asked."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from goldenthread.governance import Audit, GovernanceError
from goldenthread.governance.releases import Part, Release, Releases
from tests.sequences import sequences

TODAY = date(2026, 11, 30)
PEOPLE = [bytes([n]) * 16 for n in range(6)]


def asked(releases: Releases, **other: object) -> Release:
    content = {
        "cohort": "falls-1", "definition_hash": "ab" * 32, "people": 40, "title": "Falls", "reason": "Falls clinic", "purpose": "direct_care",
        "practices": ["Z00001", "Z00002"], "expires": TODAY + timedelta(days=90), "worked_by": "Care coordinators", "by": "analyst", "role": "analyst",
    }  # fmt: skip
    return releases.request(**{**content, **other})  # type: ignore[arg-type]


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path, TODAY)


def approve(releases: Releases, release: Release, practice: str = "Z00001", by: str = "manager") -> Part:
    return releases.approve(release.id, practice, by=by, role="practice_manager")


def test_each_practice_decides_for_its_own_patients(releases: Releases) -> None:
    made = asked(releases)
    assert [p.state for p in releases.parts(made.id)] == ["requested", "requested"]
    assert approve(releases, made).open
    assert releases.part(made.id, "Z00002").state == "requested"
    with pytest.raises(GovernanceError, match="not decided"):
        releases.tokens(releases.part(made.id, "Z00002"), PEOPLE)


def test_nobody_allows_what_they_asked_for(releases: Releases) -> None:
    made = asked(releases, by="manager")
    with pytest.raises(GovernanceError, match="yourself"):
        approve(releases, made)
    assert releases.audit.entries(action="release.own")


def test_an_approval_cannot_be_replayed(releases: Releases) -> None:
    made = asked(releases)
    approve(releases, made)
    releases.revoke(made.id, "Z00001", by="manager", role="practice_manager", reason="Clinic cancelled")
    with pytest.raises(GovernanceError, match="revoked already"):
        approve(releases, made)
    assert not releases.part(made.id, "Z00001").open


def test_a_list_ends_by_itself_and_can_be_extended(releases: Releases, tmp_path: Path) -> None:
    made = asked(releases)
    approve(releases, made)
    later = Releases(tmp_path, TODAY + timedelta(days=91))
    assert later.part(made.id, "Z00001").state == "expired"
    with pytest.raises(GovernanceError, match="ended on 2027-02-28"):
        later.tokens(later.part(made.id, "Z00001"), PEOPLE)
    until = TODAY + timedelta(days=120)
    assert later.extend(
        made.id, "Z00001", until, by="manager", role="practice_manager", reason="Not finished"
    ).open
    with pytest.raises(GovernanceError, match="expired already"):  # a request that nobody decided on ends too
        later.approve(made.id, "Z00002", by="manager", role="practice_manager")


def test_tokens_are_random_and_belong_to_one_list(releases: Releases) -> None:
    one, two = asked(releases), asked(releases)
    parts = [approve(releases, one), approve(releases, two)]
    found = [releases.tokens(p, PEOPLE) for p in parts]
    assert len({t for f in found for t in f.values()}) == 2 * len(PEOPLE)
    assert releases.tokens(parts[0], PEOPLE) == found[0]
    assert releases.person_of(parts[0], found[0][PEOPLE[3]]) == PEOPLE[3]
    with pytest.raises(GovernanceError, match="opens nobody"):
        releases.person_of(parts[0], found[1][PEOPLE[3]])
    new = releases.reissue(
        one.id, "Z00001", by="manager", role="practice_manager", reason="A print-out was lost"
    )
    with pytest.raises(GovernanceError, match="opens nobody"):
        releases.person_of(new, found[0][PEOPLE[3]])


def test_the_emergency_stop(releases: Releases) -> None:
    made = asked(releases)
    approve(releases, made)
    approve(releases, made, "Z00002")
    releases.stop(by="guardian", role="caldicott_guardian", reason="A list went astray", practice="Z00001")
    assert [p.state for p in releases.parts(made.id)] == ["stopped", "approved"]
    releases.stop(by="guardian", role="caldicott_guardian", reason="A list went astray")
    assert {p.state for p in releases.parts(made.id)} == {"stopped"}
    releases.resume(by="guardian", role="caldicott_guardian", reason="Found again")
    assert {p.state for p in releases.parts(made.id)} == {"approved"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"purpose": "planning"}, "does not let anybody be identified"),
        ({"people": 1}, "fewer than 5"),
        ({"practices": []}, "No practice"),
        ({"expires": TODAY - timedelta(days=1)}, "has passed"),
        ({"expires": TODAY + timedelta(days=400)}, "a year at most"),
        ({"reason": " "}, "does not say why"),
    ],
)
def test_what_cannot_be_asked_for(releases: Releases, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(GovernanceError, match=says):
        asked(releases, **wrong)
    assert releases.all() == []


PRACTICES = st.sampled_from(["Z00001", "Z00002"])
ACTORS = st.sampled_from(["analyst", "manager", "guardian"])


class AnythingGoes(RuleBasedStateMachine):
    """Random people do random things on random days: a token opens only what a plain model says is open."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.day = TODAY
        self.model: dict[tuple[str, str], dict[str, object]] = {}
        self.ids: list[str] = []
        self.stops: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            assert Audit(Path(self.folder.name)).verify().whole
            self.folder.cleanup()

    @property
    def releases(self) -> Releases:
        return Releases(Path(self.folder.name), self.day)

    @rule(by=ACTORS)
    def ask(self, by: str) -> None:
        made = asked(self.releases, by=by, expires=self.day + timedelta(days=10))
        self.ids.append(made.id)
        for practice in ("Z00001", "Z00002"):
            self.model[made.id, practice] = {
                "by": by,
                "state": "requested",
                "until": made.expires,
                "issue": 1,
            }

    @rule(
        pick=st.integers(0, 20),
        practice=PRACTICES,
        by=ACTORS,
        verb=st.sampled_from(["approve", "refuse", "revoke", "reissue", "extend"]),
    )
    def act(self, pick: int, practice: str, by: str, verb: str) -> None:
        if not self.ids:
            return
        one = self.ids[pick % len(self.ids)]
        known = self.model[one, practice]
        try:
            if verb == "extend":
                self.releases.extend(
                    one, practice, self.day + timedelta(days=5), by=by, role="x", reason="more time"
                )
            else:
                getattr(self.releases, verb)(one, practice, by=by, role="x", reason="because")
        except GovernanceError:
            return
        match verb:
            case "approve":
                assert known["by"] != by
                assert known["state"] == "requested"
                known["state"] = "approved"
            case "refuse" | "revoke":
                known["state"] = f"{verb}d"
            case "reissue":
                known["issue"] = int(str(known["issue"])) + 1
            case "extend":
                assert known["by"] != by
                known["until"] = self.day + timedelta(days=5)

    @rule(practice=st.sampled_from(["Z00001", "*"]), verb=st.sampled_from(["stop", "resume"]))
    def emergency(self, practice: str, verb: str) -> None:
        getattr(self.releases, verb)(by="guardian", role="x", reason="because", practice=practice)
        if verb == "stop":
            self.stops.add(practice)
        else:
            self.stops = set() if practice == "*" else self.stops - {practice}

    @rule(days=st.integers(1, 6))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)

    @invariant()
    def only_what_is_allowed_opens(self) -> None:
        if not hasattr(self, "model"):
            return
        for part in self.releases.parts():
            known = self.model[part.release, part.practice]
            in_time = known["until"] >= self.day  # type: ignore[operator]
            stopped = bool(self.stops & {"*", part.practice})
            assert part.open == (known["state"] == "approved" and in_time and not stopped)
            if not part.open:
                with pytest.raises(GovernanceError):
                    self.releases.tokens(part, PEOPLE)


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = sequences(25, 12)
