"""The vault: pseudonyms, checks, sealing, opening and rotation, in one run.

python benchmarks/vault.py [--people 200000]
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from goldenthread.vault import Vault, create_keys, nhs_numbers, rotate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    people = parser.parse_args().people
    numbers = pa.array([f"{number:010d}" for number in range(people)])
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "vault"
        keys = create_keys(folder)
        identities = pa.table(
            {
                "pseudonym": keys.pseudonyms(numbers),
                "nhs_number": numbers,
                "family_name": ["Thistlewood"] * people,
                "given_name": ["Alexandra"] * people,
                "birth_date": pa.array([dt.date(1950, 1, 2)] * people),
                "address_line_1": ["12 The Street"] * people,
                "postcode": ["PE11 9ZZ"] * people,
            }
        )
        print(f"{people:,} people")
        show("pseudonyms", people, lambda: keys.pseudonyms(numbers))
        show("modulus 11", people, lambda: nhs_numbers.valid(numbers))
        with Vault.open(folder, keys, create=True) as vault:
            show("seal and write", people, lambda: vault.store(identities))
            show("store again, unchanged", people, lambda: vault.store(identities))
            show("open", people, lambda: vault.demographics())
        show("rotate", people, lambda: rotate(folder))


def show(what: str, people: int, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{what:<24}{seconds:8.2f} s{people / seconds:14,.0f} a second")


if __name__ == "__main__":
    main()
