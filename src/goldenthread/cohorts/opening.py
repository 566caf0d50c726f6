"""From a deployment's folder to a population that can be asked."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path

from goldenthread.cohorts.population import Population
from goldenthread.definitions import Catalogue, load_catalogue
from goldenthread.disclosure import Ledger
from goldenthread.governance import Purpose, sharing_of
from goldenthread.lake import Lake, Snapshot
from goldenthread.settings import Settings

LEDGER = Path("disclosure") / "ledger.sqlite"


def own_definitions(settings: Settings) -> Path:
    """The deployment's own definitions and codelists, beside or instead of those shipped; the folder may not exist."""
    return settings.home / "definitions"


def catalogue_of(settings: Settings) -> Catalogue:
    """The shipped definitions and the deployment's own."""
    own = own_definitions(settings)
    return load_catalogue(own) if own.is_dir() else load_catalogue()


def population_of(
    settings: Settings,
    *,
    purpose: str | Purpose = "planning",
    index_date: date | None = None,
    recipient: str = "",
    catalogue: Catalogue | None = None,
    snapshot: Snapshot | None = None,
) -> Population:
    """The people of a deployment that ``purpose`` may ask about on ``index_date`` (the data date if not said).

    ``snapshot`` is the one in force unless said: whoever opens several populations at different moments says which.

    What practices share is read from the register before every question. Answers are remembered in the deployment's ledger under ``recipient`` (the user's name if not said).
    """
    data = snapshot if snapshot is not None else Lake(settings.lake_dir).current()
    return Population(
        data,
        catalogue if catalogue is not None else catalogue_of(settings),
        purpose=purpose,
        index_date=index_date,
        ledger=ledger_of(settings, data),
        recipient=recipient or user_name(),
        sharing=lambda: sharing_of(settings, data, purpose),
        memory_mb=settings.memory_mb,
        threads=settings.threads,
    )


def ledger_of(settings: Settings, snapshot: Snapshot) -> Ledger:
    """What was already answered to whom, in this deployment."""
    path = settings.home / LEDGER
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return Ledger(path, snapshot=snapshot.id, people=max(snapshot.people, 1))


def user_name() -> str:
    """Who asks, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "somebody"
