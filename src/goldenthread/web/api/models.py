"""Tokens: what a program shows instead of a password."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Token(models.Model):
    """One program's way in, for one person's role, scope and purpose. Only a hash of the secret is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=40)
    scope = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateField()
    ended = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.name}"

    @property
    def works(self) -> bool:
        """Whether it has neither ended nor expired; it works on its last day."""
        return self.ended is None and self.expires >= timezone.localdate()
