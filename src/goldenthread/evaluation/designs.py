"""What each way of comparing can show, and what no amount of data makes it show."""

from __future__ import annotations

from dataclasses import dataclass

from goldenthread.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class Design:
    """One way of comparing: its name, what can be concluded from it, and what it cannot show."""

    name: str
    shows: str
    cannot_show: tuple[str, ...]


_SAME_TIME = "Anything else that changed in the same place at the same time would look the same."
_PARTS = "Which part of the programme made the difference."

DESIGNS: dict[str, Design] = {
    one.name: one
    for one in (
        Design(
            "matched comparison",
            "The comparison is with people who looked alike in everything that is recorded. It shows whether the "
            "two groups fared differently, not for certain why.",
            (
                "Differences that are not recorded, such as motivation or support at home: the two groups may have "
                "differed in these from the start.",
                _PARTS,
            ),
        ),
        Design(
            "weighted comparison",
            "The comparison is with people weighted to be alike in everything that is recorded. It shows whether "
            "the two groups fared differently, not for certain why.",
            (
                "Differences that are not recorded, such as motivation or support at home: the two groups may have "
                "differed in these from the start.",
                _PARTS,
            ),
        ),
        Design(
            "interrupted time series",
            "The place is compared with its own earlier course. It shows whether the course changed when the "
            "programme started, not for certain why.",
            (_SAME_TIME, "Whether the earlier course would really have gone on.", _PARTS),
        ),
        Design(
            "synthetic control",
            "The place is compared with a mix of other places that had been at the same level. It shows whether it "
            "moved away from them, not for certain why.",
            (_SAME_TIME, "Whether help spilled over into the places it is compared with.", _PARTS),
        ),
        Design(
            "synthetic difference-in-differences",
            "The place is compared with a mix of other places that had been moving as it did. It shows whether it "
            "moved away from them, not for certain why.",
            (_SAME_TIME, "Whether help spilled over into the places it is compared with.", _PARTS),
        ),
        Design(
            "difference-in-differences",
            "The change is compared with the change elsewhere. It shows whether the two changes differed, and is "
            "fair only if both would have moved alike.",
            ("Whether both would have moved alike without the programme.", _SAME_TIME, _PARTS),
        ),
        Design(
            "staggered difference-in-differences",
            "Places that had started are compared with places that had not. It shows whether they moved apart after "
            "starting, and is fair only if they would have moved alike.",
            (
                "Whether they would have moved alike without the programme: places that start early may differ from "
                "those that wait.",
                _PARTS,
            ),
        ),
        Design(
            "stepped roll-out",
            "Each place is compared with itself and with places that had not started yet. Where the order of "
            "starting was drawn by lot this is strong evidence; where it was chosen, early starters may differ.",
            ("What would have happened had no place ever started, in the long run.", _PARTS),
        ),
    )
}


def design(name: str) -> Design:
    """The design of that name; a plain before-and-after is none.

    >>> design("stepped roll-out").cannot_show[0]
    'What would have happened had no place ever started, in the long run.'
    """
    if name not in DESIGNS:
        raise EvaluationError(
            f"{name!r} is not a design with a comparison.", f"Choose one of: {', '.join(DESIGNS)}."
        )
    return DESIGNS[name]
