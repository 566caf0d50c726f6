"""How many random sequences of acts the state machines try: few in every run of the tests, ten thousand by `benchmarks/sequences.py`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def sequences(usual: int, steps: int) -> settings:
    """Settings of a state machine: ``usual`` sequences of up to ``steps`` acts, or as many as GOLDENTHREAD_SEQUENCES says."""
    many = int(os.environ.get("GOLDENTHREAD_SEQUENCES", usual))
    return settings(
        max_examples=many,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
