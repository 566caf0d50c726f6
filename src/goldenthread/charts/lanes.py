"""The lanes of a theograph: for each service its sector, shape, colour and words.

The encoding is shape and colour and place, so that any one of them may be lost. Pentagon, star and house are our
own paths, since Vega has none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from goldenthread.charts import canvas


def _ring(*radii: float) -> str:
    """A closed path through points at the given radii, starting at the top, in Vega's unit square."""
    count = len(radii)
    points = [
        f"{radius * sin(2 * pi * index / count):.3f},{-radius * cos(2 * pi * index / count):.3f}"
        for index, radius in enumerate(radii)
    ]
    return "M" + "L".join(points) + "Z"


PENTAGON = _ring(*[0.95] * 5)
HOUSE = "M0,-1L0.95,-0.1L0.95,0.9L-0.95,0.9L-0.95,-0.1Z"
STAR = _ring(*[1.15, 0.48] * 5)


@dataclass(frozen=True)
class Lane:
    """One service: ``bar`` lanes draw spells to scale, the others draw marks."""

    service: str
    label: str
    sector: str
    shape: str
    colour: str
    one: str
    many: str
    bar: bool = False
    fill: str = ""
    urgent: bool = False

    @property
    def paint(self) -> str:
        return self.fill or self.colour


_GP, _URGENT, _HOSPITAL = "General practice", "Urgent care", "Hospital"
_COMMUNITY, _COUNCIL = "Community and mental health", "Council and voluntary"

LANES: tuple[Lane, ...] = (
    Lane("gp", "GP and nurse", _GP, "circle", canvas.BLUE, "GP or nurse contact", "GP or nurse contacts"),
    Lane("medication", "Medicines", _GP, "diamond", canvas.MUTED, "day with medicines issued",
         "days with medicines issued"),
    Lane("urgent_call", "111", _URGENT, "triangle-down", canvas.BLACK, "call to 111", "calls to 111", urgent=True),
    Lane("ambulance", "Ambulance", _URGENT, "cross", canvas.BLACK, "ambulance call", "ambulance calls", urgent=True),
    Lane("ae", "A&E", _URGENT, "triangle-up", canvas.RED, "A&E attendance", "A&E attendances", urgent=True),
    Lane("emergency_admission", "Emergency stay", _HOSPITAL, "square", canvas.DARK_PINK, "emergency stay",
         "emergency stays", bar=True, urgent=True),
    Lane("elective_admission", "Planned stay", _HOSPITAL, "square", canvas.PURPLE, "planned stay", "planned stays",
         bar=True),
    Lane("outpatient", "Outpatient", _HOSPITAL, "diamond", canvas.ORANGE, "outpatient appointment",
         "outpatient appointments"),
    Lane("community", "Community nursing", _COMMUNITY, "square", canvas.AQUA, "community contact",
         "community contacts"),
    Lane("mental_health", "Mental health", _COMMUNITY, PENTAGON, canvas.PINK, "mental health contact",
         "mental health contacts"),
    Lane("sexual_health", "Sexual health", _COMMUNITY, PENTAGON, canvas.PURPLE, "sexual health contact",
         "sexual health contacts"),
    Lane("social_care", "Social care", _COUNCIL, "square", canvas.MUTED, "social care package",
         "social care packages", bar=True, fill="url(#gt-stripe-4c6272)"),
    Lane("community_worker", "Community worker", _COUNCIL, STAR, canvas.GREEN, "community worker visit",
         "community worker visits"),
    Lane("social_prescribing", "Link worker", _COUNCIL, STAR, canvas.GREEN, "link worker contact",
         "link worker contacts"),
    Lane("programme", "Programmes", _COUNCIL, STAR, canvas.DARK_BLUE, "programme contact", "programme contacts"),
    Lane("housing", "Housing", _COUNCIL, HOUSE, canvas.MUTED, "housing event", "housing events"),
    Lane("letter", "Letters and messages", "Contact", "triangle-right", canvas.DARK_BLUE, "letter or message",
         "letters or messages"),
)  # fmt: skip

_BY_SERVICE = {lane.service: lane for lane in LANES}


def lane_for(service: str) -> Lane:
    """The lane of a service; one not known here gets a plain lane of its own rather than being dropped.

    >>> lane_for("ae").label, lane_for("hospice_at_home").label
    ('A&E', 'Hospice at home')
    """
    known = _BY_SERVICE.get(service)
    if known is not None:
        return known
    label = service.replace("_", " ").strip() or "Other"
    label = label[:1].upper() + label[1:]
    return Lane(service, label, "Other", "circle", canvas.MUTED, f"{label} event", f"{label} events")


def in_order(services: list[str]) -> list[Lane]:
    """The lanes of these services in the fixed order, sector by sector, unknown ones last.

    >>> [lane.service for lane in in_order(["social_care", "gp", "zz"])]
    ['gp', 'social_care', 'zz']
    """
    present = set(services)
    known = [lane for lane in LANES if lane.service in present]
    return known + [lane_for(service) for service in dict.fromkeys(services) if service not in _BY_SERVICE]
