"""The app of understanding."""

from django.apps import AppConfig


class UnderstandConfig(AppConfig):
    """Registered as ``understand``."""

    name = "goldenthread.web.understand"
    label = "understand"

    def ready(self) -> None:
        """Add the hub's cards."""
        from goldenthread.web.understand import cards  # noqa: F401
