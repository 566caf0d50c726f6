"""Time the statistics against the straightforward Python loop, in one run.

    python benchmarks/health_statistics.py

Prints seconds, ratios and the largest difference between the two answers. The loop for the slope index is
too slow to finish, so it runs on a stated sample and its time is scaled up; the output says so.
(Not called statistics.py: beside other scripts that name would hide the standard library's module.)
"""

from __future__ import annotations

import math
import statistics
import sys
import time
import tracemalloc

import numpy as np

from goldenthread.statistics import ESP2013, directly_standardised_rate, slope_index_of_inequality

AREAS, REPETITIONS, SII_AREAS, DECILES = 7_000, 100_000, 500, 10
LOOP_AREAS, LOOP_REPETITIONS = 2, 1_000
Z = statistics.NormalDist().inv_cdf(0.975)


def timed(call, times: int = 3):
    """The best of a few runs, and the answer."""
    best, answer = math.inf, None
    for _ in range(times):
        start = time.perf_counter()
        answer = call()
        best = min(best, time.perf_counter() - start)
    return best, answer


def dsr_loop(count: list[list[int]], population: list[list[int]]) -> list[tuple[float, float, float]]:
    """Dobson's method as one would write it by hand."""
    standard = [float(w) for w in ESP2013]
    out = []
    for xs, ns in zip(count, population, strict=True):
        total = sum(xs)
        rate = sum(w * x / n for w, x, n in zip(standard, xs, ns, strict=True)) / 100_000
        variance = sum(w * w * x / n / n for w, x, n in zip(standard, xs, ns, strict=True)) / 100_000**2
        spread = math.sqrt(variance / total)
        low = total * (1 - 1 / (9 * total) - Z / (3 * math.sqrt(total))) ** 3
        high = (total + 1) * (1 - 1 / (9 * (total + 1)) + Z / (3 * math.sqrt(total + 1))) ** 3
        out.append(tuple(1e5 * (rate + spread * shift) for shift in (0.0, low - total, high - total)))
    return out


def sii_loop(value, error, people, value_type: str, repetitions: int) -> list[float]:
    """Draw, fit, repeat."""
    rng = np.random.default_rng(1)
    slopes = []
    share = people / people.sum()
    ranks, weight = np.cumsum(share) - share / 2, np.sqrt(share)
    centre = np.log(value) if value_type == "rate" else value
    for _ in range(repetitions):
        drawn = rng.normal(centre, error)
        if value_type == "rate":
            drawn = np.exp(drawn)
        slopes.append(np.polyfit(ranks, drawn, 1, w=weight)[0])
    return slopes


def benchmark_dsr(rng: np.random.Generator) -> None:
    population = rng.integers(50, 900, (AREAS, len(ESP2013)))
    count = rng.binomial(population, 0.05)
    fast, e = timed(lambda: directly_standardised_rate(count, population, ESP2013))
    lists = count.tolist(), population.tolist()
    slow, expected = timed(lambda: dsr_loop(*lists), times=2)
    found = np.stack([e.value, e.lower, e.upper], axis=1)
    apart = float(np.max(np.abs(found / np.array(expected) - 1)))
    print(f"DSR with intervals, {AREAS:,} areas x {len(ESP2013)} ages: {fast:.3f} s (to reach: 0.5 s)")
    print(
        f"  Python loop {slow:.3f} s, {slow / fast:.0f} times as long; largest relative difference {apart:.1e}"
    )


def benchmark_sii(rng: np.random.Generator, value_type: str) -> None:
    people = rng.integers(5_000, 40_000, (SII_AREAS, DECILES))
    value = 70 + np.linspace(0, 10, DECILES) + rng.normal(0, 1, people.shape)
    error = np.full(people.shape, 0.03 if value_type == "rate" else 0.8)
    fast, index = timed(
        lambda: slope_index_of_inequality(
            value, error, people, value_type=value_type, repetitions=REPETITIONS, seed=1
        ),
        times=2,
    )
    tracemalloc.start()
    slope_index_of_inequality(
        value[:20], error[:20], people[:20], value_type=value_type, repetitions=REPETITIONS, seed=1
    )
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    slow, slopes = timed(
        lambda: [
            sii_loop(value[i], error[i], people[i], value_type, LOOP_REPETITIONS) for i in range(LOOP_AREAS)
        ],
        times=1,
    )
    whole = slow * (SII_AREAS / LOOP_AREAS) * (REPETITIONS / LOOP_REPETITIONS)
    apart = max(
        abs(np.quantile(s, q) - limit[i]) / (index.sii.upper[i] - index.sii.lower[i])
        for i, s in enumerate(slopes)
        for q, limit in ((0.025, index.sii.lower), (0.975, index.sii.upper))
    )
    print(
        f"SII, value_type={value_type!r}, {REPETITIONS:,} repetitions x {SII_AREAS} areas x {DECILES} deciles:"
        f" {fast:.2f} s (to reach: 10 s); memory at most {peak:.0f} MB"
    )
    print(
        f"  Python loop {whole / 60:.0f} min, {whole / fast:,.0f} times as long (SCALED UP from {LOOP_AREAS} areas"
        f" x {LOOP_REPETITIONS:,} repetitions in {slow:.2f} s); limits apart by at most {apart:.0%} of the width"
    )


def main() -> None:
    rng = np.random.default_rng(20_240_501)
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; best of a few runs")
    benchmark_dsr(rng)
    for value_type in ("default", "rate"):
        benchmark_sii(rng, value_type)


if __name__ == "__main__":
    main()
