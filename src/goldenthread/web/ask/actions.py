"""Everything that questions write: keeping one, changing it, sharing it within its scope, asking it anew, letting it go."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from goldenthread.cohorts import Cohort, CohortVersion, Scope, ScopeTree, freeze, open_version
from goldenthread.errors import GoldenThreadError
from goldenthread.governance import holds_nhs_number
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.working import Working
from goldenthread.web.ask.models import SavedQuestion

LONGEST_NAME = 120


class SavingError(GoldenThreadError):
    """A question that cannot be kept as asked."""


class ChangedMeanwhileError(SavingError):
    """A question that somebody else changed, or took off the list, since it was looked at."""


def save_question(
    working: Working, cohort: Cohort, name: str, *, shared: bool = False, words: str = ""
) -> SavedQuestion:
    """Keep a question: its rule, and who its people are today, so that it can be compared later."""
    title = _checked(name, words, cohort)
    version = freeze(cohort, _folder_name(title), settings.DEPLOYMENT.home / "cohorts")
    with transaction.atomic():
        found = SavedQuestion.objects.create(
            owner=working.user, name=title, expression=cohort.expression, scope=cohort.population.scope.slug,
            shared=shared, version=version.id, note=words.strip()[:2000],
        )  # fmt: skip
        note("question.saved", working, subject=f"question {found.pk}", version=version.id, shared=shared)
    return found


def change_question(
    working: Working, question: SavedQuestion, cohort: Cohort, name: str, words: str, *, seen: int
) -> SavedQuestion:
    """Change a question's name, reason or rule, as somebody saw it at revision ``seen``.

    Raises ``ChangedMeanwhileError`` where somebody else changed it or took it off the list since: nothing is overwritten unseen.
    A new rule is compared with the people of today from now on; earlier versions stay.
    """
    title = _checked(name, words, cohort)
    version = question.version
    if cohort.expression != question.expression:
        version = freeze(cohort, _folder_name(title), settings.DEPLOYMENT.home / "cohorts").id
    with transaction.atomic():
        changed = SavedQuestion.objects.filter(pk=question.pk, revision=seen).update(
            name=title, note=words.strip()[:2000], expression=cohort.expression, version=version,
            revision=seen + 1, changed=timezone.now(), changed_by=str(working.user),
        )  # fmt: skip
        if not changed:
            raise ChangedMeanwhileError(
                "Somebody else changed this question while you did.",
                "What you wrote is still here. Look at both, then keep yours or theirs.",
            )
        note(
            "question.changed", working, subject=f"question {question.pk}", version=version, revision=seen + 1
        )
    question.refresh_from_db()
    return question


def _checked(name: str, words: str, cohort: Cohort) -> str:
    """The name as it is kept; ``SavingError`` for what cannot be."""
    title = " ".join(name.split())
    if not title:
        raise SavingError("The question has no name.", "Write a name that a colleague would know it by.")
    if len(title) > LONGEST_NAME:
        raise SavingError(
            f"The name is {len(title)} characters long; {LONGEST_NAME} is the most.", "Shorten it."
        )
    if holds_nhs_number(title) or holds_nhs_number(words):
        raise SavingError("The name or the reason holds an NHS number.", "Leave it out: others may see this.")
    if cohort.count().people is None:
        raise SavingError("There are too few people in it to keep a list of.", "Widen the question first.")
    return title


def ask_anew(working: Working, question: SavedQuestion, cohort: Cohort) -> SavedQuestion:
    """Freeze the people of today: from now on it is compared with them."""
    version = freeze(cohort, _folder_name(question.name), settings.DEPLOYMENT.home / "cohorts")
    with transaction.atomic():
        SavedQuestion.objects.filter(pk=question.pk).update(
            version=version.id, revision=models.F("revision") + 1
        )
        note("question.frozen", working, subject=f"question {question.pk}", version=version.id)
    question.refresh_from_db()
    return question


def share_question(working: Working, question: SavedQuestion, *, shared: bool) -> None:
    """Let everybody whose scope holds the question's see it, or nobody but its owner."""
    with transaction.atomic():
        question.shared = shared
        question.save(update_fields=["shared"])
        note("question.shared" if shared else "question.unshared", working, subject=f"question {question.pk}")


def drop_question(working: Working, question: SavedQuestion) -> None:
    """Take a question off the list. The frozen cohort stays: an initiative may rest on it."""
    with transaction.atomic():
        note("question.dropped", working, subject=f"question {question.pk}", version=question.version)
        question.delete()


def questions_seen_by(working: Working, tree: ScopeTree) -> list[SavedQuestion]:
    """Somebody's own questions, and those shared for a population that they look after."""
    found = SavedQuestion.objects.select_related("owner")
    return [
        q
        for q in found
        if working.covers(Scope.parse(q.scope), tree) and (q.shared or q.owner_id == working.user.pk)
    ]


def version_of(question: SavedQuestion) -> CohortVersion:
    """The people as they were frozen; ``CohortError`` where the folder is gone or was tampered with."""
    return open_version(settings.DEPLOYMENT.home / "cohorts" / question.version)


def _folder_name(title: str) -> str:
    """A name that a frozen cohort may have.

    >>> _folder_name("Falls & frailty: 2026"), _folder_name("65+")
    ('falls_frailty_2026', 'question_65')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50]
    return plain if len(plain) > 1 and plain[0].isalpha() else f"question_{plain}".strip("_")
