"""The app of lists."""

from importlib import import_module

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """Registered as ``lists``."""

    name = "goldenthread.web.lists"
    label = "lists"

    def ready(self) -> None:
        """Add the hub's cards."""
        import_module("goldenthread.web.lists.cards")
