"""Roles: what each may do. Nothing that is not written here is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from goldenthread.web.site.rules import Permission


@dataclass(frozen=True)
class Role:
    """One kind of work. ``kinds`` are the scopes it can be held for."""

    name: str
    title: str
    comes_for: str
    permissions: frozenset[Permission]
    kinds: tuple[str, ...]


def _role(name: str, title: str, comes_for: str, kinds: str, *permissions: Permission) -> Role:
    unknown = set(permissions) - set(get_args(Permission))
    if unknown:
        raise ValueError(f"unknown permission {sorted(unknown)[0]!r} in role {name!r}")
    return Role(name, title, comes_for, frozenset({"signed_in", *permissions}), tuple(kinds.split()))


ROLES: Mapping[str, Role] = {
    r.name: r
    for r in (
        _role(
            "analyst", "Analyst", "check coding, define cohorts, evaluate", "system place pcn",
            "see_figures", "ask", "see_person", "initiatives", "run_initiatives", "request_release", "use_api",
        ),
        _role(
            "clinical_director", "Clinical director", "understand the population and agree what to do", "place pcn",
            "see_figures", "ask", "see_person", "initiatives", "run_initiatives", "lock_plan", "request_release",
        ),
        _role(
            "facilitator", "Clinical facilitator", "run workshops and ask better questions", "system place pcn",
            "see_figures", "ask", "initiatives", "run_initiatives",
        ),
        _role(
            "clinician", "GP or nurse", "review and help the practice's own patients", "practice",
            "see_figures", "ask", "see_person", "restricted_lanes", "initiatives", "work_list",
        ),
        _role(
            "coordinator", "Care coordinator", "contact people and record what happened", "practice",
            "see_figures", "initiatives", "work_list",
        ),
        _role(
            "practice_manager", "Practice manager", "decide for the practice's own patients", "practice",
            "see_figures", "ask", "initiatives", "approve_release", "request_release", "work_list",
        ),
        _role(
            "ig_lead", "Information governance lead", "purposes, agreements and opt-outs", "system",
            "see_figures", "initiatives", "govern", "audit",
        ),
        _role(
            "caldicott_guardian", "Caldicott guardian", "who saw whom, why and until when", "system",
            "see_figures", "initiatives", "audit", "govern",
        ),
        _role(
            "commissioner", "Commissioner", "where need, work and money are", "system place",
            "see_figures", "ask", "initiatives", "lock_plan", "use_api",
        ),
        _role(
            "academy_lead", "Academy lead", "what has been tried, and what was learned", "system",
            "see_figures", "initiatives", "run_initiatives",
        ),
        _role("administrator", "Administrator", "accounts and roles", "system", "manage_people"),
    )
}  # fmt: skip
