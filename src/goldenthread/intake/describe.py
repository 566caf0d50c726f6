"""Describes contracts in words: the table in docs/feeds.md is made by ``python -m goldenthread.intake.describe``."""

from __future__ import annotations

from collections.abc import Mapping

from goldenthread.intake.contract import Contract, load_contracts

_PEOPLE = {
    "none": "nobody",
    "registered": "makes the patients",
    "local": "the practice's patient number",
    "identity": "NHS number, else linkage",
    "submission": "through the submission's person table",
}


def contract_table(contracts: Mapping[str, Contract]) -> str:
    """A Markdown table of contracts: feed, files, form, whom rows are about, what supersedes, table of the lake.

    >>> contract_table(load_contracts()).splitlines()[0]
    '| Feed | Files | Form | Rows are about | Later rows replace | Table |'
    """
    lines = [
        "| Feed | Files | Form | Rows are about | Later rows replace | Table |",
        "|---|---|---|---|---|---|",
    ]
    for name, contract in sorted(contracts.items()):
        rule = contract.supersede
        replace = f"by {', '.join(rule.key)}" if rule else ""
        if name.startswith(("csds_", "mhsds_")):
            replace = "whole submissions of a period"
        cells = (
            f"`{name}`: {contract.title}",
            f"`{contract.files}`",
            f"{contract.format}, {contract.encoding}",
            _PEOPLE[contract.person],
            replace,
            f"`{contract.table}`" if contract.table else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(contract_table(load_contracts()), end="")
