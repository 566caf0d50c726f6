"""How many questions one account may ask of the API in a minute, so that nobody's program slows a clinic down."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

PER_MINUTE = 120
FILES_PER_MINUTE = 20
_MOST_ACCOUNTS = 5000


class Bucket:
    """A leaky bucket for each account: bursts up to the limit, then a steady drip."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, per_minute: int, now: float | None = None) -> int:
        """0 where the question may be asked (and is counted); otherwise the seconds to wait.

        >>> bucket = Bucket()
        >>> [bucket.wait("anna", 2, now=100.0) for _ in range(3)]
        [0, 0, 30]
        >>> bucket.wait("anna", 2, now=131.0)
        0
        """
        moment = time.monotonic() if now is None else now
        rate = per_minute / 60
        with self._lock:
            level, before = self._levels.pop(key, (0.0, moment))
            level = max(0.0, level - (moment - before) * rate)
            full = level + 1 > per_minute
            self._levels[key] = (level if full else level + 1, moment)
            while len(self._levels) > _MOST_ACCOUNTS:
                self._levels.popitem(last=False)
        return max(1, int((level + 1 - per_minute) / rate + 0.999)) if full else 0


bucket = Bucket()
