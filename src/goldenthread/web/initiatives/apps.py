"""The app of initiatives."""

from importlib import import_module

from django.apps import AppConfig


class InitiativesConfig(AppConfig):
    """Registered as ``initiatives``."""

    name = "goldenthread.web.initiatives"
    label = "initiatives"

    def ready(self) -> None:
        """Add the hub's cards."""
        import_module("goldenthread.web.initiatives.cards")
