"""Many guesses at the same moment are as many failures."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from goldenthread.web.accounts import lockout
from goldenthread.web.accounts.models import Barrier


@pytest.fixture
def site(tables: None) -> Iterator[None]:
    """Threads see what is committed only: nothing is rolled back here, but cleared away."""
    Barrier.objects.all().delete()
    yield
    Barrier.objects.all().delete()


def test_guesses_at_the_same_moment_are_all_counted(site: None) -> None:
    def guess(_: int) -> int:
        try:
            return lockout.take_attempt("anna", "10.0.0.1")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(guess, range(24)))
    assert sum(1 for wait in waits if wait == 0) == lockout.NAME.free
    assert all(0 < wait <= 60 for wait in waits if wait)
    assert {b.failures for b in Barrier.objects.all()} == {lockout.NAME.free}
