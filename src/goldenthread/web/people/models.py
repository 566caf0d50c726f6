"""Openings of a person's page."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Opening(models.Model):
    """Somebody looks at one person, for a reason, for some hours. The token stands in the address; the person's number never does.

    The number means nothing outside its snapshot, so an opening ends with it.
    """

    token = models.CharField(max_length=43, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    snapshot = models.CharField(max_length=80)
    pid = models.PositiveIntegerField()
    scope = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=300, blank=True)
    expression = models.TextField(blank=True)
    restricted = models.BooleanField(default=False)
    opened = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-opened"]

    def __str__(self) -> str:
        return self.token[:6]
