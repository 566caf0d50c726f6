"""Keeping NHS numbers out of what people type into reasons and notes."""

from __future__ import annotations

import re

REMOVED = "[NHS number removed]"
# ten digits together, or grouped 3-3-4 by one kind of separator, as `nhs_numbers.standardise` reads them
_LOOKS = re.compile(r"(?<![0-9])(?:[0-9]{10}|[0-9]{3}([ -])[0-9]{3}\1[0-9]{4})(?![0-9])")


def holds_nhs_number(text: str) -> bool:
    """Whether ten digits that pass modulus 11 stand in a text, grouped or not.

    >>> holds_nhs_number("asked about 999 000 0018"), holds_nhs_number("rang 01522 555555")
    (True, False)
    """
    from goldenthread.vault.nhs_numbers import (
        is_valid,
    )  # with the vault come its ciphers, which few questions need

    return any(is_valid(re.sub(r"[ -]", "", found[0])) for found in _LOOKS.finditer(text))


def without_nhs_numbers(text: str) -> str:
    """The text with every NHS number replaced.

    >>> without_nhs_numbers("Patient 9990000018 rang")
    'Patient [NHS number removed] rang'
    """
    from goldenthread.vault.nhs_numbers import is_valid

    return _LOOKS.sub(lambda m: REMOVED if is_valid(re.sub(r"[ -]", "", m[0])) else m[0], text)
