"""Feeds as agreements name them, and the tables that rest on each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from goldenthread.errors import did_you_mean
from goldenthread.governance.errors import GovernanceError

ALL_FEEDS = "*"


@dataclass(frozen=True)
class Feed:
    """One feed: ``tables`` are those of the model that rest on it."""

    name: str
    title: str
    tables: frozenset[str]


@cache
def feeds() -> Mapping[str, Feed]:
    """Every feed by name."""
    raw = tomllib.loads(files("goldenthread.governance").joinpath("feeds.toml").read_text("utf-8"))
    return MappingProxyType({n: Feed(n, f["title"], frozenset(f["tables"])) for n, f in raw.items()})


def feed_name(name: str) -> str:
    """The name of a feed, or ``*`` for all of them.

    >>> feed_name(" ECDS "), feed_name("all")
    ('ecds', '*')
    """
    key = name.strip().lower()
    if key in (ALL_FEEDS, "all"):
        return ALL_FEEDS
    if key in feeds():
        return key
    remedy = did_you_mean(key, feeds(), then=f"Feeds: all, {', '.join(feeds())}.")
    raise GovernanceError(f"There is no feed {name!r}.", remedy)


def feeds_of(tables: Iterable[str]) -> frozenset[str]:
    """The feeds that these tables rest on.

    >>> sorted(feeds_of(["gp_event", "admission", "practice"]))
    ['apc', 'gp']
    """
    wanted = set(tables)
    return frozenset(f.name for f in feeds().values() if f.tables & wanted)
