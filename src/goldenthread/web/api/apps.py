"""The app of the API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registered as ``api``."""

    name = "goldenthread.web.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"
