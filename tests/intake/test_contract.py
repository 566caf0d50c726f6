"""Contracts: what is wrong with one is said with the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenthread import model
from goldenthread.intake import ContractError, load_contracts, parse_contract

GOOD = """name = "x"
title = "X"
source = "S"
files = "x/*/x.csv"
person = "none"

[columns]
A = { type = "integer", to = "a", required = true }
B = { type = "date", to = "b", not_before = "A" }
"""


def test_a_good_contract_is_read() -> None:
    contract = parse_contract(GOOD, "x.toml")
    assert contract.columns["A"].required
    assert contract.staged["b"].name == "B"


@pytest.mark.parametrize(
    ("change", "to", "line", "words"),
    [
        ("integer", "intger", 8, "unknown type 'intger'"),
        ("required = true", "requird = true", 8, "unknown key 'requird'"),
        ("required = true", 'required = "yes"', 8, "wrong kind of value"),
        ('not_before = "A"', 'not_before = "Z"', 9, "names no column"),
        ('to = "b"', 'to = "a"', 7, "both staged as 'a'"),
        ('type = "date"', 'type = "code", values = "sexx"', 9, "no value set 'sexx'"),
        ('type = "date"', 'type = "text", pattern = "["', 9, "not a regular expression"),
        ('type = "date"', 'type = "code", values = "sex", spellings = { male = "m" }', 9, "not an accepted code"),
        ('person = "none"', 'person = "nobody"', 5, "unknown person 'nobody'"),
        ('person = "none"', 'person = "identity"', 5, "needs a column for nhs_number"),
        ('person = "none"', 'table = "gp_evnt"', 5, "no table 'gp_evnt'"),
        ('person = "none"', 'encoding = "utf-16"', 5, "unknown encoding"),
        ('person = "none"', 'surprise = 1', 5, "unknown key 'surprise'"),
        ('title = "X"', "", 1, "'title' is missing"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_cause(change: str, to: str, line: int, words: str) -> None:
    with pytest.raises(ContractError, match=words) as caught:
        parse_contract(GOOD.replace(change, to), "x.toml")
    assert f"x.toml, line {line}:" in str(caught.value)


def test_an_identity_may_not_be_staged_in_clear() -> None:
    text = GOOD.replace('type = "integer", to = "a"', 'type = "text", identity = "family_name", to = "a"')
    with pytest.raises(ContractError, match="may not be staged in clear"):
        parse_contract(text, "x.toml")


def test_toml_that_is_not_toml() -> None:
    with pytest.raises(ContractError, match="not valid TOML"):
        parse_contract('name = "x', "x.toml")


def test_two_contracts_of_one_feed(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(ContractError, match="two contracts"):
        load_contracts(tmp_path)


def test_shipped_contracts_fill_every_table_that_comes_from_a_feed() -> None:
    targets = {contract.table for contract in load_contracts().values()}
    assert set(model.tables()) - targets == {"opt_out"}  # from gp_event's codes


def test_the_digest_follows_the_content() -> None:
    one, two = parse_contract(GOOD, "x.toml"), parse_contract(GOOD, "y.toml")
    other = parse_contract(GOOD.replace("required = true", "required = false"), "x.toml")
    assert one.digest == two.digest != other.digest
