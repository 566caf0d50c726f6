"""Everything that initiative pages write; the rules are those of the programme room."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

import goldenthread.programme as programme
from goldenthread.cohorts import Scope, freeze
from goldenthread.governance import Audit, GovernanceError
from goldenthread.programme import (
    Entry,
    Evaluated,
    Imported,
    Initiative,
    ListInProgress,
    Orphan,
    Plan,
    ProgrammeError,
    Refused,
    Register,
    Signatory,
    read_form,
)
from goldenthread.web.accounts.models import User
from goldenthread.web.accounts.working import Working
from goldenthread.web.site.data import Edition


def register() -> Register:
    """The register of this deployment."""
    return Register.of(settings.DEPLOYMENT.home)


def may_write(working: Working, edition: Edition, entry: Entry) -> bool:
    """Whether somebody may change an initiative: all of its places lie inside their own."""
    if not working.may("run_initiatives"):
        return False
    return all(working.covers(Scope.parse(s), edition.tree) for s in entry.initiative.scopes)


def require_write(working: Working, edition: Edition, entry: Entry) -> None:
    """Raise ``GovernanceError`` unless somebody may change an initiative."""
    if not may_write(working, edition, entry):
        raise GovernanceError(
            f"{entry.initiative.title} runs outside what you look after, or your role does not run initiatives.",
            "You can read it. Ask its owner to change it.",
        )


def _note(working: Working, action: str, name: str, reason: str = "") -> None:
    Audit(settings.DEPLOYMENT.home).append(
        f"initiative.{action}",
        actor=working.user.username,
        role=working.role.name,
        subject=name,
        reason=reason,
    )


def begin(
    working: Working, edition: Edition, *, template: str, title: str, question: str, cohort: str, scope: str, owner: str, deputy: str
) -> Entry:  # fmt: skip
    """Put a new initiative into the register, from a template or from nothing."""
    where = edition.tree.get(scope or working.assignment.scope)
    if not working.covers(where, edition.tree):
        raise GovernanceError(
            f"{where.words} is outside what you look after.", "Choose a part of your own population."
        )
    book = register()
    name = _free(book, title, timezone.localdate().year)
    if template:
        changes = {k: v for k, v in {"title": title, "question": question, "cohort": cohort}.items() if v}
        record, plan = programme.from_template(
            edition.catalogue,
            template,
            id=name,
            scope=where.slug,
            owner=owner,
            deputy=deputy,
            today=timezone.localdate(),
            changes=changes,
        )
    else:
        record = Initiative(name, title, question, cohort, scope=where.slug, owner=owner, deputy=deputy)
        plan = Plan()
    edition.population("planning", working.recipient).cohort(
        record.cohort
    )  # an expression that cannot be read is said now
    entry = book.create(record, who=str(working.user), plan=plan)
    _note(working, "begun", name)
    return entry


def _free(book: Register, title: str, year: int) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "initiative"
    stem = stem if stem[0].isalpha() else f"i-{stem}"
    names = {e.id for e in book}
    return next(
        n for n in (f"{stem}-{year}", *(f"{stem}-{year}-{k}" for k in range(2, 1000))) if n not in names
    )


def save_record(
    working: Working, edition: Edition, entry: Entry, changes: Mapping[str, Any], version: int
) -> Entry:
    """Change fields of the record."""
    require_write(working, edition, entry)
    if "cohort" in changes:
        edition.population("planning", working.recipient).cohort(str(changes["cohort"]))
    made = register().change(entry.id, dict(changes), who=str(working.user), version=version)
    _note(working, "changed", entry.id)
    return made


def save_plan(
    working: Working, edition: Edition, entry: Entry, form: Mapping[str, Any], version: int
) -> Entry:
    """Keep a plan that is being worked out."""
    require_write(working, edition, entry)
    made = register().save_plan(
        entry.id, read_form(Plan, form, "the plan"), who=str(working.user), version=version
    )
    _note(working, "planned", entry.id)
    return made


def lock(
    working: Working, edition: Edition, entry: Entry, agreed_by: Sequence[tuple[str, str]], version: int
) -> Entry:
    """Lock the plan. It may be done by who runs the initiative or by a role that agrees plans."""
    inside = all(working.covers(Scope.parse(s), edition.tree) for s in entry.initiative.scopes)
    if not (inside and (working.may("lock_plan") or working.may("run_initiatives"))):
        require_write(working, edition, entry)
    people = [Signatory(n.strip(), r.strip()) for n, r in agreed_by if n.strip() or r.strip()]
    made = programme.lock(
        register(),
        entry.id,
        agreed_by=people,
        who=str(working.user),
        version=version,
        # the purpose that it will be evaluated for: what practices share is compared between then and now
        population=edition.population("evaluation", working.recipient),
    )
    _note(working, "locked", entry.id)
    return made


def amend(
    working: Working,
    edition: Edition,
    entry: Entry,
    what: str,
    reason: str,
    agreed_by: Sequence[tuple[str, str]],
) -> Entry:
    """Record a change after the lock."""
    require_write(working, edition, entry)
    people = [Signatory(n.strip(), r.strip()) for n, r in agreed_by if n.strip()]
    made = programme.amend(
        register(), entry.id, what=what, reason=reason, agreed_by=people, who=str(working.user)
    )
    _note(working, "amended", entry.id, reason)
    return made


def note(
    working: Working, edition: Edition, entry: Entry, kind: str, what: str, more: Mapping[str, str]
) -> None:
    """Note a small change, a cost, an obstacle, or what people said."""
    require_write(working, edition, entry)
    body: dict[str, Any] = {"what": what, **{k: v for k, v in more.items() if v and k != "amount"}}
    if kind == "cost":
        try:
            body["amount"] = finite(float(more.get("amount", "").replace(",", "").replace("£", "")))
        except ValueError:
            raise ProgrammeError("The cost has no amount.", "Give it in pounds, such as 1200.") from None
    register().note(entry.id, kind, body, who=str(working.user))


def freeze_people(working: Working, edition: Edition, entry: Entry) -> str:
    """Freeze the people an initiative is for, in its places, as they are now; the name of the version."""
    require_write(working, edition, entry)
    one = entry.initiative
    population = edition.population("planning", working.recipient)
    scopes = [Scope.parse(s) for s in one.scopes]
    if len(scopes) == 1:
        cohort = population.within(scopes[0]).cohort(one.cohort)
    else:
        kinds = {s.kind for s in scopes}
        if len(kinds) > 1:
            raise ProgrammeError(
                "The places of this initiative are of different kinds.", "Freeze them one by one."
            )
        base = population.cohort(one.cohort).expression
        listed = ", ".join(f'"{s.code}"' for s in scopes)
        cohort = population.cohort(f"({base}) and {kinds.pop()} in ({listed})")
    version = freeze(cohort, stem_of(one.id), settings.DEPLOYMENT.home / "cohorts")
    if entry.lock is None:
        register().change(
            one.id, {"cohort_version": version.id}, who=str(working.user), version=entry.version
        )
    else:
        register().note(
            one.id,
            "decision note",
            {"what": f"People frozen as {version.id} for a list."},
            who=str(working.user),
        )
    _note(working, "frozen", one.id, version.id)
    return version.id


def stem_of(name: str) -> str:
    """What the frozen people of an initiative are called."""
    return re.sub(r"[^a-z0-9_]+", "_", name.replace("-", "_"))[:60]


def require_people_of(working: Working, edition: Edition, name: str, cohort: str) -> None:
    """Raise unless a list of these frozen people may be asked for in an initiative's name: by who runs it, of its own people, after the agreement."""
    entry = register().get(name)
    require_write(working, edition, entry)
    require_locked(name)
    if cohort not in (stem_of(name), entry.initiative.cohort_version.rpartition("-")[0]):
        raise GovernanceError(
            f"These are not the people that {entry.initiative.title} was agreed for.",
            "Ask for the list from the initiative's own page.",
        )


def list_asked(working: Working, name: str, release: str, practices: Sequence[str]) -> None:
    """A list was asked for: from here on the plan cannot be locked any more, only amended."""
    register().released(name, release, practices=list(practices), who=str(working.user))


def contacts_name(name: str) -> str:
    """What an initiative is called in the feed of contacts; empty where there is none such."""
    try:
        return register().get(name).initiative.contacts_name
    except ProgrammeError:
        return ""


def require_locked(name: str) -> None:
    """Raise ``Refused`` where success has not been agreed: no list may be asked for yet."""
    if register().get(name).lock is None:
        raise Refused("Success has not been agreed yet, so no list may be asked for.", "Lock the plan first.")


def evaluate(working: Working, edition: Edition, entry: Entry) -> Evaluated:
    """Evaluate by the locked plan on the snapshot in force."""
    require_write(working, edition, entry)
    done = programme.evaluate(
        register(), entry.id, edition.population("evaluation", working.recipient), who=str(working.user)
    )
    _note(working, "evaluated", entry.id)
    return done


def decide(
    working: Working, edition: Edition, entry: Entry, choice: str, reasons: str, by: str, version: int
) -> Entry:
    """Stop, adapt or scale."""
    require_write(working, edition, entry)
    names = [n.strip() for n in by.split(",") if n.strip()]
    chosen: Any = choice  # the programme room says what may be chosen
    made = programme.decide(
        register(), entry.id, chosen, reasons=reasons, by=names, who=str(working.user), version=version
    )
    _note(working, "decided", entry.id, choice)
    return made


def next_cycle(working: Working, edition: Edition, entry: Entry) -> Entry:
    """Begin the next cycle."""
    require_write(working, edition, entry)
    made = programme.next_cycle(register(), entry.id, who=str(working.user))
    _note(working, "begun", made.id)
    return made


def hand_over(working: Working, edition: Edition, entry: Entry, act: str, to: str, words: str) -> None:
    """Offer an initiative to somebody, or answer such an offer."""
    who = str(working.user)
    match act:
        case "offer":
            require_write(working, edition, entry)
            if User.objects.filter(is_active=True, name__iexact=to).count() > 1:
                raise ProgrammeError(
                    "Two people here have this name.", "Ask an administrator to tell them apart."
                )
            if to not in names_here():
                raise ProgrammeError(f"{to[:60]!r} has no account here.", "Choose somebody from the list.")
            programme.offer(register(), entry.id, to=to, who=who, note=words)
        case "accept":
            programme.accept(register(), entry.id, who=who)
        case "decline":
            programme.decline(register(), entry.id, who=who, reason=words)
        case "take":
            require_write(working, edition, entry)
            programme.take(register(), entry.id, who=who, people=names_here())
        case _:
            raise ProgrammeError(f"{act[:30]!r} cannot be done here.", "Choose one of those on the page.")
    _note(working, f"handover_{act}", entry.id)


def bring_in(working: Working, edition: Edition, content: bytes, name: str, scope: str) -> Imported:
    """Begin an initiative from another system's recipe."""
    where = edition.tree.get(scope or working.assignment.scope)
    if not working.covers(where, edition.tree):
        raise GovernanceError(
            f"{where.words} is outside what you look after.", "Choose a part of your own population."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.json"
        path.write_bytes(content)
        book = register()
        try:
            made = programme.import_recipe(
                book, path, edition.population("planning", working.recipient), id=_free(book, name, timezone.localdate().year), scope=where.slug,
                who=str(working.user),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise ProgrammeError(
                "The file is not a recipe that can be read.", "Ask for the file again."
            ) from None
    _note(working, "imported", made.entry.id)
    return made


def finite(value: float) -> float:
    """The number; ``ValueError`` where it is without end or none at all."""
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def names_here() -> list[str]:
    """Names of people with an account and a role today."""
    today = timezone.localdate()
    held = Q(assignments__ends__isnull=True) | Q(assignments__ends__gte=today)
    found = (
        User.objects.filter(held, is_active=True, assignments__starts__lte=today).distinct().order_by("name")
    )
    return [str(u) for u in found]


def to_call(entry: Entry) -> dict[str, str]:
    """How people named in an initiative are reached, and who of them has gone."""
    here = set(names_here())
    unknown = dict.fromkeys((entry.initiative.owner, entry.initiative.deputy), "no account here")
    return unknown | {
        str(u): (u.email or "has an account here") if str(u) in here else "no longer here"
        for u in User.objects.all()
    }


def lists_of(edition: Edition, name: str) -> list[ListInProgress]:
    """How an initiative's lists stand, practice by practice, and who keeps each. Nobody on them is told of."""
    from goldenthread.web.lists import actions as lists
    from goldenthread.web.lists.models import WorkList
    from goldenthread.web.lists.request_views import STATES

    book, out = lists.releases(), []
    for release in book.all():
        if release.initiative != name:
            continue
        for part in book.parts(release.id):
            kept = (
                WorkList.objects.filter(release=part.release, practice=part.practice)
                .select_related("owner")
                .first()
            )
            scope = edition.tree.scopes.get(f"practice-{part.practice}")
            out.append(
                ListInProgress(
                    release.title, scope.words if scope else part.practice, STATES[part.state][0], part.until,
                    str(kept.owner) if kept and kept.owner else "",
                )
            )  # fmt: skip
    return out


def left_behind() -> list[Orphan]:
    """Initiatives that nobody who is still here answers for."""
    return programme.orphans(register(), names_here())


def day(text: str, what: str) -> date | None:
    """A date typed into a form."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ProgrammeError(
            f"{what}: {text[:30]!r} is not a date.", "Write year, month and day: 2027-03-31."
        ) from None
