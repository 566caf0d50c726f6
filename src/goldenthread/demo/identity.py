"""NHS numbers that no real person can have, and how well each sender knows who a person is."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from goldenthread.demo import clock, names
from goldenthread.demo.population import VISITOR, People

Array = npt.NDArray[Any]
_PAIRS = 50_000_000


def nhs_numbers(index: Array, seed: int) -> list[str]:
    """A valid NHS number for each index, different indices never sharing one, all beginning with 9.

    Numbers from 900 000 0000 are kept for testing and never issued. Each index owns two neighbouring
    nine-digit stems; at least one of them has a check digit that is allowed (not 10).

    >>> nhs_numbers(np.array([0, 1]), 1) == nhs_numbers(np.array([0, 1]), 1)
    True
    """
    step, shift = 30_901_699, (seed * 7_919_317) % _PAIRS
    pair = (np.asarray(index, dtype=np.int64) * step + shift) % _PAIRS
    stem = 900_000_000 + pair * 2
    odd = (pair // 3) % 2
    first, second = stem + odd, stem + 1 - odd
    chosen = np.where(check_digit(first) < 10, first, second)
    return [f"{s}{c}" for s, c in zip(chosen.tolist(), check_digit(chosen).tolist(), strict=True)]


def check_digit(stem: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Modulus 11 check digit of nine-digit stems (10 means that no number may end so)."""
    total = np.zeros(len(stem), dtype=np.int64)
    rest = stem.copy()
    for weight in range(2, 11):
        total += (rest % 10) * weight
        rest //= 10
    out = 11 - total % 11
    return np.where(out == 11, 0, out)


def valid(number: str) -> bool:
    """Whether ten digits pass the check.

    >>> valid("9434765919"), valid("9434765918")
    (True, False)
    """
    if len(number) != 10 or not number.isdigit():
        return False
    return int(check_digit(np.array([int(number[:9])]))[0]) == int(number[9])


def mistype(rng: np.random.Generator, number: str) -> str:
    """One digit wrong, or two neighbours swapped: never valid again."""
    while True:
        digits = list(number)
        i = int(rng.integers(1, 9))
        if rng.random() < 0.5 and digits[i] != digits[i + 1]:
            digits[i], digits[i + 1] = digits[i + 1], digits[i]
        else:
            digits[i] = str((int(digits[i]) + int(rng.integers(1, 10))) % 10)
        if not valid(made := "".join(digits)):
            return made


def enrol(people: People) -> None:
    """Give everybody their number and the practice's own patient number."""
    rng = np.random.default_rng([people.plan.seed, people.plan.index, 11])
    people.more["nhs"] = np.array(nhs_numbers(people.index_in_demo, people.plan.seed), dtype=object)
    people.more["patient_id"] = 1001 + rng.permutation(len(people))
    people.more["hospital_number"] = np.array(
        [f"H{(i * 7_368_787) % 100_000_000:08d}" for i in people.index_in_demo.tolist()], dtype=object
    )
    local = rng.random(len(people))
    stated = people.ethnic.copy()
    stated[local < 0.035] = "Z"
    stated[local > 0.955] = "99"
    people.more["ethnic_recorded"] = stated


KINDS = ("none", "missing", "not traced", "mistyped", "other person", "withheld")


def block(
    people: People, who: Array, rng: np.random.Generator, missing: float, withheld: Array | None = None
) -> tuple[dict[str, pa.Array], Array]:
    """Identity columns of a hospital-style row, and what is wrong with each (index into ``KINDS``).

    Without an NHS number names are sent; where identity is withheld nothing is.
    """
    n = len(who)
    lean = np.exp(0.22 * people.imd_z[who] + 0.45 * (people.ethnic[who] != "A"))
    roll = rng.random(n) / lean
    problem = np.select([roll < missing * 0.55, roll < missing * 0.85, roll < missing], [1, 2, 3], 0)
    problem = np.where((problem == 0) & (rng.random(n) < 0.0004), 4, problem)
    if withheld is not None:
        problem = np.where(withheld, 5, problem)
    number = people.nhs[who].copy()
    status = np.full(n, "01", dtype=object)
    given = np.full(n, "", dtype=object)
    family = np.full(n, "", dtype=object)
    birth = np.asarray(people.birth[who], dtype=np.int64).copy()
    postcode = people.postcode[who].copy()
    hidden = problem == 5
    for i in np.flatnonzero((problem >= 1) & (problem <= 3)).tolist():
        p = int(who[i])
        number[i] = "" if problem[i] == 1 else number[i] if problem[i] == 2 else mistype(rng, number[i])
        status[i] = (
            ("07" if rng.random() < 0.6 else "03") if problem[i] == 1 else "02" if problem[i] == 2 else "04"
        )
        given[i], family[i] = people.given[p], people.family[p]
        if rng.random() < 0.3:
            given[i], family[i] = names.variant(rng, given[i], family[i])
        birth[i] = slipped_birth(rng, int(birth[i]))
        if rng.random() < 0.06:
            postcode[i] = people.postcode[int(rng.integers(0, len(people)))]
    for i in np.flatnonzero(problem == 4).tolist():
        number[i] = people.nhs[int(rng.integers(0, len(people)))]
    number[hidden], status[hidden], postcode[hidden] = "", "07", ""
    birth[hidden] = clock.NEVER
    practice = np.where(people.kind[who] == VISITOR, "V81999", people.plan.code).astype(object)
    practice[hidden] = "V81999"
    local = people.hospital_number[who].copy()
    local[hidden] = ""
    reason = np.full(n, "", dtype=object)
    reason[hidden] = np.array(["01", "03", "97"], dtype=object)[rng.integers(0, 3, int(hidden.sum()))]
    ethnic = people.ethnic_recorded[who].copy()
    ethnic[rng.random(n) < 0.05] = "Z"
    columns = {
        "NHS_NUMBER": number, "NHS_NUMBER_STATUS_INDICATOR_CODE": status, "WITHHELD_IDENTITY_REASON": reason, "LOCAL_PATIENT_IDENTIFIER": local,
        "PERSON_GIVEN_NAME": given, "PERSON_FAMILY_NAME": family, "PERSON_STATED_GENDER_CODE": people.sex[who].astype(str), "ETHNIC_CATEGORY": ethnic,
        "POSTCODE_OF_USUAL_ADDRESS": postcode, "GENERAL_MEDICAL_PRACTICE_CODE_PATIENT_REGISTRATION": practice,
    }  # fmt: skip
    out = {k: strings(v) for k, v in columns.items()}
    out["PERSON_BIRTH_DATE"] = clock.text(birth)
    return out, problem


def slipped_birth(rng: np.random.Generator, birth: int) -> int:
    """Now and then a date of birth with day and month swapped, a day out, or ten years out."""
    roll = rng.random()
    if roll > 0.07:
        return birth
    d = date.fromordinal(clock.EPOCH.toordinal() + birth)
    if roll < 0.03 and d.day <= 12:
        return clock.day(d.year, d.day, d.month)
    if roll < 0.055:
        return birth + (1 if roll < 0.045 else -1)
    return birth - 3653 if d.year > 1930 else birth


def strings(values: Array) -> pa.Array:
    """Text column; the empty string stays empty."""
    return pa.array(np.asarray(values, dtype=object), type=pa.string())
