"""Deciding, going round, handing on, sharing, and the files that leave."""

from __future__ import annotations

import io
import json
from datetime import date

import docx
import pytest

from goldenthread.definitions import load_catalogue
from goldenthread.evaluation import Bullets, Heading, Page, Paragraph, Table, to_text
from goldenthread.programme import (
    Initiative,
    ListInProgress,
    ProgrammeError,
    Refused,
    Register,
    accept,
    beside,
    contacts_of,
    decide,
    document,
    elsewhere,
    export_recipe,
    freeze_cohort,
    handover,
    import_recipe,
    next_cycle,
    offer,
    orphans,
    owned_by,
    portfolio,
    reach_by,
    reach_by_month,
    said_of,
    take,
)
from tests.programme.conftest import WALKS


def test_scaling_needs_a_result_and_stopping_does_not(register, locked):
    with pytest.raises(Refused, match="has not been evaluated"):
        decide(
            register,
            WALKS.id,
            "scale",
            reasons="It feels right.",
            by=["Ann"],
            who="Ann",
            version=locked.version,
        )
    done = decide(
        register, WALKS.id, "stop", reasons="The hall closed.", by=["Ann"], who="Ann", version=locked.version
    )
    assert done.stage == "stopped"
    assert register.find(stages=["stopped"])[0].id == WALKS.id


def test_a_decision_has_reasons_and_names(register, locked):
    for reasons, by in (("", ["Ann"]), ("Because.", [" "])):
        with pytest.raises(ProgrammeError):
            decide(register, WALKS.id, "stop", reasons=reasons, by=by, who="Ann", version=locked.version)


def test_the_next_cycle_begins_from_this_one_with_the_old_criteria_beside(evaluated, tmp_path, people):
    old, _ = evaluated(0.5)
    register = Register(tmp_path / "copy", now=old.store.now)
    for event in old.get(WALKS.id).events:
        register.store.append(event.initiative, event.kind, event.body, who=event.who)
    entry = register.get(WALKS.id)
    decide(
        register, WALKS.id, "adapt", reasons="Shorter walks.", by=["Ann"], who="Ann", version=entry.version
    )
    new = next_cycle(register, WALKS.id, who="Ann")
    assert (new.id, new.initiative.cycle, new.stage) == ("walks-2025-c2", 2, "draft")
    assert "adapt. Shorter walks." in new.initiative.learning
    first = beside(register, new.id)[0]
    assert first[0] == "A&E attendances"
    assert first[1] == first[3] == "at least 25% fewer"
    assert "(met)" in first[2]
    rows = {r.id: r for r in portfolio(register.find())}
    assert rows[WALKS.id].judged == "met"
    assert rows[WALKS.id].before_after.endswith("fewer")
    shown = elsewhere(people(0.5), new).display()
    assert set(shown["pcn_name"]) >= {"East", "West"}


def test_the_handover_pack_says_what_a_successor_needs(evaluated):
    register, done = evaluated(0.5)
    text = " ".join(to_text(handover(register, WALKS.id, today=date(2026, 12, 1))).split())
    for words in (
        "Decide: stop, adapt or scale.",
        "Owner Name: Ann Lee",
        "age >= 60",
        done.entry.lock.hash,
        "What was found",
        "How to run it again",
        "Locked the plan.",
    ):
        assert words in text, words


def test_ownership_passes_only_when_the_other_accepts(register):
    register.create(WALKS, who="Ann Lee")
    offer(register, WALKS.id, to="Cat Moss", who="Ann Lee")
    assert register.get(WALKS.id).initiative.owner == "Ann Lee"
    with pytest.raises(Refused, match="Cat Moss was asked"):
        accept(register, WALKS.id, who="Eve")
    assert [e.id for e in owned_by(register, "cat moss")] == [WALKS.id]
    assert accept(register, WALKS.id, who="Cat Moss").initiative.owner == "Cat Moss"


def test_what_nobody_answers_for_is_found(register):
    register.create(WALKS, who="Ann Lee")
    register.create(Initiative("lunch-2025", "Lunch", "?", "age >= 80"), who="Bob")
    lost = orphans(register, people=["Bob Day"])
    assert [(o.id, o.could) for o in lost] == [("walks-2025", "Bob Day"), ("lunch-2025", "")]
    assert "Ann Lee, is no longer here" in lost[0].why
    assert [o.id for o in orphans(register)] == ["lunch-2025"]


def test_reach_is_released_and_adds_up(people, register):
    contacts = contacts_of(people(0.5), WALKS)
    whole = reach_by(people(0.5), contacts)
    assert whole.frame["offered"].iloc[0] == 300
    assert whole.frame["completed"].iloc[0] == 240
    by = reach_by(people(0.5), contacts, "imd_quintile").display()
    assert by["imd_quintile"].tolist()[-1] == "All"
    months = reach_by_month(people(0.5), contacts).frame
    assert months["month"].iloc[-1] == "All"
    with pytest.raises(ProgrammeError, match="not known by 'shoe_size'"):
        reach_by(people(0.5), contacts, "shoe_size")


def test_the_people_can_be_frozen_before_the_lock(register, people, tmp_path):
    entry = register.create(WALKS, who="Ann Lee")
    made = freeze_cohort(register, WALKS.id, people(0.5), tmp_path, who="Ann Lee", version=entry.version)
    assert made.initiative.cohort_version == "walks_2025-1"
    assert (tmp_path / "cohorts" / "walks_2025-1").is_dir()


# -- sharing -------------------------------------------------------------------------------------------


@pytest.fixture
def recipe(register, locked, people, tmp_path):
    path = tmp_path / "walks.json"
    path.write_text(export_recipe(register, WALKS.id, people()))
    return path


def test_a_recipe_holds_nobody_and_is_recounted_and_repowered_elsewhere(recipe, tmp_path, people, clock):
    text = recipe.read_text()
    for name in ("Ann Lee", "Bob Day", "Z0000", "0000000000000"):
        assert name not in text
    other = Register(tmp_path / "other", now=lambda: clock.now)
    found = import_recipe(other, recipe, people(1.0), id="walks-here", scope="pcn-UZ001", who="Dee")
    assert found.entry.initiative.owner == "Dee"
    assert found.entry.stage == "draft"
    assert found.counted.people
    assert found.power.expected
    assert found.differs == ()


def test_a_recipe_that_was_changed_is_refused(recipe, register, people):
    recipe.write_text(recipe.read_text().replace('"size": 25.0', '"size": 1.0'))
    with pytest.raises(ProgrammeError, match="changed after it was exported"):
        import_recipe(register, recipe, people(), id="walks-here", who="Dee")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not a recipe"),
        ("[]", "not a recipe of an initiative"),
        ('{"kind": "goldenthread initiative recipe", "format": 9}', "reads 1 to 2"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, register, people, content, words):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ProgrammeError, match=words):
        import_recipe(register, path, people(), id="walks-here", who="Dee")


def test_a_recipe_of_an_older_format_loses_nothing(tmp_path, register, people):
    old = {
        "kind": "goldenthread initiative recipe", "format": 1,
        "initiative": {"title": "Walks", "question": "Do they help?", "cohort": "age >= 60", "logic": "Legs get weak."},
        "plan": {"outcome": {"name": "A&E attendances", "measure": "ed_attendances_12m", "direction": "fewer", "size": 20}},
    }  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    found = import_recipe(register, path, people(), id="walks-old", who="Dee")
    assert found.entry.plan.primary.size == 20
    assert found.entry.initiative.logic_model[0].what == "Legs get weak."


def test_a_fact_that_is_not_known_here_is_named(tmp_path, register, people):
    path = tmp_path / "new.json"
    path.write_text(
        json.dumps(
            {
                "kind": "goldenthread initiative recipe",
                "format": 2,
                "initiative": {"title": "W", "question": "?", "cohort": "wears_boots"},
            }
        )
    )
    with pytest.raises(ProgrammeError, match="uses wears_boots, which this system does not know"):
        import_recipe(register, path, people(), id="walks-new", who="Dee")
    assert register.store.names() == []


# -- files ---------------------------------------------------------------------------------------------

PAGE = Page(
    "Walks #1",
    (
        Heading(1, "What happened"), Paragraph("Fewer *stars* & <b>, #let x = 1, $y$ \\ `code`", lead=True),
        Bullets(("one", "=cmd|'/c calc'!A0")), Table("Figures", ("Outcome", "Result"), (("A&E", "19% fewer"),)),
    ),
)  # fmt: skip


def test_word_holds_what_people_typed_and_nothing_is_run():
    made = docx.Document(io.BytesIO(document(PAGE, "docx")))
    text = "\n".join(p.text for p in made.paragraphs)
    assert "Fewer *stars* & <b>, #let x = 1, $y$ \\ `code`" in text
    assert made.tables[0].rows[1].cells[1].text == "19% fewer"


def test_pdf_is_tagged_and_names_its_language():
    made = document(PAGE, "pdf", synthetic=True, foot="plan abc")
    assert made.startswith(b"%PDF")
    assert b"/StructTreeRoot" in made
    assert b"/Lang" in made


def test_every_file_of_a_demonstration_says_so():
    for kind in ("html", "md", "txt"):
        assert b"synthetic people" in document(PAGE, kind, synthetic=True)


def test_catalogue_hash_is_not_moved_by_templates(tmp_path):
    """A template decides no answer, so changing one must not make anybody work everything out again."""
    (tmp_path / "initiatives").mkdir()
    (tmp_path / "initiatives" / "own.toml").write_text(
        '[own_walks]\nrule = "Walks"\nsource = "ours"\ntitle = "Walks"\nquestion = "?"\ncohort = "age >= 60"\n'
        '[[own_walks.outcomes]]\nname = "a"\nmeasure = "ed_attendances_12m"\ndirection = "fewer"\nsize = 5\nkind = "primary"\n'
    )
    own = load_catalogue(tmp_path)
    assert "own_walks" in own.initiatives
    assert own.hash() == load_catalogue().hash()


def test_what_nobody_answers_for_is_taken_over_and_says_from_whom(register):
    register.create(WALKS, who="Ann Lee")
    with pytest.raises(Refused, match="answers for it already"):
        take(register, WALKS.id, who="Cy Moss", people=["Ann Lee", "Cy Moss"])
    taken = take(register, WALKS.id, who="Bob Day", people=["Bob Day"])
    assert (taken.initiative.owner, taken.initiative.deputy) == ("Bob Day", "")
    assert "Bob Day took it over from Ann Lee." in [said_of(e) for e in taken.events]
    assert orphans(register, ["Bob Day"]) == []


def test_the_pack_says_how_people_are_reached_and_how_lists_stand(register):
    register.create(WALKS, who="Ann Lee")
    page = to_text(
        handover(
            register, WALKS.id, today=date(2026, 11, 30), english="people aged 60 and over", call={"Ann Lee": "no longer here", "Bob Day": "bob@example.org"},
            lists=[ListInProgress("Town walks", "Sea View Surgery", "Open", date(2026, 12, 31), "Cy Moss")],
        )
    )  # fmt: skip
    for words in (
        "no longer here",
        "bob@example.org",
        "Sea View Surgery",
        "31 December 2026",
        "Cy Moss",
        "people aged 60 and over.",
    ):
        assert words in " ".join(page.split()), words
