"""Questions that somebody kept."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class SavedQuestion(models.Model):
    """A cohort kept under a name, for one scope. Its people were frozen then; the version is a folder of the home's ``cohorts``.

    ``revision`` rises with every change, so that nobody overwrites what they have not seen.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="questions")
    name = models.CharField(max_length=120)
    expression = models.TextField()
    scope = models.CharField(max_length=40)
    shared = models.BooleanField(default=False)
    version = models.CharField(max_length=80)
    note = models.TextField(blank=True)
    saved = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)
    changed = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-saved"]

    def __str__(self) -> str:
        return self.name
