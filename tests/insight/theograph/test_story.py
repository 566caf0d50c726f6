"""One person's contacts, told: falls pieced together, what the reader may not see left out, nobody else shown."""

from __future__ import annotations

from datetime import date

import pytest

from goldenthread.cohorts import CohortError, Population, Scope
from goldenthread.definitions import Catalogue
from goldenthread.insight.theograph import LANES, Event, story_of
from goldenthread.insight.theograph.reading import findings
from tests.insight.village import FALL, catalogue_in
from tests.measures.tiny import build


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue_in(tmp_path_factory.mktemp("told") / "definitions")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, own: Catalogue) -> Population:
    """Person 1 fell twice; 2 lives elsewhere; 3 opted out; 0 has nothing."""
    snapshot = build(
        tmp_path_factory.mktemp("told_lake"),
        person="| pid |\n| 0 |\n| 1 |\n| 2 |\n| 3 |",
        registration="| pid | practice |\n| 0 | Z00001 |\n| 1 | Z00001 |\n| 2 | Z00002 |\n| 3 | Z00001 |",
        opt_out="| pid | date | status |\n| 3 | 2020-01-01 | dissent |",
        appointment="| pid | date | status |\n| 1 | 2026-01-05 | attended |\n| 1 | 2026-01-20 | dna |\n| 1 | 2026-06-01 | attended |",
        gp_event=f"| pid | date | code |\n| 1 | 2026-07-02 | {FALL} |",
        urgent_call="""
        | pid | date | provider | service | reason | disposition | conveyed |
        | 1 | 2026-02-03 | RX9 | 999 | fall | ambulance sent | true |
        | 1 | 2026-07-01 | RX9 | 999 | fall | ambulance sent | true |
        | 1 | 2026-08-01 | RX9 | 111 | mental health | other service | false |
        """,
        emergency_attendance=f"| pid | date | injury_mechanism |\n| 1 | 2026-02-03 | {FALL} |\n| 1 | 2026-07-01 | {FALL} |",
        admission="""
        | pid | date | discharge_date | bed_days | primary_diagnosis | emergency | method |
        | 1 | 2026-07-01 | 2026-07-11 | 10 | S720 | true | 21 |
        | 1 | 2026-10-25 |  |  | F329 | true | 21 |
        """,
        outpatient="""
        | pid | date | provider | attended | first_attendance | treatment_function |
        | 1 | 2026-03-01 | RZ1 | 5 | 1 | 110 |
        | 1 | 2026-03-05 | RZ1 | 5 | 1 | 360 |
        | 1 | 2026-03-06 | RZ1 | 3 | 1 | 110 |
        """,
        mental_health_contact="| pid | date | provider | team_type | attended |\n| 1 | 2026-08-20 | RP7 | A06 | 5 |",
        social_care="""
        | pid | start_date | end_date | service_type |
        | 1 | 2026-07-15 | | long term: community |
        """,
        medication="| pid | date | code |\n| 1 | 2026-05-01 | 1 |\n| 1 | 2026-05-01 | 2 |",
    )
    return Population(snapshot, own)


def test_two_falls_the_first_not_told_to_the_gp(people: Population) -> None:
    story = story_of(people, 1)
    assert story.findings[0] == "Two falls brought by ambulance; the first is not in the GP record."
    assert story.findings[1] == "Two emergency stays, 10 nights."
    assert "Social care began 4 days after leaving hospital." in story.findings
    notes = [n for n in story.released.frame["note"] if n]
    assert notes.count("Fall, not in GP record") == 2  # the call and the attendance of the same fall
    assert story.chart().sentence.startswith("Two falls brought by ambulance")


def test_every_contact_is_on_its_line(people: Population) -> None:
    story = story_of(people, 1)
    counted = {lane: sum(e.service == lane for e in story.events) for lane in story.lanes}
    assert counted == {
        "gp": 3, "ambulance": 2, "ae": 2, "outpatient": 1, "medication": 1, "emergency_admission": 2, "social_care": 1,
        "urgent_call": 1,
    }  # fmt: skip
    assert next(e.detail for e in story.events if e.service == "medication") == "2 medicines issued"


def test_restricted_lanes_and_reasons_are_left_out_unless_allowed(people: Population) -> None:
    plain, allowed = story_of(people, 1), story_of(people, 1, restricted=True)
    assert plain.withheld == ("mental_health", "sexual_health")
    assert not {"mental_health", "sexual_health"} & set(plain.lanes)
    told = " ".join(map(str, plain.released.frame.to_numpy().ravel())).casefold()
    assert "mental" not in told
    assert "sexual" not in told
    assert {"mental_health", "sexual_health"} <= set(allowed.lanes)
    assert allowed.withheld == ()
    assert "mental health" in " ".join(allowed.released.frame["detail"]).casefold()
    # a person with nothing restricted is told of in the same words
    assert story_of(people, 0).withheld == plain.withheld


@pytest.mark.parametrize("pid", [3, 99, -1])
def test_somebody_who_may_not_be_asked_about_is_refused(people: Population, pid: int) -> None:
    with pytest.raises(CohortError, match="not among those"):
        story_of(people, pid)


def test_a_person_of_another_practice_is_refused(people: Population) -> None:
    mine = people.within(Scope.parse("practice-Z00001"))
    assert story_of(mine, 1)
    with pytest.raises(CohortError, match="not among those"):
        story_of(mine, 2)


def test_lanes_and_months_can_be_chosen(people: Population) -> None:
    few = story_of(people, 1, lanes=("ae",), months=6)
    assert [e.start for e in few.events] == [date(2026, 7, 1)]
    assert "gp" in few.lanes  # what could be chosen
    with pytest.raises(CohortError, match="no service called"):
        story_of(people, 1, lanes=("gossip",))
    with pytest.raises(CohortError, match="months"):
        story_of(people, 1, months=0)


def test_a_person_with_no_contact_has_an_empty_picture(people: Population) -> None:
    story = story_of(people, 0)
    assert story.events == ()
    assert story.chart().sentence


def test_lanes_are_all_known_to_the_chart() -> None:
    from goldenthread.charts.lanes import LANES as DRAWN

    assert set(LANES) <= {lane.service for lane in DRAWN}


FIRST, LAST = date(2024, 10, 31), date(2026, 10, 31)


def fall(day: date, service: str = "ae", *, ambulance: bool = False) -> Event:
    return Event(service, day, fall=True, ambulance=ambulance)


@pytest.mark.parametrize(
    ("events", "told", "said"),
    [
        ([fall(date(2026, 1, 1))], [], "One fall; it is not in the GP record."),
        ([fall(date(2026, 1, 1))], [date(2026, 1, 20)], "One fall; it is in the GP record."),
        ([fall(date(2026, 1, 1)), fall(date(2026, 1, 4), "emergency_admission")], [], "One fall; it is not in the GP record."),
        ([fall(date(2026, 1, 1)), fall(date(2026, 3, 1), ambulance=True)], [], "Two falls, one brought by ambulance; neither is in the GP record."),
        ([fall(date(2026, m, 1)) for m in (1, 3, 5)], [date(2026, 1, 2), date(2026, 3, 2)], "Three falls; the last is not in the GP record."),
        ([fall(date(2026, m, 1)) for m in (1, 3, 5)], [date(2026, 1, 2)], "Three falls; two of them are not in the GP record."),
    ],
)  # fmt: skip
def test_falls_are_said(events: list[Event], told: list[date], said: str) -> None:
    assert findings(events, told, FIRST, LAST)[0] == said


def test_stays_close_together_are_said() -> None:
    stays = [
        Event("emergency_admission", date(2026, 1, 1), date(2026, 1, 3), nights=2),
        Event("emergency_admission", date(2026, 1, 20), date(2026, 1, 21), nights=1),
    ]
    gp = [Event("gp", date(2025, 12, 1)), Event("gp", date(2026, 6, 1))]
    assert findings([*gp, *stays], [], FIRST, LAST) == (
        "Two emergency stays, 3 nights; one began within 30 days of leaving hospital.",
    )


def test_nothing_to_say_is_said_by_nothing() -> None:
    assert findings([], [], FIRST, LAST) == ()
