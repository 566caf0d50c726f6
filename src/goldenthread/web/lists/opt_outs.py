"""National data opt-outs are asked about before anybody is on a list: this process holds pseudonyms, the NHS numbers stay with the key service."""

from __future__ import annotations

from django.conf import settings

from goldenthread.cohorts import CohortError, open_version
from goldenthread.governance import GovernanceError, NotThereError, OptOuts, named_purpose
from goldenthread.vault import KeyServiceError
from goldenthread.web.accounts.working import Working
from goldenthread.web.lists.identities import client

__all__ = ["KeyServiceError", "ask_opt_outs", "opt_out_replies", "opt_outs", "take_opt_outs"]

PATIENCE = 120.0
"""Seconds that the key service may take over a file of many people."""


def opt_outs() -> OptOuts:
    """The answers that are known, and the requests that were made."""
    return OptOuts(settings.DEPLOYMENT.home, settings.DEPLOYMENT.opt_out_days)


def opt_out_replies(working: Working) -> list[str]:
    """Requests to which a reply has come; ``KeyServiceError`` where the key service does not say."""
    return client(5).opt_out_replies(**_who(working))


def ask_opt_outs(working: Working, cohort: str, mailbox: str) -> str:
    """Have a file written that asks about the people of a frozen cohort whose answer is not known; returns its name."""
    cache, home = opt_outs(), settings.DEPLOYMENT.home
    if not cohort.replace("_", "").replace("-", "").isalnum():
        raise NotThereError("No cohort was chosen.", "Choose one of those on the page.")
    try:
        version = open_version(home / "cohorts" / cohort)
    except CohortError:
        raise NotThereError("There is no such cohort version.", "Choose one of those on the page.") from None
    purpose = str(version.record["purpose"])
    if not named_purpose(purpose).national_opt_out:
        raise GovernanceError(
            "The national data opt-out does not apply to this purpose.", "Nobody needs to be asked about."
        )
    people = cache.not_known(version.members())
    if not people:
        raise GovernanceError(
            "Everybody's answer is still known.", "Ask again when the answers have expired."
        )
    keys, who = client(PATIENCE), _who(working)
    return cache.ask(
        lambda name: keys.ask_opt_outs(name, people, **who), mailbox=mailbox, purpose=purpose, by=working.user.username, role=working.role.name
    )  # fmt: skip


def take_opt_outs(working: Working, name: str) -> int:
    """Take up the reply to a request; returns for how many days it holds. One that is not believed is set aside, and nothing changes."""
    cache, keys, who = opt_outs(), client(PATIENCE), _who(working)
    by = {"by": working.user.username, "role": working.role.name}
    if name not in {r.name for r in cache.requests()}:
        raise NotThereError("There is no such request.", "Choose one of those on the page.")
    try:
        answers = keys.opt_out_answers(name, **who)
    except KeyServiceError as error:
        if error.code == "reply":
            cache.refused(name, why=error.message, **by)
        raise
    cache.take(answers, name, **by)
    keys.opt_outs_done(name, **who)  # only now: had we been stopped before, the reply would still be there
    return cache.days


def _who(working: Working) -> dict[str, str]:
    return {"reader": working.user.username, "role": working.role.name}
