"""The app of workshops."""

from django.apps import AppConfig


class WorkshopConfig(AppConfig):
    """Registered as ``workshop``."""

    name = "goldenthread.web.workshop"
    label = "workshop"
