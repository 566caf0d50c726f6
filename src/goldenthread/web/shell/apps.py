"""The app of the frame."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    """Registered as ``shell``."""

    name = "goldenthread.web.shell"
    label = "shell"
