"""The app of governance."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registered as ``governance_pages``."""

    name = "goldenthread.web.governance"
    label = "governance_pages"

    def ready(self) -> None:
        """Add the hub's cards."""
        from goldenthread.web.governance import cards  # noqa: F401
