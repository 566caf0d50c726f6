"""The app of learning."""

from django.apps import AppConfig


class LearnConfig(AppConfig):
    """Registered as ``learn``."""

    name = "goldenthread.web.learn"
    label = "learn"
