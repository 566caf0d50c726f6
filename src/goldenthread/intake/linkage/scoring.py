"""Splink at work: parameters estimated from the data, and every plausible pair scored."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from goldenthread.intake.linkage.errors import LinkageError, OutOfMemoryError
from goldenthread.intake.linkage.model import COMPARISONS, TRAINING, Comparison, settings
from goldenthread.intake.linkage.settings import LinkageSettings

# The shipped figures count as much as this many true pairs, or pairs of strangers, seen in the data.
_SHIPPED_PAIRS = 50
_SHIPPED_STRANGERS = 100_000
IDENTITIES_AT_ONCE = 50_000
_LEAST_WEIGHT = -12.0  # pairs less likely than 1 in 4,000 cannot change an answer


@dataclass(frozen=True)
class Model:
    """The comparisons with the figures used, and where those came from."""

    comparisons: tuple[Comparison, ...]
    prior: float
    source: str


def fit(
    connection: duckdb.DuckDBPyConnection, people: int, identities: int, limits: LinkageSettings
) -> Model:
    """The model for these tables: estimated where there are enough distinct identities, else as shipped.

    u from pairs of registered people (two people by construction, which pairs of a record and a person
    are not); m by expectation maximisation. Both are rounded, so that the order in which threads add up
    cannot change an answer.
    """
    prior = limits.expected_share / max(people, 2)
    if identities < limits.fewest_to_train or people < limits.fewest_to_train:
        return Model(COMPARISONS, prior, "shipped")
    try:
        with _splink_at_work():
            strangers = _estimate_u(connection, people, limits)
            estimated = _estimate_m(connection, strangers, prior, identities)
    except OutOfMemoryError:
        raise  # an answer must not depend on how much memory there was
    except (LinkageError, ArithmeticError, ValueError, LookupError):
        # A training block with nothing in it, for example (every birth date missing).
        return Model(COMPARISONS, prior, "shipped (the data gave no estimate)")
    sound = tuple(new if _makes_sense(new) else old for new, old in zip(estimated, COMPARISONS, strict=True))
    kept = [new.words.lower() for new, used in zip(estimated, sound, strict=True) if new is not used]
    return Model(
        sound, prior, "estimated from the data" + (f", but shipped for {', '.join(kept)}" if kept else "")
    )


def score(connection: duckdb.DuckDBPyConnection, model: Model, identities: int) -> str:
    """Score every plausible pair; returns the name of the table of pairs.

    Columns: ``row_l`` (registered row), ``row_r`` (identity), ``match_weight``, and for each comparison
    ``gamma_<name>`` (level, counted from the worst; -1 not compared) and ``mw_<name>`` and ``mw_tf_adj_<name>``.

    Identities are scored a part at a time: Splink carries both identities along with each pair, which at a region's
    size does not fit into memory. How common a value is it counts over everybody, so parts change no answer.
    """
    parts = max(1, -(-identities // IDENTITIES_AT_ONCE))
    connection.execute("DROP TABLE IF EXISTS pairs")
    with _splink_at_work():
        linked = settings(model.comparisons, "link_only", model.prior)
        linker = _linker(connection, linked, ["registered", "identities"])
        for part in range(1, parts + 1):
            predicted = linker.inference.predict_chunk(
                (1, 1), (part, parts), threshold_match_weight=_LEAST_WEIGHT, warning_mode="never"
            )
            columns = "row_l, row_r, match_weight, COLUMNS('^(gamma|mw)_.*')"
            begin = "CREATE TEMP TABLE pairs AS" if part == 1 else "INSERT INTO pairs"
            connection.execute(f"{begin} SELECT {columns} FROM {predicted.physical_name}").fetchall()
            predicted.drop_table_from_database_and_remove_from_cache()
        _clear(linker)
    return "pairs"


def _estimate_u(
    connection: duckdb.DuckDBPyConnection, people: int, limits: LinkageSettings
) -> tuple[Comparison, ...]:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE one_row_each AS SELECT p.* FROM registered_prepared p"
        " JOIN registered g USING (row) QUALIFY row_number() OVER (PARTITION BY g.person ORDER BY row) = 1"
    )
    linker = _linker(connection, settings(COMPARISONS, "dedupe_only", 1e-6), ["one_row_each"], suffix="")
    linker.training.estimate_u_using_random_sampling(
        max_pairs=limits.pairs_to_train, seed=limits.seed, min_count_per_level=None, num_chunks=1
    )
    pairs = min(limits.pairs_to_train, people * (people - 1) / 2)
    fitted = [
        comparison.with_figures(
            [level.m for level in comparison.levels],
            _mixed([level.u for level in comparison.levels], found, pairs, _SHIPPED_STRANGERS),
        )
        for comparison, found in zip(COMPARISONS, _figures(linker, "u_probability"), strict=True)
    ]
    _clear(linker)
    connection.execute("DROP TABLE one_row_each")
    return tuple(fitted)


def _estimate_m(
    connection: duckdb.DuckDBPyConnection, comparisons: tuple[Comparison, ...], prior: float, identities: int
) -> tuple[Comparison, ...]:
    # Every so many of the identities, which are numbered in the order of their content: enough to learn from, and
    # the pairs of all of a region's would not fit into memory.
    step = max(1, -(-identities // IDENTITIES_AT_ONCE))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE some_prepared AS SELECT * FROM identities_prepared WHERE row % {step} = 0"
    )
    linker = _linker(connection, settings(comparisons, "link_only", prior), ["registered", "some"])
    for rule in TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=5_000_000
        )
    found_m = _figures(linker, "m_probability")
    _clear(linker)
    connection.execute("DROP TABLE some_prepared")
    return tuple(
        comparison.with_figures(
            _mixed([level.m for level in comparison.levels], found, identities / step / 2, _SHIPPED_PAIRS),
            [level.u for level in comparison.levels],
        )
        for comparison, found in zip(comparisons, found_m, strict=True)
    )


def _clear(linker: Any) -> None:
    """Drop the tables that Splink keeps for its next step: some hold everybody."""
    linker.table_management.delete_tables_created_by_splink_from_db()


def _figures(linker: Any, name: str) -> list[list[float | None]]:
    """The figures of each comparison's levels (not of the level "not compared"), as a trained linker has them."""
    model = linker.misc.save_model_to_json()
    found = []
    for comparison in model["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        values = [level.get(name) for level in levels]
        found.append(
            [value if isinstance(value, float) and math.isfinite(value) else None for value in values]
        )
    return found


def _mixed(shipped: list[float], found: list[float | None], seen: float, weight: float) -> list[float]:
    """Found figures with the shipped ones mixed in as ``weight`` observations.

    Splink leaves the figure it was given on a level it never saw, so an unchanged figure means none seen.
    """
    found = [None if value == old else value for value, old in zip(found, shipped, strict=True)]
    mixed = [
        ((value or 0.0) * seen + old * weight) / (seen + weight)
        for value, old in zip(found, shipped, strict=True)
    ]
    total = sum(mixed)
    return [float(f"{value / total:.5g}") for value in mixed]


def _makes_sense(comparison: Comparison) -> bool:
    """Conflict must speak against one person, and most true pairs must agree in a way that speaks for it."""
    weights = [math.log2(level.m / level.u) for level in comparison.levels]
    agreeing = sum(level.m for level, weight in zip(comparison.levels, weights, strict=True) if weight > 0)
    return weights[-1] < 0 and agreeing > 0.5


def _linker(
    connection: duckdb.DuckDBPyConnection, model: dict[str, Any], tables: list[str], suffix: str = "_prepared"
) -> Any:
    from splink import DuckDBAPI, Linker  # slow to import, and most commands do not link

    logging.getLogger("splink").setLevel(logging.ERROR)  # its messages are about charts and next steps
    api = DuckDBAPI(connection)
    frames = [
        api.register(table + suffix, dataset_display_name=f"{number}_{table}")
        for number, table in enumerate(tables)
    ]
    return Linker(frames if len(frames) > 1 else frames[0], model, log_level=logging.ERROR)


@contextmanager
def _splink_at_work() -> Iterator[None]:
    """Splink's failures in plain words: its messages hold whole SQL statements."""
    from splink.internals.exceptions import SplinkException

    try:
        yield
    except SplinkException as error:
        out_of_memory = "Out of Memory" in str(error)
        raise explain_failure(duckdb.OutOfMemoryException() if out_of_memory else duckdb.Error()) from None
    except duckdb.Error as error:
        raise explain_failure(error) from None


def connect(limits: LinkageSettings) -> duckdb.DuckDBPyConnection:
    """A database in memory that never writes a temporary file (it holds names) and never fetches an extension."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{limits.memory_mb}MB",
            "threads": limits.threads,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_external_access = false")
    return connection


def explain_failure(error: duckdb.Error) -> LinkageError:
    """DuckDB's failure in plain words. Its own message may quote a value, so it is not passed on."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return OutOfMemoryError(
            "Linkage ran out of the memory it may use.",
            "Raise memory_mb in goldenthread.toml (3000 suits 800,000 people).",
        )
    return LinkageError(
        f"Linkage could not be computed ({type(error).__name__}).",
        "Please report this with the version of the software.",
    )


def to_arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The answer to a query as an Arrow table."""
    return connection.sql(sql).to_arrow_table()
