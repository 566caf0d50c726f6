"""The app of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registered as ``accounts``."""

    name = "goldenthread.web.accounts"
    label = "accounts"
