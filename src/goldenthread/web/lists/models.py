"""What is recorded on a list. A person is a token here; who it is stays with the key service."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from goldenthread.web.lists.choices import STATUSES


class WorkList(models.Model):
    """One practice's part of a release, once it was opened: who keeps it."""

    release = models.CharField(max_length=40)
    practice = models.CharField(max_length=12)
    issue = models.IntegerField(default=1)
    opened = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["release", "practice"], name="one_list_a_practice")
        ]


class Item(models.Model):
    """One person on a list, by token."""

    work = models.ForeignKey(WorkList, on_delete=models.CASCADE, related_name="items")
    token = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=20, default="new", choices=list(STATUSES.items()))
    left_as = models.CharField(
        max_length=20, blank=True
    )  # the status to which somebody who is "gone" comes back
    reason = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    needs = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=60, blank=True)
    assigned = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    due = models.DateField(null=True, blank=True)
    booked = models.DateField(null=True, blank=True)
    mdt = models.DateField(null=True, blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    reviewed_by = models.CharField(max_length=120, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]


class Attempt(models.Model):
    """One attempt to reach a person."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="attempts")
    on = models.DateField()
    kind = models.CharField(max_length=20)
    result = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    by = models.CharField(max_length=120)
    recorded = models.DateTimeField(default=timezone.now)
    returned = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["on", "id"]
