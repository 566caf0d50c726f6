"""The app of theographs."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Registered as ``people``."""

    name = "goldenthread.web.people"
    label = "people"
