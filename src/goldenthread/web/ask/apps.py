"""The app of questions."""

from django.apps import AppConfig


class AskConfig(AppConfig):
    """Registered as ``ask``."""

    name = "goldenthread.web.ask"
    label = "ask"

    def ready(self) -> None:
        """Add the hub's cards."""
        from goldenthread.web.ask import cards  # noqa: F401
