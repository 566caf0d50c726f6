"""The truth files agree with what was sent."""

from __future__ import annotations

import numpy as np
import pytest
from tests.demo.conftest import Demo

from goldenthread.demo import social
from goldenthread.demo.codes import codes as ld_codes
from goldenthread.demo.conditions import with_condition
from goldenthread.demo.population import plan
from goldenthread.demo.practice import live


def test_everybody_listed_is_in_the_truth_and_the_other_way_round(demo: Demo) -> None:
    assert (
        demo.one(
            "select count(*) from gp_patient where NHS_NUMBER not in (select nhs_number from true_person)"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from true_person t where kind <> 'visitor' and not exists (select 1 from gp_patient p where p.NHS_NUMBER = t.nhs_number and p.practice = t.practice and p.PATIENT_ID = t.patient_id::varchar)"
        )
        == 0
    )
    assert (
        demo.one(
            "select count(*) from gp_patient where NHS_NUMBER in (select nhs_number from true_person where kind = 'visitor')"
        )
        == 0
    )


def test_movers_are_in_both_practices_and_registered_with_one(demo: Demo) -> None:
    twice = "select NHS_NUMBER from gp_patient group by 1 having count(*) = 2"
    assert (
        demo.one(f"select count(*) from ({twice})")
        == demo.one("select count(*) from true_person where former_practice >= 0")
        > 20
    )
    assert (
        demo.one(
            f"select count(*) from gp_patient p join gp_registration r using (practice, PATIENT_ID) where NHS_NUMBER in ({twice}) and PATIENT_ID::int >= 800000 and REGISTRATION_END_DATE is null"
        )
        == 0
    )
    assert demo.one("select count(*) from gp_event where PATIENT_ID::int >= 800000") > 500


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "hba1c in percent",
            "UNIT = '%' and OBSERVATION_VALUE::double < 20 and SNOMED_CODE in ('999791000000106', '1049321000000109')",
        ),
        ("year only", "length(EVENT_DATE) = 4"),
        ("month only", "length(EVENT_DATE) = 7"),
        (
            "invalid code",
            "SNOMED_CODE in ('44054007', '73211008', 'X40J4', '1234', '271649006A', '99999999999999999999')",
        ),
    ],
)
def test_spoilt_events_are_counted(demo: Demo, kind: str, shown: str) -> None:
    truth = demo.one(f"select count(*) from true_event_dirt where kind = '{kind}'")
    sent = demo.one(f"select count(*) from gp_event where {shown}")
    copied = demo.one("select count(*) from true_person where former_practice >= 0")
    assert truth > 0
    assert truth <= sent <= truth + copied * 4  # a mover's diagnoses are copied to the new practice


def test_duplicates_are_identical_rows(demo: Demo) -> None:
    truth = demo.one("select count(*) from true_event_dirt where kind = 'duplicate'")
    extra = demo.one(
        "select sum(n - 1) from (select count(*) n from gp_event group by all having count(*) > 1)"
    )
    assert 0 < truth <= extra


@pytest.mark.parametrize(
    ("feed", "table", "key"),
    [
        ("ecds", "ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER"), ("apc", "apc", "CDS_UNIQUE_IDENTIFIER"), ("op", "op", "ATTENDANCE_IDENTIFIER"),
        ("urgent", "urgent", "CALL_ID"), ("cld", "cld", "LA_Person_Unique_Identifier"), ("council", "circumstance", "PERSON_REFERENCE"),
    ],
)  # fmt: skip
def test_rows_without_a_sound_number_have_their_true_person_recorded(
    demo: Demo, feed: str, table: str, key: str
) -> None:
    number = "NHS_Number" if table == "cld" else "NHS_NUMBER"
    status = (
        ""
        if table in ("cld", "circumstance")
        else "or coalesce(NHS_NUMBER_STATUS_INDICATOR_CODE, '') <> '01'"
    )
    unsound = {k for (k,) in demo.rows(f"select distinct {key} from {table} where {number} is null {status}")}
    recorded = {k for (k,) in demo.rows(f"select row_id from true_link where feed = '{feed}'")}
    assert unsound
    assert unsound <= recorded
    assert (
        demo.one(
            f"select count(*) from true_link where feed = '{feed}' and nhs_number not in (select nhs_number from true_person)"
        )
        == 0
    )


def test_a_row_sent_with_somebody_elses_number_is_owned_up_to(demo: Demo) -> None:
    wrong = demo.rows(
        "select row_id, l.nhs_number, c.NHS_Number from true_link l join cld c on c.LA_Person_Unique_Identifier = row_id where feed = 'cld' and problem = 'other person'"
    )
    assert all(true != sent for _, true, sent in wrong)


def test_later_versions_and_deletions_are_in_the_truth(demo: Demo) -> None:
    for table, key in (
        ("ecds", "EMERGENCY_CARE_ATTENDANCE_IDENTIFIER"),
        ("apc", "CDS_UNIQUE_IDENTIFIER"),
        ("op", "ATTENDANCE_IDENTIFIER"),
    ):
        sent_again = demo.one(
            f"select count(*) from (select {key} from {table} where CDS_UPDATE_TYPE = '9' group by 1 having count(*) > 1)"
        )
        deleted = demo.one(f"select count(*) from {table} where CDS_UPDATE_TYPE = '1'")
        assert (
            sent_again
            == demo.one(f"select count(*) from true_supersede where feed = '{table}' and kind = 'sent again'")
            > 0
        )
        assert deleted == demo.one(
            f"select count(*) from true_supersede where feed = '{table}' and kind = 'deleted'"
        )
        assert (
            demo.one(
                f"select count(*) from {table} a join {table} b using ({key}) where a.CDS_UPDATE_TYPE = '1' and b.CDS_UPDATE_TYPE = '9' and b.CDS_EXTRACT_DATE > a.CDS_EXTRACT_DATE"
            )
            == 0
        )


def test_one_practice_leaves_copd_uncoded_and_the_others_do_not(demo: Demo) -> None:
    shares = dict(
        demo.rows(
            "select practice, avg((has_copd and not coded_copd)::int) filter (has_copd) from true_person where kind = 'registered' group by 1"
        )
    )
    assert shares.pop("Z00004") > 0.15
    assert set(shares.values()) == {0.0}
    coded = demo.one(
        "select count(*) from true_person t join gp_event e on e.practice = t.practice and e.PATIENT_ID = t.patient_id::varchar where t.has_copd and not t.coded_copd and SNOMED_CODE = '13645005'"
    )
    assert coded == 0


def test_falls_reach_the_gp_record_less_than_half_the_time(demo: Demo) -> None:
    total = demo.one("select sum(falls_in_urgent_care) from true_person where kind <> 'visitor'")
    told = demo.one("select sum(falls_told_to_gp) from true_person")
    assert 0.25 * total < told < 0.60 * total


def test_some_people_with_a_learning_disability_are_known_to_social_care_alone(demo: Demo) -> None:
    plans = plan(40_000, 5)
    alone = coded = 0
    for p in plans[:10]:
        life = live(p, plans)
        people, ld = life.people, with_condition(life.people, "ld_register")
        social.packages(people, life.stays, np.random.default_rng(1))
        alone += int(
            (ld & ~with_condition(people, "ld_register", coded=True) & people.ld_in_social_care).sum()
        )
        coded += int(with_condition(people, "ld_register", coded=True).sum())
    assert 0 < alone < 0.25 * coded
    codes = ", ".join(f"'{c}'" for c in ld_codes("ld_register"))
    told = f"""select count(*) from true_person t join gp_event e on e.practice = t.practice and e.PATIENT_ID = t.patient_id::varchar
               where SNOMED_CODE in ({codes}) and not (coded_ld_register or ld_wrongly_coded)"""
    assert demo.one(told) == 0


def test_those_treated_are_those_whose_contact_was_completed(demo: Demo) -> None:
    done = set(
        demo.rows("select INITIATIVE, NHS_NUMBER, CONTACT_DATE from programme where OUTCOME = 'completed'")
    )
    assert done == set(demo.rows("select initiative, nhs_number, entry_date from true_treated"))
    assert demo.one("select count(*) - count(distinct nhs_number) from true_treated") == 0
    assert (
        demo.one(
            "select count(*) from programme p anti join true_initiative i on i.initiative = p.INITIATIVE and list_contains(i.pcns, p.pcn)"
        )
        == 0
    )


def test_initiatives_thin_or_add_to_later_events_as_planted(demo: Demo) -> None:
    assert sorted(demo.rows("select rate_ratio from true_initiative")) == [
        (0.65,),
        (0.75,),
        (0.8,),
        (1.0,),
        (1.0,),
        (1.3,),
    ]
    for name, ratio, without, achieved in demo.rows(
        "select i.initiative, any_value(rate_ratio), sum(attendances_without + admissions_without), sum(attendances_with + admissions_with) from true_initiative i join true_treated using (initiative) group by 1"
    ):
        if ratio == 1.0:
            assert achieved == without, name
        elif without >= 20:
            slack = 4 * (without * max(ratio * abs(1 - ratio), 0.02) * 2.0) ** 0.5
            assert abs(achieved - ratio * without) < slack, name
