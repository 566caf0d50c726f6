"""What is compared, how far it may agree, and how telling each degree of agreement is.

The model is Fellegi and Sunter's (JASA 1969; 64: 1183-1210): each level has a probability among true pairs (m)
and among strangers (u), and weighs log2(m / u). The figures here are the shipped ones, used where there is too
little data to estimate them, and mixed in lightly where there is enough (``scoring.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Level:
    """One degree of agreement. ``rare`` names the column whose common values count for less."""

    words: str
    sql: str
    m: float
    u: float
    rare: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Levels from best to worst; the first that holds counts. ``missing`` is the condition for saying nothing."""

    name: str
    words: str
    missing: str
    levels: tuple[Level, ...]

    def with_figures(self, m: list[float], u: list[float]) -> Comparison:
        """The same levels with other figures."""
        levels = zip(self.levels, m, u, strict=True)
        return replace(self, levels=tuple(replace(level, m=a, u=b) for level, a, b in levels))

    def settings(self) -> dict[str, Any]:
        """The comparison in Splink's form."""
        missing = {"sql_condition": self.missing, "label_for_charts": "not compared", "is_null_level": True}
        return {
            "output_column_name": self.name,
            "comparison_levels": [missing, *(_level_settings(level) for level in self.levels)],
        }


def _level_settings(level: Level) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "sql_condition": level.sql,
        "label_for_charts": level.words,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.rare:
        # A value seen once must not weigh without limit: it may be a misspelling.
        settings |= {"tf_adjustment_column": level.rare, "tf_minimum_u_value": level.u / 50}
    return settings


def _one_keystroke(column: str) -> str:
    """SQL: one character replaced, or two neighbours exchanged. The exact distance is dear, so few pairs pay it."""
    left, right = f"{column}_l", f"{column}_r"
    places = f"CASE WHEN length({left}) = length({right}) THEN hamming({left}, {right}) END"
    return (
        f"CASE {places} WHEN 1 THEN true WHEN 2 THEN damerau_levenshtein({left}, {right}) = 1 ELSE false END"
    )


# One name exactly where the other belongs, and the other nearly so.
_TURNED = """
    given_l <> given_r AND (
        (given_l = family_r AND jaro_winkler_similarity(family_l, given_r) >= 0.85)
        OR (family_l = given_r AND jaro_winkler_similarity(given_l, family_r) >= 0.85))
"""
_ADDRESS_ALIKE = (
    "house_l = house_r AND house_l <> '' AND jaro_winkler_similarity(address_l, address_r) >= 0.85"
)

COMPARISONS = (
    Comparison(
        "given_name",
        "Given name",
        # Names the other way round are judged once, under the family name.
        f"given_l IS NULL OR given_r IS NULL OR ({_TURNED})",
        (
            Level("the same", "given_l = given_r", 0.86, 0.008, rare="given"),
            Level("a known short or other form", "list_has_any(given_roots_l, given_roots_r)"
                  " OR replace(given_all_l, ' ', '') = replace(given_all_r, ' ', '')", 0.03, 0.002),
            Level("spelt nearly the same", "jaro_winkler_similarity(given_l, given_r) >= 0.92", 0.04, 0.004),
            Level("one is another given name of the other",
                  "list_has_any(given_parts_l, given_parts_r)", 0.01, 0.002),
            Level("an initial that fits",
                  "(length(given_l) = 1 OR length(given_r) = 1) AND given_initial_l = given_initial_r", 0.02, 0.002),
            Level("spelt roughly alike", "jaro_winkler_similarity(given_l, given_r) >= 0.79", 0.015, 0.03),
            Level("different", "ELSE", 0.025, 0.952),
        ),
    ),
    Comparison(
        "family_name",
        "Family name",
        "family_l IS NULL OR family_r IS NULL",
        (
            Level("the same", "family_l = family_r", 0.91, 0.002, rare="family"),
            Level("given and family name the other way round", _TURNED, 0.004, 0.00001),
            Level("a part of it the same", "list_has_any(family_parts_l, family_parts_r)", 0.01, 0.0005),
            Level("spelt nearly the same", "jaro_winkler_similarity(family_l, family_r) >= 0.92", 0.035, 0.003),
            Level("sounds alike", "family_sound_l = family_sound_r", 0.006, 0.003),
            Level("different", "ELSE", 0.035, 0.9915),
        ),
    ),
    Comparison(
        "birth_date",
        "Birth date",
        "birth_date_l IS NULL OR birth_date_r IS NULL",
        (
            Level("the same", "birth_date_l = birth_date_r", 0.95, 0.00004),
            Level("day and month the other way round", "birth_date_turned_l = birth_date_r", 0.004, 0.00002),
            Level("one digit different or two exchanged",
                  _one_keystroke("birth_date"), 0.02, 0.0006),
            Level("two of day, month and year the same",
                  "(birth_year_l = birth_year_r)::INT"
                  " + (substr(birth_date_l, 5, 2) = substr(birth_date_r, 5, 2))::INT"
                  " + (substr(birth_date_l, 7, 2) = substr(birth_date_r, 7, 2))::INT = 2", 0.014, 0.004),
            Level("different", "ELSE", 0.012, 0.99534),
        ),
    ),
    Comparison(
        "sex",
        "Sex",
        "sex_l IS NULL OR sex_r IS NULL",
        (
            Level("the same", "sex_l = sex_r", 0.985, 0.5),
            Level("different", "ELSE", 0.015, 0.5),
        ),
    ),
    Comparison(
        # One comparison for all that says where somebody lives: a UPRN and its postcode are not two witnesses.
        "address",
        "Address",
        "(postcode_l IS NULL OR postcode_r IS NULL) AND (uprn_l IS NULL OR uprn_r IS NULL)",
        (
            Level("the same UPRN", "uprn_l = uprn_r", 0.35, 0.00001, rare="uprn"),
            Level("the same first line, postcode the same or one keystroke away",
                  f"{_ADDRESS_ALIKE} AND (postcode_l = postcode_r OR {_one_keystroke('postcode')})", 0.3, 0.00001),
            Level("the same postcode", "postcode_l = postcode_r", 0.2, 0.0001, rare="postcode"),
            Level("a postcode one keystroke away", _one_keystroke("postcode"), 0.02, 0.0004),
            Level("a postcode in the same sector", "sector_l = sector_r", 0.04, 0.005),
            Level("elsewhere", "ELSE", 0.09, 0.99448),
        ),
    ),
)  # fmt: skip

# Pairs worth scoring. Each rule survives another kind of error; together they leave out only records that err in
# several things at once.
BLOCKING = (
    "l.birth_date_selective = r.birth_date_selective",
    "l.birth_date = r.birth_date AND l.family_sound = r.family_sound AND l.given_initial = r.given_initial",
    "l.birth_date = r.birth_date AND l.postcode = r.postcode",
    "l.postcode = r.postcode AND l.family_sound = r.family_sound",
    "l.postcode = r.postcode AND l.given_root = r.given_root",
    "l.uprn = r.uprn AND l.given_initial = r.given_initial",
    "l.given = r.given AND l.family = r.family AND l.birth_year = r.birth_year",
    "l.given_root = r.given_root AND l.family_sound = r.family_sound AND l.sector = r.sector",
    "l.birth_date = r.birth_date_turned AND l.family_sound = r.family_sound",
    "l.postcode = r.postcode AND l.family = r.given",
)

# Blocks to learn from. Never the address alone: a household shares it and its family name, and the model would learn
# that relatives are one person. Never a name alone: namesakes outnumber true pairs, with the same effect.
TRAINING = (
    "l.birth_date = r.birth_date",
    "l.given = r.given AND l.family = r.family AND l.sector = r.sector",
)


def settings(
    comparisons: tuple[Comparison, ...], link_type: str, prior: float, blocking: tuple[str, ...] = BLOCKING
) -> dict[str, Any]:
    """The model in Splink's form. ``prior``: probability that two random records belong to one person."""
    return {
        "link_type": link_type,
        "unique_id_column_name": "row",
        "probability_two_random_records_match": prior,
        "comparisons": [comparison.settings() for comparison in comparisons],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in blocking],
        "retain_matching_columns": True,  # else Splink leaves out the levels too
        "retain_intermediate_calculation_columns": True,
        "em_convergence": 0.0005,
        "max_iterations": 15,
    }
