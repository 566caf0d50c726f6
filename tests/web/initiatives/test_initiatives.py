"""From question to second cycle through the pages: register, plan, agreement, decision, handing on, sharing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from goldenthread.programme import Entry
from goldenthread.web.accounts.models import User
from goldenthread.web.initiatives import actions

ClientFor = Callable[..., Client]
PCN = "pcn-UZ001"


@pytest.fixture(autouse=True)
def _empty_register(home: Path) -> Iterator[None]:
    """A register of the test's own; the demonstration's comes back afterwards."""
    folder, aside = home / "programme", home / "programme.aside"
    if folder.exists():
        folder.rename(aside)
    yield
    shutil.rmtree(folder, ignore_errors=True)
    if aside.exists():
        aside.rename(folder)


def begun(client: Client, **typed: str) -> Entry:
    content = {"template": "falls_prevention", "title": "Fewer falls", "scope": PCN, **typed}
    names = {e.id for e in actions.register()}
    if content["template"] not in _templates():
        content["template"] = next(t for t in _templates() if "falls" in t)
    answer = client.post("/initiatives/new/", content)
    assert answer.status_code == 302, answer.content.decode()
    return next(e for e in actions.register() if e.id not in names)


def _templates() -> list[str]:
    from goldenthread.web.site.data import editions

    return list(editions().current().catalogue.initiatives)


def planned(client: Client, entry: Entry, **more: str) -> Entry:
    """The template's plan, completed with what only people here can say."""
    plan = entry.plan
    form: dict[str, object] = {
        "version": entry.version,
        "evaluate_on": "2027-12-31",
        "uptake": "60",
        "few_accepted": "A trial of the pages",
        **more,
    }
    columns = {
        "o_name": [o.name for o in plan.outcomes], "o_measure": [o.measure for o in plan.outcomes], "o_direction": [o.direction for o in plan.outcomes],
        "o_size": [str(o.size) for o in plan.outcomes], "o_kind": [o.kind for o in plan.outcomes], "o_months": [str(o.months) for o in plan.outcomes],
        "e_by": [e.by for e in plan.equity], "e_group": [e.group for e in plan.equity], "e_at_least": [str(e.at_least) for e in plan.equity],
    }  # fmt: skip
    assert plan.design is not None
    form |= columns | {
        "design": plan.design.kind,
        "comparable": plan.design.comparable,
        "covariates": ", ".join(plan.design.covariates),
    }
    answer = client.post(f"/initiatives/{entry.id}/plan/", form)
    assert answer.status_code == 302, answer.content.decode()
    return actions.register().get(entry.id)


def locked(client: Client, entry: Entry) -> Entry:
    answer = client.post(
        f"/initiatives/{entry.id}/lock/",
        {
            "version": entry.version,
            "name": ["Ann Lee", "Bob Ray"],
            "role": ["Clinical director", "Commissioner"],
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    return actions.register().get(entry.id)


@pytest.fixture
def director(client_for: ClientFor) -> Client:
    return client_for("clinical_director", PCN)


def test_a_template_becomes_an_initiative(director: Client) -> None:
    page = director.get("/initiatives/new/").content.decode()
    assert "High Intensity" in page or "high intensity" in page.lower()
    entry = begun(director)
    assert entry.initiative.logic_model
    shown = director.get(f"/initiatives/{entry.id}/").content.decode()
    assert "What success is" in shown
    assert entry.initiative.title in director.get("/initiatives/").content.decode()


def test_a_cohort_that_cannot_be_read_is_said_on_the_form(director: Client) -> None:
    answer = director.post(
        "/initiatives/new/", {"title": "A", "question": "B", "cohort": "age >=", "scope": PCN}
    )
    assert answer.status_code == 400
    assert "age &gt;=" in answer.content.decode()
    assert list(actions.register()) == []


def test_the_plan_cannot_be_agreed_before_it_is_complete(director: Client) -> None:
    answer = director.post(
        "/initiatives/new/", {"title": "Own idea", "question": "Why?", "cohort": "age >= 80", "scope": PCN}
    )
    assert answer.status_code == 302
    entry = next(iter(actions.register()))
    refused = director.post(
        f"/initiatives/{entry.id}/lock/", {"version": entry.version, "name": ["A"], "role": ["B"]}
    )
    page = refused.content.decode()
    assert refused.status_code == 400
    for words in ("No primary outcome", "No comparator", "Fewer than two people agree"):
        assert words in page


def test_too_few_people_are_said_with_how_many_are_needed(director: Client) -> None:
    entry = planned(director, begun(director), few_accepted="")
    answer = director.post(
        f"/initiatives/{entry.id}/lock/", {"version": entry.version, "name": ["A", "B"], "role": ["C", "D"]}
    )
    assert answer.status_code == 400
    assert "needed" in answer.content.decode()


def test_agreed_then_amended_then_decided_and_round_again(director: Client) -> None:
    entry = locked(director, planned(director, begun(director)))
    assert entry.lock is not None
    changed = director.post(f"/initiatives/{entry.id}/plan/", {"version": entry.version, "design": ""})
    assert changed.status_code == 400
    director.post(
        f"/initiatives/{entry.id}/amend/",
        {"what": "Two more clinics", "reason": "Demand", "name": "Ann Lee", "role": "Clinical director"},
    )
    assert "Two more clinics" in director.get(f"/initiatives/{entry.id}/").content.decode()
    early = director.post(f"/initiatives/{entry.id}/result/")
    assert early.status_code == 400
    assert (
        director.post(
            f"/initiatives/{entry.id}/decide/",
            {"choice": "scale", "reasons": "It feels good", "by": "Ann", "version": entry.version},
        ).status_code
        == 400
    )
    book = actions.register()
    found = {
        "verdicts": [["A&E attendances", "at least 10% fewer", "12% fewer", "met"]],
        "page": {"title": "What happened", "blocks": []},
        "naive": None,
    }
    book.store.append(entry.id, "evaluation", found, who="the agreed day")
    now = book.get(entry.id)
    adapted = director.post(
        f"/initiatives/{entry.id}/decide/",
        {"choice": "adapt", "reasons": "More clinics", "by": "Ann Lee", "version": now.version},
    )
    assert adapted.status_code == 302, adapted.content.decode()
    following = director.post(f"/initiatives/{entry.id}/decide/", {"choice": "next"})
    assert following.status_code == 302, following.content.decode()
    second = next(e for e in actions.register() if e.initiative.previous == entry.id)
    assert second.initiative.cycle == 2
    page = director.get(f"/initiatives/{second.id}/").content.decode()
    assert "Beside the cycle before" in page
    assert "12% fewer" in page


def test_what_was_stopped_stays_in_the_register_and_does_not_go_round(director: Client) -> None:
    entry = begun(director)
    stopped = director.post(
        f"/initiatives/{entry.id}/decide/",
        {"choice": "stop", "reasons": "No rooms", "by": "Ann Lee", "version": entry.version},
    )
    assert stopped.status_code == 302, stopped.content.decode()
    assert "Begin the next cycle" not in director.get(f"/initiatives/{entry.id}/decide/").content.decode()
    assert director.post(f"/initiatives/{entry.id}/decide/", {"choice": "next"}).status_code == 400
    assert "Stopped" in director.get("/initiatives/?stage=stopped").content.decode()


def test_tampering_with_what_was_agreed_is_shown(director: Client, home: Path) -> None:
    entry = locked(director, planned(director, begun(director)))
    sealed = next((home / "programme" / "locks").glob("*.json"))
    sealed.chmod(0o600)
    sealed.write_text(sealed.read_text().replace("Ann Lee", "Bob Lee"))
    assert "What was agreed has been changed" in director.get(f"/initiatives/{entry.id}/").content.decode()


def test_no_list_before_the_agreement(director: Client, home: Path) -> None:
    entry = planned(director, begun(director))
    answer = director.post(f"/initiatives/{entry.id}/people/", {"then": "list"})
    assert answer.status_code == 400
    assert "Success has not been agreed" in answer.content.decode()
    entry = locked(director, entry)
    answer = director.post(f"/initiatives/{entry.id}/people/", {"then": "list"})
    assert answer.status_code == 302
    assert answer["location"].startswith("/lists/request/")
    assert director.get(answer["location"]).status_code == 200


def test_two_people_editing(director: Client) -> None:
    entry = begun(director)
    form = {
        "version": entry.version,
        "title": entry.initiative.title,
        "question": "First?",
        "owner": entry.initiative.owner,
    }
    assert director.post(f"/initiatives/{entry.id}/record/", form).status_code == 302
    answer = director.post(f"/initiatives/{entry.id}/record/", {**form, "question": "Second?"})
    assert answer.status_code == 400
    assert "Second?" in answer.content.decode()
    assert actions.register().get(entry.id).initiative.question == "First?"


def test_handing_on_needs_an_answer(director: Client, client_for: ClientFor) -> None:
    entry = begun(director)
    other = client_for("clinical_director", PCN)
    User.objects.filter(pk=other.session["_auth_user_id"]).update(name="Test successor")
    assert (
        director.post(
            f"/initiatives/{entry.id}/handover/",
            {"act": "offer", "to": "Test successor", "words": "Ring the practice first"},
        ).status_code
        == 302
    )
    assert actions.register().get(entry.id).initiative.owner != "Test successor"
    assert "will you take it over" in other.get("/").content.decode()
    assert other.post(f"/initiatives/{entry.id}/handover/", {"act": "accept"}).status_code == 302
    assert actions.register().get(entry.id).initiative.owner == "Test successor"
    User.objects.filter(name="Test successor").update(is_active=False)
    assert entry.initiative.title in director.get("/initiatives/orphans/").content.decode()
    assert director.post(f"/initiatives/{entry.id}/handover/", {"act": "take"}).status_code == 302
    pdf = director.get(f"/initiatives/{entry.id}/handover/pdf/")
    assert pdf.content.startswith(b"%PDF")


def test_a_recipe_goes_and_comes(director: Client) -> None:
    entry = begun(director)
    recipe = director.get(f"/initiatives/{entry.id}/recipe/").content
    assert (
        "owner" not in json.loads(recipe).get("initiative", {})
        or not json.loads(recipe)["initiative"]["owner"]
    )
    sent = SimpleUploadedFile("recipe.json", recipe)
    page = director.post(
        "/initiatives/import/", {"recipe": sent, "title": "From afar", "scope": PCN}
    ).content.decode()
    assert "is in the register" in page
    broken = director.post(
        "/initiatives/import/",
        {"recipe": SimpleUploadedFile("x.json", b"{nonsense"), "title": "B", "scope": PCN},
    )
    assert broken.status_code == 400


def test_others_may_read_and_not_write(director: Client, client_for: ClientFor) -> None:
    entry = begun(director)
    neighbour = client_for("clinical_director", "pcn-UZ002")
    assert neighbour.get(f"/initiatives/{entry.id}/").status_code == 200
    assert neighbour.get(f"/initiatives/{entry.id}/record/").status_code == 403
    assert (
        neighbour.post(f"/initiatives/{entry.id}/note/", {"kind": "obstacle", "what": "x"}).status_code == 403
    )
    assert (
        client_for("coordinator").post(f"/initiatives/{entry.id}/decide/", {"choice": "stop"}).status_code
        == 403
    )


@pytest.fixture
def already_running(director: Client, home: Path) -> Entry:
    """An initiative that ran before it came into the register: its contacts are in the data under a name of their own."""
    entry = begun(director, title="Somebody to talk to")
    version = {
        "version": entry.version,
        "title": "Somebody to talk to",
        "programme": "Social prescribing for loneliness",
    }
    assert director.post(f"/initiatives/{entry.id}/record/", version).status_code == 302
    return actions.register().get(entry.id)


def test_reach_shows_who_was_reached(director: Client, already_running: Entry) -> None:
    page = director.get(f"/initiatives/{already_running.id}/reach/").content.decode()
    assert "Of the people offered it" in page
    assert "Took part, share" in page


def test_months_are_drawn_as_a_run_chart_without_their_total() -> None:
    import pandas as pd

    from goldenthread.disclosure import release
    from goldenthread.web.initiatives.after_views import _run_chart

    months = [f"2025-{m:02d}" for m in range(1, 10)]
    counts = [40, 45, 50, 40, 45, 40, 50, 45, 200]
    frame = pd.DataFrame({"month": [*months, "All"], "reached": [*counts, sum(counts)]})
    table = release(frame, policy="icb", counts=["reached"], dimensions=["month"], margins={"month": "All"})
    drawn = _run_chart(table)
    assert "September 2025" in drawn or "Sep 2025" in drawn
    assert ">555<" not in drawn
    few = frame.assign(reached=[3, *counts[1:], sum(counts) - 37])
    assert (
        _run_chart(
            release(few, policy="icb", counts=["reached"], dimensions=["month"], margins={"month": "All"})
        )
        == ""
    )


def test_the_register_is_found_by_stage_effect_place_and_reach_and_taken_away(
    director: Client, already_running: Entry
) -> None:
    other = begun(director, title="Another idea")
    director.post(
        f"/initiatives/{other.id}/decide/", {"choice": "stop", "reasons": "No rooms", "by": "Ann Lee", "version": other.version}
    )  # fmt: skip
    both = director.get("/initiatives/").content.decode()
    assert "Initiatives run in" in both
    assert "By stage and by what they showed" in both
    assert "of those reached live in the most deprived fifth" in both or "Too few people were reached" in both
    for query, here, gone in (
        ("stage=stopped", "Another idea", "Somebody to talk to"),
        ("stage=draft", "Somebody to talk to", "Another idea"),
        ("effect=not+evaluated&scope=pcn-UZ001&q=talk", "Somebody to talk to", "Another idea"),
    ):
        for path in ("/initiatives/", "/initiatives/export/"):
            text = director.get(f"{path}?{query}").content.decode()
            assert here in text, (path, query)
            assert gone not in text, (path, query)
    assert "Nothing in the register fits" in director.get("/initiatives/?scope=pcn-UZ002").content.decode()
    assert "Nothing in the register fits" in director.get("/initiatives/?effect=met").content.decode()
    rows = director.get("/initiatives/export/").content.decode().splitlines()
    assert rows[0].endswith("reached_in_most_deprived_fifth")


def test_the_result_has_its_drawing_on_the_page_and_in_files(director: Client) -> None:
    from goldenthread.programme import DRAWN

    entry = locked(director, planned(director, begun(director)))
    rows = [[n, -3.0 * max(n, 0), -8.0 - n, 4.0 - n] for n in range(-3, 5)]
    heads = ["Quarter from first contact", "Difference", "Likely range"]
    twin = [[str(r[0]), f"{r[1]:g}%", "known"] for r in rows]
    found = {
        "verdicts": [["A&E attendances", "at least 10% fewer", "12% fewer", "met"]], "naive": None,
        "quarters": {"outcome": "A&E attendances", "people": "120 people and 300 like them", "rows": rows, "hidden": [], "data_to": "2026-10-31"},
        "page": {
            "title": "What happened",
            "blocks": [
                {"kind": "paragraph", "text": "Evaluated.", "lead": False}, {"kind": "heading", "level": 1, "text": "What happened"},
                {"kind": "paragraph", "text": "It helped.", "lead": True}, {"kind": "heading", "level": 2, "text": "Alike before"},
                {"kind": "table", "caption": DRAWN, "header": heads, "rows": twin, "verdicts": False},
                {"kind": "heading", "level": 2, "text": "What this cannot show"}, {"kind": "bullets", "items": ["Why."]},
                {"kind": "heading", "level": 2, "text": "Technical annex"}, {"kind": "paragraph", "text": "Balance.", "lead": False},
            ],
        },
    }  # fmt: skip
    actions.register().store.append(entry.id, "evaluation", found, who="the agreed day")
    page = director.get(f"/initiatives/{entry.id}/result/").content.decode()
    assert page.count("gt-chart__svg") == 1
    assert "It helped." in page
    assert page.count(DRAWN) == 0  # the drawing brings its own table
    assert page.index("What this cannot show") < page.index("Technical annex")
    for kind, start in (("pdf", b"%PDF"), ("docx", b"PK"), ("html", b"<!DOCTYPE")):
        assert director.get(f"/initiatives/{entry.id}/result/{kind}/").content.startswith(start)


def test_a_name_in_the_feed_is_kept_and_held_by_the_agreement(
    director: Client, already_running: Entry
) -> None:
    assert already_running.initiative.contacts_name == "Social prescribing for loneliness"
    entry = locked(director, planned(director, already_running, began_before="It ran before this register."))
    form = {"version": entry.version, "title": "Somebody to talk to", "programme": "Another"}
    director.post(f"/initiatives/{entry.id}/record/", form)
    assert actions.register().get(entry.id).initiative.contacts_name == "Social prescribing for loneliness"


def test_the_pack_tells_who_has_gone_and_what_is_due_is_on_one_page(director: Client) -> None:
    entry = begun(director)
    form = {"version": entry.version, "title": entry.initiative.title, "owner": "Olive Gone", "deputy": ""}
    director.post(f"/initiatives/{entry.id}/record/", form)
    taken = director.post(f"/initiatives/{entry.id}/handover/", {"act": "take"}, follow=True).content.decode()
    assert "It is yours now" in taken
    assert "took it over from Olive Gone" in taken
    assert "What is due in yours" in director.get("/initiatives/?mine=1").content.decode()
    again = director.post(f"/initiatives/{entry.id}/handover/", {"act": "take"})
    assert again.status_code == 400
    assert "answers for it already" in again.content.decode()
