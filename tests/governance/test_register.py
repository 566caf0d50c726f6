"""Who shares what, for which purpose: decisions are added, never changed, and hold from the next question on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from goldenthread.governance import (
    Audit,
    GovernanceError,
    Register,
    Sharing,
    eligible,
    feeds,
    sharing_of,
    sharing_state,
)
from goldenthread.lake import Snapshot
from goldenthread.settings import Settings, SettingsError, load_settings
from tests.measures.tiny import build

DAY = date(2026, 11, 30)
WHY = {"by": "Dr Shah, partner", "reason": "Data sharing agreement 12"}


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register.open(tmp_path)


def shared(
    register: Register, practice: str = "Z00001", day: date = DAY, purpose: str = "planning"
) -> set[str]:
    found = register.in_force(purpose, day).get(practice)
    return set(found.shared) if found else set()


def test_a_practice_agrees_to_all_feeds_and_then_withdraws_one(register: Register) -> None:
    register.agree("Z00001", "planning", **WHY)
    assert shared(register) == set(feeds())
    register.withdraw("Z00001", "planning", feed="mhsds", **WHY)
    assert shared(register) == set(feeds()) - {"mhsds"}
    register.withdraw("Z00001", "planning", **WHY)
    assert shared(register) == set()
    register.agree("Z00001", "planning", **WHY)
    assert shared(register) == set(feeds())
    assert shared(register, "Z00002") == set()
    assert shared(register, purpose="research") == set()


def test_an_agreement_holds_from_its_first_day_to_its_last(register: Register) -> None:
    register.agree("Z00001", "planning", start=DAY, end=DAY + timedelta(days=30), **WHY)
    days = {n: bool(shared(register, day=DAY + timedelta(days=n))) for n in (-1, 0, 30, 31)}
    assert days == {-1: False, 0: True, 30: True, 31: False}
    assert register.in_force("planning", DAY + timedelta(days=31))["Z00001"].why == "expired"


def test_a_withdrawal_to_come_does_not_hold_yet(register: Register) -> None:
    register.agree("Z00001", "planning", **WHY)
    register.withdraw("Z00001", "planning", start=DAY + timedelta(days=1), **WHY)
    assert shared(register) == set(feeds())
    assert shared(register, day=DAY + timedelta(days=1)) == set()


def test_the_state_changes_with_what_is_shared_and_with_nothing_else(register: Register) -> None:
    before = register.state_hash("planning", DAY)
    register.agree("Z00001", "research", **WHY)
    assert register.state_hash("planning", DAY) == before
    register.agree("Z00001", "planning", **WHY)
    after = register.state_hash("planning", DAY)
    assert after != before
    register.agree("Z00001", "planning", by="Somebody else", reason="Said again")
    assert register.state_hash("planning", DAY) == after


def test_nothing_recorded_is_ever_changed(register: Register) -> None:
    register.agree("Z00001", "planning", **WHY)
    register.add_document("planning", "dpia", "DPIA 4", place="Records folder 7", by="Ann")
    register.set_terms("planning", feeds=["gp"], retention_days=30, by="Ann", reason="DPIA 4")
    raw = sqlite3.connect(register.database.path)
    for table in ("decision", "document", "terms"):
        for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET recorded_at = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                raw.execute(sql)
    raw.close()


def test_every_decision_is_in_the_audit_log_and_fails_with_it(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.adopt(["Z00001", "Z00002"], ["planning", "evaluation"], **WHY)
    (entry,) = Audit(register.home).entries(action="agreement.agreed")
    assert entry.detail["practices"] == ["Z00001", "Z00002"]
    assert entry.reason == "Data sharing agreement 12"

    def fail(*_: object, **__: object) -> None:
        raise GovernanceError("The disk is full.")

    monkeypatch.setattr(Audit, "append", fail)
    with pytest.raises(GovernanceError, match="disk is full"):
        register.withdraw("Z00001", "planning", **WHY)
    assert len(register.decisions()) == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"practice": "Z0; DROP"}, "is not the code of a practice"),
        ({"purpose": "marketing"}, "There is no purpose 'marketing'"),
        ({"feed": "ecsd"}, "Did you mean 'ecds'"),
        ({"by": " "}, "does not say who decided"),
        ({"reason": ""}, "does not say why"),
        ({"start": DAY, "end": DAY - timedelta(days=1)}, "before it begins"),
    ],
)
def test_a_decision_that_does_not_say_enough_is_refused(
    register: Register, change: dict[str, str], says: str
) -> None:
    with pytest.raises(GovernanceError) as error:
        register.agree(**({"practice": "Z00001", "purpose": "planning"} | WHY | change))
    assert says in str(error.value)
    assert register.decisions() == []


def test_papers_have_review_dates(register: Register) -> None:
    register.add_document(
        "planning",
        "dpia",
        "DPIA of planning",
        place="Folder 7",
        by="Ann",
        signed=date(2025, 1, 1),
        review=date(2026, 1, 1),
    )
    register.add_document("research", "other", "Protocol", place="Folder 8", by="Ann")
    (dpia,) = register.documents("planning")
    assert dpia.overdue_on(DAY)
    assert not dpia.overdue_on(date(2026, 1, 1))
    assert len(register.documents()) == 2
    with pytest.raises(GovernanceError, match="no kind of document"):
        register.add_document("planning", "letter", "x", place="y", by="z")  # type: ignore[arg-type]


def test_terms_say_which_feeds_a_purpose_may_use(register: Register) -> None:
    assert register.terms("planning").feeds == frozenset(feeds())
    register.set_terms("planning", feeds=["gp", "ECDS"], retention_days=365, by="Ann", reason="DPIA 4")
    assert register.terms("planning").feeds == {"gp", "ecds"}
    assert register.terms("planning").retention_days == 365
    with pytest.raises(GovernanceError, match="needs the GP record"):
        register.set_terms("planning", feeds=["ecds"], retention_days=365, by="Ann", reason="x")
    with pytest.raises(GovernanceError, match="not a time to keep"):
        register.set_terms("planning", feeds=["all"], retention_days=0, by="Ann", reason="x")


# -- brought together with the practices in the data


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Ten people with each of three practices; person 0 moved from the first to the second in 2020."""
    rows = [
        f"| {n} | Z0000{1 + n // 10} | 2000-01-01 | {'2020-01-01' if n == 0 else ''} |" for n in range(30)
    ]
    return build(
        tmp_path_factory.mktemp("three"),
        registration="\n".join(
            ["| pid | practice | start_date | end_date |", *rows, "| 0 | Z00002 | 2020-01-01 | |"]
        ),
        person="\n".join(["| pid |", *(f"| {n} |" for n in range(30))]),
    )


@pytest.fixture
def deployment(tmp_path: Path) -> Callable[..., Settings]:
    def make(**more: object) -> Settings:
        return Settings(home=tmp_path, today=DAY, **more)  # type: ignore[arg-type]

    return make


def test_a_real_system_is_silent_until_a_practice_has_agreed(
    snapshot: Snapshot, deployment: Callable[..., Settings]
) -> None:
    settings = deployment()
    with pytest.raises(GovernanceError, match="No practice shares its record for planning") as error:
        sharing_of(settings, snapshot, "planning").require()
    assert "goldenthread agreements adopt" in error.value.remedy
    Register.open(settings.home).agree("Z00002", "planning", **WHY)
    found = sharing_of(settings, snapshot, "planning")
    assert found.out == {"Z00001", "Z00003"}
    assert found.reasons["Z00001"] == "has not agreed"


def test_where_decisions_are_only_recorded_a_practice_shares_until_it_says_no(
    snapshot: Snapshot, deployment: Callable[..., Settings]
) -> None:
    for settings in (deployment(agreements="recorded"), deployment(synthetic=True)):
        assert sharing_of(settings, snapshot, "planning").out == frozenset()
    settings = deployment(agreements="recorded")
    Register.open(settings.home).withdraw("Z00002", "planning", **WHY)
    found = sharing_of(settings, snapshot, "planning")
    assert found.out == {"Z00002"}
    assert found.reasons["Z00002"] == "withdrawn"
    assert deployment(synthetic=True, agreements="required").agreements_required


def test_a_decision_holds_at_once_however_often_one_looks(
    snapshot: Snapshot, deployment: Callable[..., Settings]
) -> None:
    settings = deployment(agreements="recorded")
    register = Register.open(settings.home)
    for _ in range(5):
        register.withdraw("Z00001", "planning", **WHY)
        assert sharing_of(settings, snapshot, "planning").out == {"Z00001"}
        before = sharing_state(settings, "planning")
        register.agree("Z00001", "planning", **WHY)
        assert sharing_of(settings, snapshot, "planning").out == frozenset()
        assert sharing_state(settings, "planning") != before


def test_a_feed_withheld_takes_the_practice_out_of_questions_that_use_it(
    snapshot: Snapshot, deployment: Callable[..., Settings]
) -> None:
    settings = deployment(agreements="recorded")
    register = Register.open(settings.home)
    register.withdraw("Z00003", "planning", feed="mhsds", **WHY)
    found = sharing_of(settings, snapshot, "planning")
    assert found.out == frozenset()
    assert found.leaving(["gp_event", "mental_health_contact"]) == {"Z00003"}
    assert found.leaving(["gp_event", "practice"]) == frozenset()
    register.withdraw("Z00003", "planning", feed="gp", **WHY)
    assert sharing_of(settings, snapshot, "planning").out == {"Z00003"}
    register.set_terms("planning", feeds=["gp"], retention_days=9, by="Ann", reason="DPIA 4")
    with pytest.raises(GovernanceError, match="may not use this: Hospital admissions"):
        sharing_of(settings, snapshot, "planning").leaving(["admission"])


def test_a_record_belongs_to_the_practice_of_the_last_registration(snapshot: Snapshot) -> None:
    """Person 0 left Z00001 for Z00002 in 2020: today's record is that of Z00002; asked about 2019, both must share."""
    assert 0 in eligible("planning", snapshot, without_practices=["Z00001"]).to_pylist()
    assert 0 not in eligible("planning", snapshot, without_practices=["Z00002"]).to_pylist()
    assert (
        0 not in eligible("planning", snapshot, without_practices=["Z00001"], on=date(2019, 1, 1)).to_pylist()
    )
    assert 0 in eligible("planning", snapshot, without_practices=["Z00001"], on=date(2021, 1, 1)).to_pylist()


def test_the_setting_must_be_one_of_two_words(tmp_path: Path) -> None:
    (tmp_path / "goldenthread.toml").write_text('agreements = "recorded"\n')
    assert not load_settings(tmp_path).agreements_required
    (tmp_path / "goldenthread.toml").write_text("")
    assert load_settings(tmp_path).agreements_required
    (tmp_path / "goldenthread.toml").write_text('agreements = "sometimes"\n')
    with pytest.raises(SettingsError, match="required"):
        load_settings(tmp_path)


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    decided=st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(["*", "gp", "ecds"]), st.integers(-3, 3), st.integers(-3, 3)
        ),
        max_size=6,
    )
)
def test_the_last_decision_about_a_feed_counts(
    decided: list[tuple[bool, str, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Against a plain reading of the rule, decision by decision."""
    register = Register.open(tmp_path_factory.mktemp("decided"))
    expected = {"ecds": False, "gp": False, "apc": False}
    for agrees, feed, begins, lasts in decided:
        start, end = DAY + timedelta(days=begins), DAY + timedelta(days=begins + abs(lasts))
        if agrees:
            register.agree("Z00001", "planning", feed=feed, start=start, end=end, **WHY)
        else:
            register.withdraw("Z00001", "planning", feed=feed, start=start, **WHY)
        for name in expected:
            if feed in ("*", name) and start <= DAY:
                expected[name] = agrees and end >= DAY
    found = shared(register)
    assert {n: n in found for n in expected} == expected


def test_sharing_says_nothing_where_no_practice_is_in_the_data() -> None:
    def refused(*practices: str) -> bool:
        """Whether somebody is told that nobody shares, where all of these practices are out."""
        out = frozenset(practices)
        sharing = Sharing("planning", "Planning", DAY, practices, out, {}, frozenset(feeds()), {}, "x")
        try:
            sharing.require()
        except GovernanceError as error:
            return "No practice shares" in str(error)
        return False

    assert refused("Z00001")
    assert not refused()
