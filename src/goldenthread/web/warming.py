"""Work out the figures of standing pages before anybody asks for them: after a start, and after each new snapshot.

``python -m goldenthread.web.warming HOME``: the results go to the cache on the disk, where the server finds them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from goldenthread.cohorts import Scope
from goldenthread.errors import GoldenThreadError

RECIPIENT = "standing figures"
KINDS = ("system", "place", "pcn")
SMALL = ("practice",)
"""Of these only the profile, and last: there are many, and each is looked at by few."""


def warm(wanted_still: Callable[[], bool] = lambda: True) -> int:
    """The pages of understanding as they first open, for the system, its places and networks, and profiles of practices; how many stand.

    ``wanted_still`` is asked before each page: nobody works for a server that has gone.

    All profiles first: it is where people begin. Where a newer snapshot has come meanwhile, its figures are worked out.
    """
    from goldenthread.web.site.data import editions
    from goldenthread.web.understand import coding, inequality, profile, segments

    tree = editions().current().tree
    scopes = [s for s in tree if s.kind in KINDS]
    pages: tuple[Callable[[Scope, str], object], ...] = (
        profile.content_of,
        inequality.content_of,
        segments.content_of,
        coding.content_of,
        inequality.core20_of,
    )
    wanted = [(content_of, scope) for content_of in pages for scope in scopes]
    wanted += [(profile.content_of, s) for s in tree if s.kind in SMALL]
    done = 0
    for content_of, scope in wanted:
        if not wanted_still():
            break
        with suppress(GoldenThreadError):  # its page says why
            content_of(scope, RECIPIENT)
            done += 1
    return done


def main() -> None:
    """Warm one deployment."""
    from goldenthread.web.command import set_up

    set_up(Path(sys.argv[1]), files=False)
    whoever_asked = os.getppid()
    with suppress(GoldenThreadError):
        warm(lambda: os.getppid() == whoever_asked)


if __name__ == "__main__":
    main()
