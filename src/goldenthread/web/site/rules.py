"""Who may open a page: every view carries a rule, and a view without one opens for nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

Permission = Literal[
    "signed_in",  # anybody with an account
    "see_figures",  # released figures of the scope
    "ask",  # cohorts: counts, comparisons, saving
    "see_person",  # one pseudonymous person's contacts, with a reason
    "restricted_lanes",  # mental and sexual health in these
    "initiatives",  # read the register
    "run_initiatives",  # plan, record, decide
    "lock_plan",  # agree success criteria
    "request_release",  # ask for a list
    "approve_release",  # decide for a practice's own patients
    "work_list",  # see and work an identifiable list
    "govern",  # purposes, agreements, opt-outs
    "audit",  # who saw whom
    "manage_people",  # accounts and roles
    "use_api",  # make tokens
]


@dataclass(frozen=True)
class Rule:
    """What a page asks of the visitor.

    ``permission`` must belong to the role at work. ``scope`` is the name of the address part that holds a scope, which must lie
    inside the visitor's own; ``None`` for pages that show nobody's figures. ``public`` pages open without signing in.
    """

    permission: Permission = "signed_in"
    scope: str | None = None
    public: bool = False
    tier: Literal["none", "pseudonymised", "identifiable"] = "none"


def page(
    permission: Permission = "signed_in",
    *,
    scope: str | None = None,
    tier: Literal["none", "pseudonymised", "identifiable"] = "none",
) -> Callable[[View], View]:
    """Give a view its rule. ``tier`` says what the strip under the header shows."""

    def decorate(view: View) -> View:
        view.rule = Rule(permission, scope, tier=tier)  # type: ignore[attr-defined]
        return view

    return decorate


def public(view: View) -> View:
    """Open to everybody: sign-in, help, accessibility statement."""
    view.rule = Rule(public=True)  # type: ignore[attr-defined]
    return view


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """The rule of a view, or of the class behind it."""
    found = getattr(view, "rule", None) or getattr(getattr(view, "view_class", None), "rule", None)
    return found if isinstance(found, Rule) else None
