"""Which snapshot a page shows: one throughout, and a new one as soon as it can be asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldenthread.lake import Lake
from goldenthread.settings import Settings, load_settings
from goldenthread.web.site import data
from goldenthread.web.site.data import Edition, Editions
from tests.cohorts.conftest import town


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A town of 120 people."""
    (tmp_path / "goldenthread.toml").write_text('name = "Town"\nthreads = 1\nagreements = "recorded"\n')
    town(tmp_path / "lake")
    return load_settings(tmp_path)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_LOOK_SECONDS", 0.0)


def land(settings: Settings) -> str:
    """The next refresh: the same people, a snapshot of its own."""
    return town(settings.lake_dir).id


def prepare(settings: Settings) -> None:
    """What the helper beside the server does first."""
    now = Editions(settings).current()
    assert now.population("planning", "a helper").cohort("age >= 65").size > 0


def test_an_edition_keeps_its_own_snapshot_for_every_purpose(settings: Settings) -> None:
    edition = Editions(settings).current()
    land(settings)
    assert edition.population("research", "somebody").snapshot.id == edition.snapshot.id


def test_a_new_snapshot_is_seen_at_the_next_request(settings: Settings) -> None:
    editions = Editions(settings)
    before = editions.current().snapshot.id
    after = land(settings)
    assert editions.current().snapshot.id == after != before


def test_where_a_helper_prepares_it_a_new_snapshot_is_shown_once_its_facts_are_worked_out(
    settings: Settings,
) -> None:
    editions = Editions(settings, prepared=True)
    before = editions.current().snapshot.id
    after = land(settings)
    assert [editions.current().snapshot.id for _ in range(3)] == [before] * 3
    prepare(settings)
    assert editions.current().snapshot.id == after


def test_of_two_new_snapshots_the_later_one_is_waited_for(settings: Settings) -> None:
    editions = Editions(settings, prepared=True)
    before = editions.current().snapshot.id
    land(settings)
    assert editions.current().snapshot.id == before
    latest = land(settings)
    assert editions.current().snapshot.id == before
    prepare(settings)
    assert editions.current().snapshot.id == latest


def test_it_is_not_waited_for_ever(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    editions = Editions(settings, prepared=True)
    editions.current()
    after = land(settings)
    editions.current()
    monkeypatch.setattr(data, "PATIENCE_SECONDS", -1.0)
    assert editions.current().snapshot.id == after


def test_a_snapshot_that_was_pruned_is_not_shown_any_longer(settings: Settings) -> None:
    editions = Editions(settings, prepared=True)
    before = editions.current().snapshot
    after = land(settings)
    shutil.rmtree(before.path)
    assert editions.current().snapshot.id == after


def test_changed_definitions_of_the_same_data_are_seen_at_once(settings: Settings) -> None:
    editions = Editions(settings, prepared=True)
    before: Edition = editions.current()
    own = settings.home / "definitions" / "cohorts"
    own.mkdir(parents=True)
    (own / "own.toml").write_text(
        '[elders]\nrule = "80 or over"\nexpression = "age >= 80"\nsource = "Ours"\n'
    )
    assert "elders" in editions.current().catalogue.cohorts
    assert editions.current().snapshot.id == before.snapshot.id == Lake(settings.lake_dir).current().id
