"""From request to outcome: the practice decides, staff work the list, and nobody else ever sees a name."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Audit
from goldenthread.vault import KeyService
from goldenthread.web.accounts.models import User
from goldenthread.web.lists import actions, opening
from goldenthread.web.lists.models import Attempt, Item
from tests.web.lists.conftest import PCN, PRACTICE

ClientFor = Callable[..., Client]
NUMBER = re.compile(r"\d{3} \d{3} \d{4}")


def opened(client: Client, release: str) -> str:
    answer = client.get(f"/lists/{PRACTICE}/{release}/")
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def first_person(client: Client, release: str) -> tuple[str, Item]:
    opened(client, release)
    item = Item.objects.filter(work__release=release, status="new").first()
    assert item is not None
    return f"/lists/{PRACTICE}/{release}/person/{item.token}/", item


def test_nobody_is_seen_before_the_practice_allows_it(
    requested: str, keys: KeyService, client_for: ClientFor
) -> None:
    coordinator = client_for("coordinator")
    answer = coordinator.get(f"/lists/{PRACTICE}/{requested}/")
    assert answer.status_code == 403
    assert "has not decided" in answer.content.decode()
    assert not NUMBER.search(answer.content.decode())


def test_the_request_stops_to_say_what_it_means(version: str, client_for: ClientFor) -> None:
    director = client_for("clinical_director", PCN)
    typed = {
        "practice": ["Z00001"],
        "title": "A",
        "reason": "B",
        "worked_by": "C",
        "expires": (timezone.localdate() + timedelta(days=3)).isoformat(),
    }
    page = director.post(f"/lists/request/{version}/", typed).content.decode()
    assert "Stop: patients will be identified" in page
    assert director.post(f"/lists/request/{version}/", {**typed, "reason": ""}).status_code == 400


def test_a_request_cannot_reach_outside_its_scope(version: str, client_for: ClientFor) -> None:
    typed = {
        "step": "send",
        "title": "A",
        "reason": "B",
        "worked_by": "C",
        "expires": (timezone.localdate() + timedelta(days=3)).isoformat(),
    }
    from goldenthread.web.site.data import editions

    tree = editions().current().tree
    elsewhere = next(s.code for s in tree if s.kind == "practice" and tree.parents[s.slug] != PCN)
    answer = client_for("clinical_director", PCN).post(
        f"/lists/request/{version}/", {**typed, "practice": [elsewhere]}
    )
    assert answer.status_code == 400
    assert "No practice was chosen" in answer.content.decode()
    # and the people of an initiative elsewhere are not even there
    neighbour = client_for("clinical_director", "pcn-UZ002").post(
        f"/lists/request/{version}/", {**typed, "practice": ["Z00001"]}
    )
    assert neighbour.status_code == 404


def test_who_asked_does_not_decide(version: str, client_for: ClientFor, keys: KeyService) -> None:
    manager = client_for("practice_manager")
    name = User.objects.get(pk=manager.session["_auth_user_id"]).username
    release = actions.releases().request(
        cohort=version, definition_hash="ab", people=40, title="A", reason="B", purpose="direct_care", practices=["Z00001"],
        expires=timezone.localdate() + timedelta(days=3), worked_by="C", by=name, role="practice_manager",
    ).id  # fmt: skip
    answer = manager.post(f"/lists/{PRACTICE}/{release}/decide/", {"verb": "approve"})
    assert answer.status_code == 400
    assert "yourself" in answer.content.decode()


def test_a_list_in_the_name_of_another_initiative(
    version: str, initiative: str, client_for: ClientFor
) -> None:
    import goldenthread

    other = goldenthread.open(actions.settings.DEPLOYMENT.home).freeze("age >= 50", "other_people").id
    typed = {
        "step": "send",
        "practice": ["Z00001"],
        "title": "A",
        "reason": "B",
        "worked_by": "C",
        "expires": "2027-01-01",
        "initiative": initiative,
    }
    answer = client_for("clinical_director", PCN).post(f"/lists/request/{other}/", typed)
    assert answer.status_code == 404


def test_the_list_shows_the_practices_own_patients_and_why(approved: str, client_for: ClientFor) -> None:
    page = opened(client_for("coordinator"), approved)
    assert NUMBER.search(page)
    assert "hypertension" in page.lower() or "high blood pressure" in page.lower()
    assert "Identifiable" in page


def test_a_list_covers_those_who_opted_out_of_planning(approved: str, client_for: ClientFor) -> None:
    """The strip quotes the coverage of what the page is for: a Type 1 opt-out does not leave one's own care."""

    def covers(page: str) -> str:
        found = re.search(r"Covers <strong>([^<]+)</strong>", page)
        assert found is not None
        return found[1]

    coordinator, clinician = client_for("coordinator"), client_for("clinician")
    figures = clinician.get(f"/understand/{PRACTICE}/").content.decode()
    assert covers(opened(coordinator, approved)) == "everybody registered"
    assert covers(figures) != "everybody registered"


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        ("analyst", "system"),
        ("clinical_director", PCN),
        ("ig_lead", "system"),
        ("coordinator", "practice-Z00002"),
    ],
)
def test_nobody_else_opens_it(approved: str, client_for: ClientFor, role: str, scope: str) -> None:
    opened(client_for("coordinator"), approved)
    token = Item.objects.filter(work__release=approved).first().token
    for path in ("", f"person/{token}/", "out/"):
        answer = client_for(role, scope).get(f"/lists/{PRACTICE}/{approved}/{path}")
        assert answer.status_code in (403, 404)
        assert not NUMBER.search(answer.content.decode())


def test_review_contact_and_arrangement(approved: str, client_for: ClientFor, home: Path) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    page = coordinator.get(path).content.decode()
    assert "Why this person is here" in page
    assert (
        coordinator.post(
            path, {"form": "review", "version": item.version, "decision": "excluded"}
        ).status_code
        == 400
    )
    assert (
        coordinator.post(
            path, {"form": "review", "version": item.version, "decision": "accepted"}
        ).status_code
        == 302
    )
    item.refresh_from_db()
    assert item.status == "accepted"
    contact = {
        "form": "contact",
        "version": item.version,
        "kind": "phone",
        "result": "completed",
        "on": timezone.localdate().isoformat(),
    }
    assert coordinator.post(path, contact).status_code == 302
    item.refresh_from_db()
    assert item.status == "completed"
    assert Attempt.objects.get(item=item).returned
    feed = list(csv.DictReader((home / "feeds" / "programme" / "GTZ00001" / "contact.csv").open()))
    assert feed[-1]["INITIATIVE"] == actions.releases().get(approved).initiative
    assert feed[-1]["OUTCOME"] == "completed"
    arranged = {
        "form": "arrange",
        "version": item.version,
        "due": "2027-01-31",
        "needs": ["interpreter"],
        "language": "Polish",
    }
    assert coordinator.post(path, arranged).status_code == 302
    item.refresh_from_db()
    assert item.needs == ["interpreter"]


def test_two_people_editing_lose_nothing(approved: str, client_for: ClientFor) -> None:
    one, two = client_for("coordinator"), client_for("clinician")
    path, item = first_person(one, approved)
    version = item.version
    assert one.post(path, {"form": "review", "version": version, "decision": "accepted"}).status_code == 302
    answer = two.post(
        path,
        {
            "form": "review",
            "version": version,
            "decision": "already",
            "reason_already": "recently_done",
            "note": "seen on Monday",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Somebody else saved this person first" in page
    assert "seen on Monday" in page
    item.refresh_from_db()
    assert item.status == "accepted"


def test_the_list_ends_and_closes_at_once(
    approved: str, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator, manager = client_for("coordinator"), client_for("practice_manager")
    path, _ = first_person(coordinator, approved)
    manager.post(f"/lists/{PRACTICE}/{approved}/decide/", {"verb": "revoke", "reason": "Clinic cancelled"})
    for address in (f"/lists/{PRACTICE}/{approved}/", path):
        answer = coordinator.get(address)
        assert answer.status_code == 403
        assert not NUMBER.search(answer.content.decode())
    again = manager.post(f"/lists/{PRACTICE}/{approved}/decide/", {"verb": "approve", "reason": ""})
    assert "revoked already" in again.content.decode()


def test_the_emergency_stop(approved: str, client_for: ClientFor) -> None:
    coordinator = client_for("coordinator")
    opened(coordinator, approved)
    lead = client_for("ig_lead")
    assert lead.post("/lists/stop/", {"verb": "stop", "reason": "A list went astray"}).status_code == 302
    assert coordinator.get(f"/lists/{PRACTICE}/{approved}/").status_code == 403
    assert lead.post("/lists/stop/", {"verb": "resume", "reason": "Found again"}).status_code == 302
    opened(coordinator, approved)


def test_work_goes_on_without_the_key_service(approved: str, keys: KeyService, client_for: ClientFor) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    keys.record.turn("off", "test", "maintenance")
    opening.forget()
    page = opened(coordinator, approved)
    assert "Names cannot be shown now" in page
    assert not NUMBER.search(page)
    assert (
        coordinator.post(
            path, {"form": "review", "version": item.version, "decision": "accepted"}
        ).status_code
        == 302
    )
    keys.record.turn("on", "test", "done")
    assert NUMBER.search(opened(coordinator, approved))


def test_files_hold_text_numbers_and_no_formula(approved: str, client_for: ClientFor) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    coordinator.post(path, {"form": "review", "version": item.version, "decision": "accepted"})
    answer = coordinator.post(f"/lists/{PRACTICE}/{approved}/out/emis/", {"status": "accepted"})
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0][0] == "NHS Number"
    assert re.fullmatch(r"\d{10}", rows[1][0])
    assert rows[1][5].startswith("pressure_on_lists")
    for kind, magic in (("letters_docx", b"PK"), ("letters_pdf", b"%PDF")):
        letter = coordinator.post(
            f"/lists/{PRACTICE}/{approved}/out/{kind}/", {"status": "accepted", "easy": "1"}
        )
        assert letter.status_code == 200, letter.content[:300]
        assert letter.content.startswith(magic)
    wrong = coordinator.post(
        f"/lists/{PRACTICE}/{approved}/out/letters_pdf/", {"status": "accepted", "letter": "Dear {nickname}"}
    )
    assert wrong.status_code == 403
    assert "nickname" in wrong.content.decode()
    assert (
        coordinator.get(f"/lists/{PRACTICE}/{approved}/out/emis/").status_code == 200
    )  # a bare address makes no file


def test_a_practice_that_withdraws_cannot_be_asked(version: str, client_for: ClientFor, home: Path) -> None:
    from goldenthread.governance import Register

    register = Register.open(home)
    register.withdraw("Z00001", "direct_care", by="test", reason="test")
    try:
        director = client_for("clinical_director", PCN)
        typed = {
            "step": "send", "practice": ["Z00001"], "title": "A", "reason": "B", "worked_by": "C", "expires": (timezone.localdate() + timedelta(days=3)).isoformat(),
        }  # fmt: skip
        answer = director.post(f"/lists/request/{version}/", typed)
        assert answer.status_code == 400
        assert "does not share for direct care" in answer.content.decode()
    finally:
        register.agree("Z00001", "direct_care", by="test", reason="test over")


def test_bulk_acts_and_who_keeps_it(approved: str, client_for: ClientFor) -> None:
    coordinator = client_for("coordinator")
    opened(coordinator, approved)
    name = User.objects.filter(assignments__role="coordinator").latest("pk").username
    tokens = list(Item.objects.filter(work__release=approved).values_list("token", flat=True)[:3])
    coordinator.post(
        f"/lists/{PRACTICE}/{approved}/many/", {"token": tokens, "act": "assign", "value_assign": name}
    )
    assert Item.objects.filter(token__in=tokens, assigned__username=name).count() == 3
    coordinator.post(f"/lists/{PRACTICE}/{approved}/keep/", {"owner": name, "note": "Ring after ten"})
    assert actions.orphans() == []
    page = coordinator.post(
        f"/lists/{PRACTICE}/{approved}/many/", {"act": "due"}, follow=True
    ).content.decode()
    assert "Nobody was chosen" in page


def test_everything_is_in_the_log_and_no_name_is(
    approved: str, client_for: ClientFor, home: Path, names: set[str]
) -> None:
    coordinator = client_for("coordinator")
    path, _ = first_person(coordinator, approved)
    coordinator.get(path)
    log = Audit(home)
    assert log.verify().whole
    done = {e.action for e in log.entries()}
    assert {"release.requested", "release.approved", "identities.shown", "patient.opened"} <= done
    folders = [home / f for f in ("governance", "web", "lake", "cohorts", "disclosure")]
    assert not ten_digits(folders) & names


def ten_digits(folders: list[Path]) -> set[str]:
    """Every number of ten digits that begins with a nine in the files of folders.

    Looked for by another process: one that opens and closes a database's file past SQLite loses SQLite's locks on it.
    """
    look = (
        "import re, sys, pathlib\n"
        "for file in (f for a in sys.argv[1:] for f in pathlib.Path(a).rglob('*') if f.is_file()):\n"
        "    for found in set(re.findall(rb'(?<!\\d)9\\d{9}(?!\\d)', file.read_bytes())): print(found.decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", look, *map(str, folders)], capture_output=True, text=True, check=True)  # fmt: skip
    return set(done.stdout.split())
