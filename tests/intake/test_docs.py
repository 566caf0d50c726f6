"""The page on feeds lists the contracts as they are."""

from __future__ import annotations

from pathlib import Path

from goldenthread.intake import load_contracts, parse_contract
from goldenthread.intake.describe import contract_table

PAGE = Path(__file__).parents[2] / "docs" / "feeds.md"


def test_the_table_of_contracts_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8").endswith(contract_table(load_contracts()))


def test_the_example_is_a_contract() -> None:
    example = PAGE.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    assert parse_contract(example, "docs/feeds.md").name == "falls_clinic"
