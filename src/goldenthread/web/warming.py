"""Work out the figures of standing pages before anybody asks for them: after a start, and after each new snapshot.

``python -m goldenthread.web.warming HOME``: the results go to the cache on the disk, where the server finds them.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from goldenthread.errors import GoldenThreadError

RECIPIENT = "standing figures"
KINDS = ("system", "place", "pcn")


def warm() -> int:
    """Profiles of the system, its places and networks; how many were worked out or stood already."""
    from goldenthread.web.site.data import editions
    from goldenthread.web.understand.profile import content_of

    done = 0
    for scope in editions().current().tree:
        if scope.kind in KINDS:
            with suppress(GoldenThreadError):  # its page says why
                content_of(scope, RECIPIENT)
                done += 1
    return done


def main() -> None:
    """Warm one deployment."""
    from goldenthread.web.command import set_up

    set_up(Path(sys.argv[1]), files=False)
    with suppress(GoldenThreadError):
        warm()


if __name__ == "__main__":
    main()
