"""Whoever opens whatever page in whatever order: a name shows only to the practice's own staff, of its own patients, on an open list."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import goldenthread
from goldenthread.governance import Audit, GovernanceError, Releases, signer_of
from goldenthread.vault import KeyClient, KeyService, KeyServiceError, Vault, load_keys
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.lists import identities, opening
from goldenthread.web.lists.models import Item
from tests.sequences import sequences

PRACTICES = ("Z00001", "Z00002")
STAFF = {
    "cara": ("coordinator", "Z00001"), "gwen": ("clinician", "Z00001"), "max": ("practice_manager", "Z00001"),
    "cora": ("coordinator", "Z00002"), "mona": ("practice_manager", "Z00002"),
    "asha": ("analyst", "system"), "clare": ("clinical_director", "pcn-UZ001"), "ines": ("ig_lead", "system"),
    "cal": ("caldicott_guardian", "system"), "adam": ("administrator", "system"), "colm": ("commissioner", "system"),
}  # fmt: skip
"""Who takes part: role, and practice or scope."""
WORLD: dict[str, Any] = {}


class InProcess(KeyClient):
    """The key service without its socket: the same messages, the same answers."""

    def _ask(self, do: str, **content: Any) -> dict[str, Any]:
        answer = json.loads(json.dumps(WORLD["service"].answer(self._signer.request(do, **content))))
        if not answer.get("ok"):
            raise KeyServiceError(answer["message"], answer.get("remedy", ""), answer["code"])
        return dict(answer)


@pytest.fixture(scope="module", autouse=True)
def world(home: Path, tables: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A frozen cohort with people of both practices, everybody's names, and a key service with a record of its own."""
    gt = goldenthread.open(home)
    version = gt.freeze("age >= 88", "anything_goes")
    gt.close()
    folder = tmp_path_factory.mktemp("keys")
    keys = load_keys(home / "vault")
    with Vault.open(home / "vault", keys) as vault:
        vault.copy_to(folder / "vault.sqlite")
        rows = vault.identities(version.members()).to_pylist()
    service = KeyService(folder, keys)
    service.record.trust(signer_of(home).public, "test")
    WORLD.update(
        home=home, version=version, service=service,
        names={p: [t for r in rows if r["practice"] == p for t in _told(r)] for p in PRACTICES},
    )  # fmt: skip
    both = set.intersection(*map(set, WORLD["names"].values()))  # namesakes
    WORLD["names"] = {p: [t for t in told if t not in both] for p, told in WORLD["names"].items()}
    assert all(WORLD["names"].values()), "people of both practices"
    kept = tmp_path_factory.mktemp("governance") / "kept"
    shutil.copytree(home / "governance", kept)
    WORLD["kept"] = kept
    real = identities.client
    identities.client = lambda: InProcess(folder / "none", signer_of(home))  # type: ignore[assignment]
    yield
    identities.client = real
    opening.forget()
    shutil.rmtree(home / "governance")
    shutil.copytree(kept, home / "governance")


def _told(row: dict[str, Any]) -> list[str]:
    number = str(row["nhs_number"])
    return [
        number,
        f"{number[:3]} {number[3:6]} {number[6:]}",
        f"{str(row['family_name']).upper()}, {row['given_name']}",
    ]


class AnythingGoes(RuleBasedStateMachine):
    """The pages beside a plain model: which lists are open until when, which practices share, whether lists are stopped, who works where."""

    @initialize()
    def begin(self) -> None:
        for file in (WORLD["home"] / "governance").glob("*.sqlite*"):
            file.unlink()
        for file in WORLD["kept"].glob("register.sqlite*"):  # what practices have agreed
            shutil.copy2(file, WORLD["home"] / "governance" / file.name)
        (WORLD["home"] / "governance" / "audit.anchors").unlink(missing_ok=True)
        opening.forget()
        WORLD["service"].record.turn("on", "test", "begin")
        self.day = datetime.now(UTC).replace(hour=10)
        self.clock = time_machine.travel(self.day, tick=True)
        self.clock.start()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.users: dict[str, Client] = {}
        self.lists: dict[tuple[str, str], dict[str, Any]] = {}
        self.ids: list[str] = []
        self.stops: set[str] = set()
        self.out: set[str] = set()
        self.on = True
        self.old: list[tuple[str, str, str]] = []
        self.open_one(4)

    def open_one(self, days: int) -> None:
        """A list that both practices have allowed and their staff have opened: from here on it matters what happens."""
        self.ask("asha", days)
        for who, practice, staff in (("max", "Z00001", "cara"), ("mona", "Z00002", "cora")):
            self.decide(who, len(self.ids) - 1, practice, "approve")
            self.look(staff, len(self.ids) - 1, practice, "")
        assert self.stops or self.out or all(k["state"] == "approved" for k in list(self.lists.values())[-2:])

    @rule(days=st.integers(0, 6))
    def another(self, days: int) -> None:
        self.open_one(days)

    def teardown(self) -> None:
        if not hasattr(self, "atomic"):
            return
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.clock.stop()
        assert Audit(WORLD["home"]).verify().whole

    def client(self, who: str) -> Client:
        """Somebody's browser, signed in today."""
        if who not in self.users:
            user = User.objects.filter(username=who).first() or User.objects.create_user(
                who, name=who.title()
            )
            role, where = STAFF[who]
            scope = f"practice-{where}" if where in PRACTICES else where
            Assignment.objects.get_or_create(user=user, role=role, scope=scope)
            self.users[who] = Client()
            self.users[who].force_login(user)
        return self.users[who]

    def today(self) -> date:
        return self.day.date()

    def open(self, key: tuple[str, str]) -> bool:
        """Whether the model says that a practice's list is open."""
        known = self.lists[key]
        return (
            known["state"] == "approved"
            and known["until"] >= self.today()
            and not self.stops & {"*", key[1]}
            and key[1] not in self.out
        )

    def check(self, who: str, answer: Any, key: tuple[str, str]) -> bool:
        """Whether names show; fails where they must not."""
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = content.decode("utf-8", "replace").replace("&#39;", "'")
        role, where = STAFF[who]
        shown = {p for p in PRACTICES if any(t in text for t in WORLD["names"][p])}
        works = role in ("coordinator", "clinician", "practice_manager") and where == key[1]
        may = {key[1]} if works and self.open(key) and self.on else set()
        assert shown <= may, (who, key, self.lists[key], "shown but not allowed")
        assert answer.status_code < 500
        return bool(shown)

    def pick(self, number: int, practice: str) -> tuple[str, str] | None:
        return (self.ids[number % len(self.ids)], practice) if self.ids else None

    @rule(who=st.sampled_from(["asha", "clare", "max"]), days=st.integers(0, 9))
    def ask(self, who: str, days: int) -> None:
        until = self.today() + timedelta(days=days)
        made = Releases(WORLD["home"], self.today()).request(
            cohort=WORLD["version"].id, definition_hash="x", people=WORLD["version"].size, title="A list", reason="Why", purpose="direct_care",
            practices=PRACTICES, expires=until, worked_by="Staff", by=who, role=STAFF[who][0],
        )  # fmt: skip
        self.ids.append(made.id)
        for practice in PRACTICES:
            self.lists[made.id, practice] = {"by": who, "state": "requested", "until": until}

    @rule(
        who=st.sampled_from([*STAFF, "max", "max", "mona", "mona"]), number=st.integers(0, 5), practice=st.sampled_from(PRACTICES),
        verb=st.sampled_from(["approve", "approve", "approve", "refuse", "revoke", "extend", "reissue"]),
    )  # fmt: skip
    def decide(self, who: str, number: int, practice: str, verb: str) -> None:
        if (key := self.pick(number, practice)) is None:
            return
        until = self.today() + timedelta(days=4)
        tokens = list(
            Item.objects.filter(work__release=key[0], work__practice=practice).values_list(
                "token", flat=True
            )[:2]
        )
        typed = {"verb": verb, "reason": "Because", "until": until.isoformat() if verb == "extend" else ""}
        answer = self.client(who).post(f"/lists/practice-{practice}/{key[0]}/decide/", typed)
        self.check(who, answer, key)
        if answer.status_code != 302:
            return
        known = self.lists[key]
        assert STAFF[who] == ("practice_manager", practice), "only who holds the practice's authority decides"
        assert verb not in ("approve", "refuse", "extend") or known["by"] != who, (
            "and never on their own request"
        )
        match verb:
            case "approve":
                assert known["state"] == "requested"
                assert practice not in self.out
                known["state"] = "approved"
            case "refuse" | "revoke":
                known["state"] = f"{verb}d"
            case "extend":
                known["until"] = until
            case "reissue":
                self.old += [(key[0], practice, t) for t in tokens]

    @rule(
        who=st.sampled_from([*STAFF, "cara", "cara", "cora", "cora", "max"]), number=st.integers(0, 5), practice=st.sampled_from(PRACTICES),
        page=st.sampled_from(["", "", "person", "out/", "decide/", "out/emis/", "search", "review"]),
    )  # fmt: skip
    def look(self, who: str, number: int, practice: str, page: str) -> None:
        if (key := self.pick(number, practice)) is None:
            return
        client, base = self.client(who), f"/lists/practice-{practice}/{key[0]}/"
        item = Item.objects.filter(work__release=key[0], work__practice=practice).first()
        token = item.token if item else "a" * 20
        match page:
            case "person":
                answer = client.get(f"{base}person/{token}/")
            case "review":
                typed = {"form": "review", "version": item.version if item else 1, "decision": "accepted"}
                answer = client.post(f"{base}person/{token}/", typed)
            case "search":
                answer = client.post(base, {"search": "a"})
            case "out/emis/":
                answer = client.post(f"{base}{page}", {"status": "open"})
            case _:
                answer = client.get(f"{base}{page}")
        shown = self.check(who, answer, key)
        works = (
            STAFF[who][0] in ("coordinator", "clinician", "practice_manager") and STAFF[who][1] == practice
        )
        if page == "" and works and self.open(key) and self.on:
            assert shown, "and where they may be seen, they are"

    @rule(who=st.sampled_from(list(STAFF)))
    def elsewhere(self, who: str) -> None:
        """Pages that are not of one list never show anybody."""
        for path in ("/", "/lists/", "/lists/requests/", "/governance/audit/"):
            text = self.client(who).get(path).content.decode()
            assert not any(t in text for p in PRACTICES for t in WORLD["names"][p]), path

    @rule()
    def old_tokens_open_nobody(self) -> None:
        for release, practice, token in self.old[:2]:
            who = {"Z00001": "cara", "Z00002": "cora"}[practice]
            answer = self.client(who).get(f"/lists/practice-{practice}/{release}/person/{token}/")
            assert answer.status_code in (403, 404)
            assert not self.check(who, answer, (release, practice))

    @rule(
        who=st.sampled_from(["ines", "cal", "asha", "max"]),
        practice=st.sampled_from(["", "Z00001"]),
        verb=st.sampled_from(["stop", "resume", "resume"]),
    )
    def emergency(self, who: str, practice: str, verb: str) -> None:
        answer = self.client(who).post(
            "/lists/stop/", {"verb": verb, "reason": "Because", "practice": practice}
        )
        if answer.status_code != 302:
            assert STAFF[who][0] not in ("ig_lead", "caldicott_guardian")
            return
        name = practice or "*"
        if verb == "stop":
            self.stops.add(name)
        else:
            self.stops = set() if name == "*" else self.stops - {name}

    @rule(
        who=st.sampled_from(list(STAFF)),
        practice=st.sampled_from(PRACTICES),
        verb=st.sampled_from(["withdrawn", "agreed"]),
    )
    def share(self, who: str, practice: str, verb: str) -> None:
        typed = {"purpose": "direct_care", "verb": verb, "reason": "Because"}
        answer = self.client(who).post(f"/governance/practice/practice-{practice}/decide/", typed)
        if answer.status_code != 302:
            return
        assert STAFF[who] == ("practice_manager", practice)
        self.out = self.out - {practice} if verb == "agreed" else self.out | {practice}

    @rule(on=st.sampled_from([True, True, False]))
    def switch(self, on: bool) -> None:
        WORLD["service"].record.turn("on" if on else "off", "keeper", "Because")
        opening._looked.clear()  # as if the seconds had passed after which a page notices
        self.on = on

    @rule(days=st.integers(1, 4))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.clock.stop()
        self.clock = time_machine.travel(self.day, tick=True)
        self.clock.start()
        self.users.clear()  # a session does not last overnight

    @rule()
    def tokens_of_a_closed_list(self) -> None:
        """Below the pages: no token of a list that is not open."""
        book = Releases(WORLD["home"], self.today())
        for part in book.parts():
            known = self.lists[part.release, part.practice]
            in_time = (
                known["state"] == "approved"
                and known["until"] >= self.today()
                and not self.stops & {"*", part.practice}
            )
            assert part.open == in_time
            if not part.open:
                with pytest.raises(GovernanceError):
                    book.tokens(part, [])


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = sequences(8, 14)
