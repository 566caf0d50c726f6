"""What people are told about hidden figures: that something is hidden and why, never how much or which kind."""

from __future__ import annotations

from goldenthread.disclosure.policies import Policy, named_policy


def hidden_text(policy: str | Policy) -> str:
    """Return the text for one hidden cell, for a tooltip or a screen reader.

    >>> hidden_text("hes")
    'Hidden to protect people: fewer than 8'
    """
    return f"Hidden to protect people: {named_policy(policy).rule_text}"


def sentence_for(policy: Policy) -> str:
    """Return the sentence under a table that has hidden cells.

    It is the same whether cells are small or are hidden to keep others safe: the difference is itself a secret.
    """
    return f"{hidden_text(policy)}, or a figure that would give {policy.rule_text} away."


def notes_for(policy: Policy, *, counts: bool) -> tuple[str, ...]:
    """Return the notes a reader needs to use the table: rounding and its consequences."""
    if policy.rounding <= 1 or not counts:
        return ()
    return (
        f"Counts are rounded to the nearest {policy.rounding}. Totals are rounded from the true total, so rows may not"
        " add up to them, and differences between rounded figures are uncertain.",
    )
