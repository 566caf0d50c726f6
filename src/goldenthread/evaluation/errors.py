"""What this room says when it cannot, or will not, answer."""

from __future__ import annotations

from goldenthread.errors import GoldenThreadError


class EvaluationError(GoldenThreadError):
    """The input cannot be evaluated as given: what is wrong, where, and what to do next.

    >>> str(EvaluationError("Row 3: follow-up is negative (-4 days).", "Check the leaving dates."))
    'Row 3: follow-up is negative (-4 days). Check the leaving dates.'
    """


class Refusal(EvaluationError):  # noqa: N818 - a refusal is an answer, not a fault
    """The input is sound and a fair answer is still not possible: the reason is stated instead of a number.

    >>> isinstance(Refusal("Too few people to match: 11 of 40 have no comparable control."), EvaluationError)
    True
    """
