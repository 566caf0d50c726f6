"""Standing pages are worked out before anybody waits for them, and the helper notices a new snapshot soon."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from goldenthread.settings import load_settings
from goldenthread.web import helpers, warming
from goldenthread.web.site import caching
from goldenthread.web.understand import coding, inequality, profile, segments

PAGES = ("", "inequality/", "inequality/core20plus5/", "segments/", "coding/")


def test_first_visits_find_the_figures_there(
    client_for: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "KINDS", ("system",))
    monkeypatch.setattr(warming, "SMALL", ())
    assert warming.warm() == len(PAGES)
    caching._memory.clear()  # another process did it: what is on the disk is found

    def fail(*_: object) -> None:
        raise AssertionError("somebody waits for a figure")

    monkeypatch.setattr(profile, "_made", fail)
    monkeypatch.setattr(segments, "_made", fail)
    monkeypatch.setattr(coding, "_made", fail)
    monkeypatch.setattr(inequality, "_groups", fail)
    monkeypatch.setattr(inequality, "_core20", fail)
    client = client_for("analyst")
    for path in PAGES:
        assert client.get(f"/understand/system/{path}").status_code == 200, path
    hub = client.get("/").content.decode()
    assert "stand out" in hub or "What stands out" in hub


def test_nobody_works_for_a_server_that_has_gone(home: Path, tables: None) -> None:
    assert warming.warm(lambda: False) == 0


def test_the_helper_wakes_for_a_new_snapshot_and_not_before(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    (home / "goldenthread.toml").write_text('name = "Test"\n')
    settings = load_settings(home)
    assert helpers._in_force(settings) == ""
    (settings.lake_dir / "CURRENT").write_text("20261101T000000Z-abcdef\n")
    assert helpers._in_force(settings) == "20261101T000000Z-abcdef"
    began = time.monotonic()
    assert helpers._lives(os.getppid(), 60, lambda: True)
    assert helpers._lives(os.getppid(), 0.1, lambda: False)
    assert time.monotonic() - began < 20
    assert not helpers._lives(os.getpid(), 60, lambda: False), "its server is gone"
