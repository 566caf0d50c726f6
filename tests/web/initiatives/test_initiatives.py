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
