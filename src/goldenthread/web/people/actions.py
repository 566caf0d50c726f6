"""Everything that theographs write: opening a person's page for a reason, and what is restricted in it. Each is in the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from goldenthread.cohorts import Cohort, Population
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import holds_nhs_number
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.working import Working
from goldenthread.web.people.models import Opening

HOURS = 8
REASONS: Mapping[str, str] = {
    "learning": "To understand what it is like for these people, for a workshop or for teaching",
    "coding": "To check how their care is recorded",
    "planning": "To see what could be done differently for people like them",
}


class OpeningError(GoldenThreadError):
    """A person's page that cannot be opened, or has closed."""


def open_somebody(working: Working, cohort: Cohort, kind: str, reason: str) -> Opening:
    """Open one person of a cohort, chosen by chance: nobody can look for somebody they know.

    Refused where the cohort has too few people to be shown.
    """
    if kind not in REASONS:
        raise OpeningError("No reason is chosen.", "Say why you want to look.")
    if cohort.count().people is None or cohort.size < 1:
        raise OpeningError(
            "There are too few such people here to look at one of them.", "Widen the question."
        )
    pids = cohort.pids
    pid = int(pids[secrets.randbelow(len(pids))])
    return open_person(
        working, cohort.population, pid, kind=kind, reason=reason, expression=cohort.expression
    )


def open_person(
    working: Working, population: Population, pid: int, *, kind: str, reason: str, expression: str = ""
) -> Opening:
    """Open the page of one person of a population for some hours. The reason goes into the audit log before anything is seen."""
    words = " ".join(reason.split())
    if len(words) > 300:
        raise OpeningError("The reason is too long.", "Say it in 300 characters.")
    if holds_nhs_number(words):
        raise OpeningError(
            "The reason holds an NHS number.", "Leave out who it is: the page says nothing about that."
        )
    with transaction.atomic():
        found = Opening.objects.create(
            token=secrets.token_urlsafe(32), user=working.user, snapshot=population.snapshot.id, pid=pid,
            scope=population.scope.slug, kind=kind, reason=words, expression=expression[:4000],
        )  # fmt: skip
        note(
            "person.opened", working, subject=f"token {found.token[:12]}", reason=words or REASONS.get(kind, kind), kind=kind,
        )  # fmt: skip
    return found


def show_restricted(working: Working, opening: Opening, reason: str) -> None:
    """Show mental and sexual health in an open page, for a reason of its own."""
    words = " ".join(reason.split())[:300]
    if not working.may("restricted_lanes"):
        raise OpeningError("Your role does not see mental and sexual health.", "Ask somebody who does.")
    if len(words) < 4:
        raise OpeningError("No reason is given.", "Say why you need to see mental and sexual health.")
    if holds_nhs_number(words):
        raise OpeningError("The reason holds an NHS number.", "Leave out who it is.")
    with transaction.atomic():
        opening.restricted = True
        opening.save(update_fields=["restricted"])
        note("person.restricted_shown", working, subject=f"token {opening.token[:12]}", reason=words)


def opening_of(working: Working, token: str, scope: str, snapshot: str) -> Opening:
    """The opening of a token: of this person at the keyboard, still open, of today's data. ``OpeningError`` otherwise."""
    found = Opening.objects.filter(token=token, user=working.user, scope=scope).first()
    if found is None:
        raise OpeningError("There is no such page.", "Open it from a question.")
    if found.opened < timezone.now() - timedelta(hours=HOURS) or found.snapshot != snapshot:
        raise OpeningError("This page has closed.", "Open it again, and say why.")
    return found
