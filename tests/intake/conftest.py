"""Shared pieces: a deployment with small, known feeds, and one refresh of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from goldenthread.intake import RefreshReport, refresh
from goldenthread.lake import Lake
from goldenthread.settings import Settings
from goldenthread.vault import Keys, Vault


def _feedmaker() -> ModuleType:
    name = "intake_feedmaker"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("feedmaker.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


maker = _feedmaker()


class Deployment:
    """A folder with feeds, and what is needed to refresh it."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(home=home, memory_mb=500, threads=2)
        self.feeds = self.settings.feeds_dir
        self.lake = Lake(self.settings.lake_dir)
        self.keys = Keys(bytes(range(32)))
        self.people = maker.make_feeds(self.feeds)

    def refresh(self) -> RefreshReport:
        """Refresh once."""
        with Vault.open(self.settings.vault_dir, self.keys, create=True) as vault:
            return refresh(self.settings, lake=self.lake, vault=vault, keys=self.keys, today=maker.TODAY)


@pytest.fixture
def feedmaker() -> ModuleType:
    return maker


@pytest.fixture
def deployment(tmp_path: Path) -> Callable[..., Deployment]:
    """Make a deployment; each call another one."""

    def make(name: str = "home") -> Deployment:
        return Deployment(tmp_path / name)

    return make


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, RefreshReport]:
    """A deployment after its first refresh; tests must not change it."""
    made = Deployment(tmp_path_factory.mktemp("refreshed") / "home")
    return made, made.refresh()
