"""Every page in a real browser: no barrier, nothing refused by the policy, no sideways scrolling on a small phone."""

from __future__ import annotations

import pytest

from goldenthread.web.accounts.roles import ROLES
from tests.web.browser.conftest import NARROWEST, WIDE, Visit, Visitor
from tests.web.conftest import SCOPES
from tests.web.test_matrix import ALL, Address

ORDER = [
    "clinical_director",
    "analyst",
    "clinician",
    "practice_manager",
    "coordinator",
    "ig_lead",
    "administrator",
    "commissioner",
]


def _who(address: Address) -> str | None:
    """A role that may open a page, the clinical director before others."""
    assert address.rule is not None
    for role in [*ORDER, *ROLES]:
        inside = address.rule.scope is None or SCOPES.get(role, "system") in ("system", "pcn-UZ001")
        if address.rule.permission in ROLES[role].permissions and inside:
            return role
    return None


def _by_role() -> dict[str, list[Address]]:
    found: dict[str, list[Address]] = {}
    for address in ALL:
        if address.name != "sign_out" and not address.path.startswith("/api/") and (role := _who(address)):
            found.setdefault(role, []).append(address)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("role", "pages"), _by_role().items(), ids=lambda v: v if isinstance(v, str) else "")
def test_pages_can_be_used_by_everybody(visitor: Visitor, role: str, pages: list[Address]) -> None:
    somebody = visitor(role)
    wrong: list[str] = []
    for address in pages:
        somebody.complaints.clear()
        answer = _open(somebody, address.path)
        if answer is None or answer.status == 405 or "html" not in answer.headers.get("content-type", ""):
            continue
        if answer.status >= 500:
            wrong.append(f"{address.path} {answer.status}")
        wrong += [f"{address.path} {b}" for b in somebody.barriers()]
        if answer.status == 200:
            wrong += [f"{address.path} {c}" for c in somebody.complaints]
        somebody.page.set_viewport_size({"width": NARROWEST, "height": 800})
        if somebody.overflows():
            wrong.append(f"{address.path} is wider than {NARROWEST} pixels")
        somebody.page.set_viewport_size({"width": WIDE, "height": 900})
        headings = somebody.page.locator("h1").count()
        if headings != 1:
            wrong.append(f"{address.path} has {headings} main headings")
    assert wrong == []


def _open(somebody: Visit, path: str):
    """Open a page; ``None`` where the address downloads a file, takes forms only, or has nothing to show."""
    probe = somebody.page.request.get(somebody.address + path, timeout=120_000)
    if (
        "html" not in probe.headers.get("content-type", "")
        or not probe.body()
        or "attachment" in probe.headers.get("content-disposition", "")
    ):
        return None
    return somebody.go(path)


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_has_a_home(visitor: Visitor, role: str) -> None:
    somebody = visitor(role)
    assert somebody.go("/").status == 200
    assert somebody.shows(ROLES[role].title)
    somebody.keep(f"home-{role}")
    assert somebody.barriers() == []
    assert somebody.complaints == []
