"""The app of governance."""

from importlib import import_module

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registered as ``governance_pages``."""

    name = "goldenthread.web.governance"
    label = "governance_pages"

    def ready(self) -> None:
        """Add the hub's cards."""
        import_module("goldenthread.web.governance.cards")
