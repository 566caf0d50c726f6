"""Everything that lists write. Each act is checked, done once, and in the audit log before it shows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from goldenthread.errors import GoldenThreadError
from goldenthread.governance import GovernanceError, Part, Release, Releases, named_purpose, sharing_of
from goldenthread.vault import KeyServiceError
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.working import Working
from goldenthread.web.initiatives import actions as initiatives
from goldenthread.web.lists import opening
from goldenthread.web.lists.choices import (
    KINDS,
    NEEDS,
    OPEN,
    REASONS,
    RESULTS,
    STATUS_AFTER,
    STATUSES,
)
from goldenthread.web.lists.models import Attempt, Item, WorkList
from goldenthread.web.lists.people import members_by_practice, version_of
from goldenthread.web.lists.returning import send_back
from goldenthread.web.site.data import Edition


class ListError(GoldenThreadError):
    """Something that cannot be recorded as it was typed."""


class ChangedError(ListError):
    """Somebody else saved first."""


releases, audit = opening.releases, opening.audit


# -- release


def request(
    working: Working, edition: Edition, *, cohort: str, practices: Iterable[str], title: str, reason: str, worked_by: str, expires: date, initiative: str = ""
) -> Release:  # fmt: skip
    """Ask for a list: only of practices inside the asker's scope, whose patients the cohort holds and who share for direct care."""
    version = version_of(settings.DEPLOYMENT, cohort)
    if initiative:
        initiatives.require_people_of(working, edition, initiative, str(version.record["name"]))
    there = members_by_practice(edition, version)
    known = {p: scope for p in practices if (scope := edition.tree.scopes.get(f"practice-{p}")) is not None}
    covered = {p for p, scope in known.items() if working.covers(scope, edition.tree)}
    inside = covered & set(there)
    out = sharing_of(settings.DEPLOYMENT, edition.snapshot, "direct_care").out
    if left := sorted(covered & out):  # their people are no longer in the cohort as it may be seen
        names = ", ".join(edition.tree.get(f"practice-{p}").words for p in left)
        raise GovernanceError(
            f"{names} does not share for direct care.", "Take it out of the request, or ask the practice."
        )
    made = releases().request(
        cohort=cohort, definition_hash=str(version.record["definition_hash"]), people=version.size, title=title, reason=reason,
        purpose="direct_care", practices=inside, expires=expires, worked_by=worked_by, by=working.user.username, role=working.role.name,
        initiative=initiative,
    )  # fmt: skip
    if initiative:
        initiatives.list_asked(working, initiative, made.id, sorted(inside))
    return made


def decide(
    working: Working,
    edition: Edition,
    release: str,
    practice: str,
    verb: str,
    reason: str,
    until: date | None = None,
) -> Part:
    """The practice's decision: approve, refuse, revoke, extend or reissue."""
    book, who = releases(), {"by": working.user.username, "role": working.role.name, "reason": reason}
    match verb:
        case "approve":
            if practice in sharing_of(settings.DEPLOYMENT, edition.snapshot, book.get(release).purpose).out:
                raise GovernanceError(
                    "This practice does not share for direct care.", "Switch it on first, or refuse the list."
                )
            part = book.approve(release, practice, **who)
        case "refuse":
            return book.refuse(release, practice, **who)
        case "revoke":
            part = book.revoke(release, practice, **who)
            opening.close(part, by=working.user.username, reason=reason)
            return part
        case "extend":
            if until is None:
                raise ListError("The last day is missing.", "Choose a day.")
            part = book.extend(release, practice, until, **who)
        case "reissue":
            part = book.reissue(release, practice, **who)
            opening.forget(release, practice)
            _new_tokens(book, part)
            return part
        case _:
            raise ListError(f"{verb[:30]!r} is not a decision.", "Choose one of those on the page.")
    if part.open:
        with contextlib.suppress(KeyServiceError):  # it is shown again when the list is opened
            opening.show(edition, part)
    return part


def _new_tokens(book: Releases, part: Part) -> None:
    """Carry the work on a list over to new tokens, person by person."""
    before = Part(part.release, part.practice, part.state, part.until, part.issue - 1, part.events)
    for item in Item.objects.filter(work__release=part.release, work__practice=part.practice):
        with contextlib.suppress(GovernanceError):
            person = book.person_of(before, item.token)
            item.token = book.tokens(part, [person])[person]
            item.save(update_fields=["token"])


# -- work


@transaction.atomic
def review(working: Working, item: Item, version: int, decision: str, reason: str, note: str) -> Item:
    """A clinician's or coordinator's decision on one person."""
    fresh = _fresh(item, version)
    if decision not in ("accepted", *REASONS):
        raise ListError("No decision was chosen.", "Choose one of the four.")
    if decision in REASONS and reason not in REASONS[decision]:
        raise ListError(
            "The decision does not say why.", "Choose a reason: it helps to find the right people next time."
        )
    fresh.status = decision
    fresh.reason = reason if decision in REASONS else ""
    fresh.note = note[:2000]
    fresh.reviewed_by, fresh.reviewed_at = str(working.user), timezone.now()
    return _save(working, fresh, "list.reviewed", {"decision": decision, "reason": fresh.reason})


@transaction.atomic
def attempt(
    working: Working, item: Item, version: int, *, on: date, kind: str, result: str, note: str, booked: date | None, initiative: str, nhs_number: str
) -> Attempt:  # fmt: skip
    """Record one attempt to reach a person, and where it leaves them."""
    fresh = _fresh(item, version)
    if kind not in KINDS or result not in RESULTS:
        raise ListError("How, or what came of it, was not chosen.", "Choose both.")
    if on > timezone.localdate():
        raise ListError("The contact lies in the future.", "Give the day on which it was made.")
    made = Attempt.objects.create(
        item=fresh, on=on, kind=kind, result=result, note=note[:2000], by=str(working.user)
    )
    fresh.status = STATUS_AFTER[result]
    if booked is not None:
        fresh.booked = booked
    _save(working, fresh, "list.contact", {"kind": kind, "result": result})
    made.returned = send_back(fresh.work.practice, initiative, nhs_number, on, result)
    made.save(update_fields=["returned"])
    return made


@transaction.atomic
def arrange(working: Working, item: Item, version: int, typed: Mapping[str, Any]) -> Item:
    """Who does it, by when; what the person needs; the meeting and the next step."""
    fresh = _fresh(item, version)
    fresh.assigned = colleague(fresh.work.practice, typed.get("assigned") or "")
    fresh.due, fresh.mdt, fresh.booked = typed.get("due"), typed.get("mdt"), typed.get("booked")
    fresh.needs = [n for n in typed.get("needs", ()) if n in NEEDS]
    fresh.language, fresh.next_step = (
        str(typed.get("language", ""))[:60],
        str(typed.get("next_step", ""))[:200],
    )
    return _save(working, fresh, "list.arranged", {})


@transaction.atomic
def many(working: Working, work: WorkList, tokens: list[str], act: str, value: str) -> int:
    """One act on several people: give them to somebody, set a day, accept."""
    items = list(work.items.select_for_update().filter(token__in=tokens))
    if not items:
        raise ListError("Nobody was chosen.", "Tick the people first.")
    for item in items:
        match act:
            case "assign":
                item.assigned = colleague(work.practice, value)
            case "due":
                item.due = _day(value)
            case "accept":
                if item.status == "new":
                    item.status, item.reviewed_by, item.reviewed_at = (
                        "accepted",
                        str(working.user),
                        timezone.now(),
                    )
            case _:
                raise ListError(
                    f"{act[:30]!r} cannot be done to several people.", "Choose one of those on the page."
                )
        item.version += 1
        item.save()
    audit().append(
        "list.many", actor=working.user.username, role=working.role.name, scope=work.practice, subject=work.release,
        detail={"act": act, "people": len(items)},
    )  # fmt: skip
    return len(items)


@transaction.atomic
def hand_over(working: Working, work: WorkList, owner: str, deputy: str, note: str) -> WorkList:
    """Say who keeps a list, who stands in, and what they should know."""
    fresh = WorkList.objects.select_for_update().get(pk=work.pk)
    fresh.owner, fresh.deputy = colleague(work.practice, owner), colleague(work.practice, deputy)
    if fresh.owner is not None and fresh.owner == fresh.deputy:
        raise ListError("Owner and deputy are the same person.", "Choose two people.")
    fresh.note = note[:4000]
    fresh.save()
    audit().append(
        "list.handed", actor=working.user.username, role=working.role.name, scope=work.practice, subject=work.release,
        detail={"owner": fresh.owner and fresh.owner.username, "deputy": fresh.deputy and fresh.deputy.username},
    )  # fmt: skip
    return fresh


def names_of(usernames: Iterable[str]) -> dict[str, str]:
    """People's own names by user name."""
    return {u.username: str(u) for u in User.objects.filter(username__in=set(usernames))}


def colleagues(practice: str) -> list[User]:
    """People who may work this practice's lists today."""
    from goldenthread.web.accounts.roles import ROLES

    may = [n for n, r in ROLES.items() if "work_list" in r.permissions]
    today = timezone.localdate()
    from django.db.models import Q

    found = User.objects.filter(
        Q(assignments__ends__isnull=True) | Q(assignments__ends__gte=today), is_active=True, assignments__role__in=may,
        assignments__scope=f"practice-{practice}", assignments__starts__lte=today,
    )  # fmt: skip
    return list(found.distinct().order_by("name"))


def colleague(practice: str, username: str) -> User | None:
    """Somebody who may work the practice's lists; ``None`` for nobody."""
    if not username:
        return None
    found = next((u for u in colleagues(practice) if u.username == username), None)
    if found is None:
        raise ListError(
            "This person does not work on this practice's lists.", "Choose somebody from the list."
        )
    return found


def orphans() -> list[WorkList]:
    """Lists with open work whose owner has gone, or that never had one."""
    found = WorkList.objects.filter(items__status__in=OPEN).distinct()
    return [w for w in found if w.owner is None or w.owner not in colleagues(w.practice)]


def _fresh(item: Item, version: int) -> Item:
    fresh: Item = Item.objects.select_for_update().get(pk=item.pk)
    if fresh.version != version:
        raise ChangedError(
            f"Somebody else saved this person first: they are now “{STATUSES[fresh.status].lower()}”.",
            "Look at what they wrote, below, then save again if yours still holds.",
        )
    return fresh


def _save(working: Working, item: Item, action: str, detail: dict[str, Any]) -> Item:
    item.version += 1
    item.save()
    audit().append(
        action, actor=working.user.username, role=working.role.name, scope=item.work.practice, subject=item.token,
        detail={"release": item.work.release, **detail},
    )  # fmt: skip
    return item


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ListError(f"{text[:30]!r} is not a date.", "Write year, month and day: 2027-03-31.") from None


def purpose_title(release: Release) -> str:
    """The purpose in words."""
    return named_purpose(release.purpose).title
