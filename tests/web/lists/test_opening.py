"""What happens to work on a list when practices, services and people come and go: nothing is lost, and nobody is shown who must not be."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from goldenthread.governance import Audit, Register
from goldenthread.vault import KeyService
from goldenthread.web.lists import actions, opening
from goldenthread.web.lists.models import Attempt, Item
from tests.web.lists.conftest import PRACTICE
from tests.web.lists.test_lists import NUMBER, first_person, opened

ClientFor = Callable[..., Client]


def given(keys: KeyService) -> int:
    """How often the key service gave identities."""
    return sum(a["outcome"] == "given" for a in keys.record.answers(10_000))


def test_a_practice_that_withdraws_closes_its_lists_as_they_are(
    approved: str, client_for: ClientFor, home: Path
) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    coordinator.post(path, {"form": "review", "version": item.version, "decision": "accepted"})
    register = Register.open(home)
    register.withdraw("Z00001", "direct_care", by="test", reason="test")
    try:
        for address in (f"/lists/{PRACTICE}/{approved}/", path):
            answer = coordinator.get(address)
            assert answer.status_code == 403
            assert "does not share for direct care now" in answer.content.decode()
            assert not NUMBER.search(answer.content.decode())
    finally:
        register.agree("Z00001", "direct_care", by="test", reason="test over")
    assert NUMBER.search(opened(coordinator, approved))
    item.refresh_from_db()
    assert item.status == "accepted"


def test_who_comes_back_is_as_they_were_left(approved: str, client_for: ClientFor, keys: KeyService) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    coordinator.post(path, {"form": "review", "version": item.version, "decision": "accepted"})
    part = actions.releases().part(approved, "Z00001")
    tokens = set(Item.objects.filter(work__release=approved).values_list("token", flat=True))
    opening._items(part, tokens - {item.token})
    item.refresh_from_db()
    assert item.status == "gone"
    opening._items(part, tokens)
    item.refresh_from_db()
    assert (item.status, item.left_as) == ("accepted", "")


def test_identities_are_asked_for_once_even_where_some_are_not_given(
    approved: str, client_for: ClientFor, keys: KeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One patient marked sensitive must not make every page ask again: the service's limit would soon be reached."""
    real = keys.open_vault

    def one_sensitive(people: list[bytes]) -> list[dict[str, object]]:
        rows = real(people)
        return [{**row, "sensitive": n == 0} for n, row in enumerate(rows)]

    monkeypatch.setattr(keys, "open_vault", one_sensitive)
    coordinator = client_for("coordinator")
    before = given(keys)
    for _ in range(4):
        page = opened(coordinator, approved)
    assert "1 whose record is marked sensitive" in page
    assert given(keys) == before + 1
    path, item = first_person(coordinator, approved)
    coordinator.post(path, {"form": "review", "version": item.version, "decision": "accepted"})
    coordinator.post(f"/lists/{PRACTICE}/{approved}/out/emis/", {"status": "accepted"})
    assert given(keys) == before + 2, "but before a file leaves, it is looked at anew"


def test_names_go_soon_after_the_service_is_switched_off(
    approved: str, client_for: ClientFor, keys: KeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = client_for("coordinator")
    assert NUMBER.search(opened(coordinator, approved))
    keys.record.turn("off", "test", "a list went astray")
    monkeypatch.setattr(opening, "LOOKED_SECONDS", 0)  # as if that time had passed
    page = opened(coordinator, approved)
    assert not NUMBER.search(page)
    assert "a list went astray" in page
    keys.record.turn("on", "test", "found")
    assert NUMBER.search(opened(coordinator, approved))


def test_contacts_recorded_without_names_return_when_names_do(
    approved: str, client_for: ClientFor, keys: KeyService, home: Path
) -> None:
    coordinator = client_for("coordinator")
    path, item = first_person(coordinator, approved)
    feed = home / "feeds" / "programme" / "GTZ00001" / "contact.csv"
    before = len(list(csv.DictReader(feed.open()))) if feed.exists() else 0
    keys.record.turn("off", "test", "maintenance")
    opening.forget()
    typed = {
        "form": "contact",
        "version": item.version,
        "kind": "phone",
        "result": "reached",
        "on": timezone.localdate().isoformat(),
    }
    assert coordinator.post(path, typed).status_code == 302
    assert not Attempt.objects.get(item=item).returned
    keys.record.turn("on", "test", "done")
    opened(coordinator, approved)
    assert Attempt.objects.get(item=item).returned
    opened(coordinator, approved)
    rows = list(csv.DictReader(feed.open()))
    assert len(rows) == before + 1, "once"
    assert rows[-1]["OUTCOME"] == "reached"


def test_restored_from_a_backup_the_service_is_shown_what_still_holds(
    approved: str, client_for: ClientFor, keys: KeyService
) -> None:
    coordinator = client_for("coordinator")
    opened(coordinator, approved)
    keys.record.void_approvals()
    opening._open.clear()  # after the minutes for which it is kept; that it was shown is still remembered
    assert NUMBER.search(opened(coordinator, approved))


def test_save_and_next_follows_the_work(approved: str, client_for: ClientFor) -> None:
    """A coordinator with people to call goes from one to the next of those she chose to see."""
    coordinator = client_for("coordinator")
    opened(coordinator, approved)
    tokens = list(Item.objects.filter(work__release=approved).values_list("token", flat=True)[:3])
    coordinator.post(f"/lists/{PRACTICE}/{approved}/many/", {"token": tokens, "act": "accept"})
    seen = []
    path = f"/lists/{PRACTICE}/{approved}/person/{tokens[0]}/?status=accepted"
    for _ in range(3):
        token = path.split("/person/")[1].split("/")[0]
        seen.append(token)
        page = coordinator.get(path).content.decode()
        assert page.index('id="contact"') < page.index('id="review"'), "the next thing to do comes first"
        version = Item.objects.get(token=token).version
        typed = {
            "form": "contact",
            "version": version,
            "kind": "phone",
            "result": "no_answer",
            "then": "next",
        }
        path = coordinator.post(path, typed)["location"]
        assert "status=accepted" in path
        if "/person/" not in path:
            break
    assert sorted(seen) == sorted(tokens)


def test_who_looked_is_written_once_a_day_with_the_reason(
    approved: str, client_for: ClientFor, home: Path
) -> None:
    coordinator = client_for("coordinator")
    for _ in range(3):
        opened(coordinator, approved)
    opening.forget()
    opened(coordinator, approved)
    shown = [
        e for e in Audit(home).entries(action="identities.shown", subject=approved) if e.role == "coordinator"
    ]
    assert len(shown) == 1
    assert shown[0].reason == "Review of treatment"
    assert shown[0].detail["people"] == len(shown[0].detail["tokens"])
