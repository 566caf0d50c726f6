"""Costs in which one person or provider stands out: the (n, k) rule and the p% rule.

Source: Hundepool and others (2012), Statistical Disclosure Control, sections 4.2.1 and 4.2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldenthread.disclosure.errors import DisclosureError
from goldenthread.disclosure.policies import Policy


def breaks_nk_rule(contributions: ArrayLike, *, n: int, k: float) -> bool:
    """Whether the ``n`` largest contributions make up more than share ``k`` of the total.

    >>> breaks_nk_rule([900, 50, 50], n=1, k=0.85), breaks_nk_rule([40, 30, 30], n=1, k=0.85)
    (True, False)
    """
    sizes = _sizes(contributions)
    total = float(sizes.sum())
    return n > 0 and total > 0 and float(sizes[:n].sum()) > k * total


def breaks_p_percent_rule(contributions: ArrayLike, *, p: float) -> bool:
    """Whether the second largest contributor could work out the largest to within share ``p``.

    It can when everything other than the two largest is less than ``p`` times the largest.

    >>> breaks_p_percent_rule([1000, 500, 50], p=0.10), breaks_p_percent_rule([1000, 500, 150], p=0.10)
    (True, False)
    """
    sizes = _sizes(contributions)
    return p > 0 and len(sizes) > 0 and float(sizes[0]) > 0 and float(sizes[2:].sum()) < p * float(sizes[0])


def dominated(contributions: Sequence[ArrayLike], policy: Policy) -> NDArray[np.bool_]:
    """Return True for each cell whose contributions break either dominance rule of the policy."""
    return np.array(
        [
            breaks_nk_rule(c, n=policy.dominance_n, k=policy.dominance_k)
            or breaks_p_percent_rule(c, p=policy.p_percent)
            for c in contributions
        ],
        dtype=bool,
    )


def _sizes(contributions: ArrayLike) -> NDArray[np.float64]:
    sizes = np.sort(np.asarray(contributions, dtype=float).ravel())[::-1]
    if np.isnan(sizes).any() or (sizes < 0).any():
        raise DisclosureError(
            "Contributions to a cost must be numbers of zero or more.",
            "Give each contributor's own amount; take credits out or release them apart.",
        )
    return sizes
