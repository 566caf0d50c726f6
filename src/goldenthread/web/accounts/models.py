"""People with accounts, and the roles they hold, for whom and until when."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from goldenthread.governance import holds_nhs_number

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]*")


def _plain_name(username: str) -> None:
    """User names stand in the audit log and the ledger: letters, digits and . _ @ + - only, and never an NHS number."""
    if not _PLAIN_NAME.fullmatch(username):
        raise ValidationError("Use letters, digits and . _ @ + - only, beginning with a letter or digit.")
    if holds_nhs_number(username):
        raise ValidationError("A user name cannot hold an NHS number.")


class Users(BaseUserManager["User"]):
    """Makes accounts."""

    def create_user(self, username: str, password: str | None = None, **more: Any) -> User:
        """An account; without a password it can only sign in through the identity provider."""
        user = self.model(username=username.strip().lower(), **more)
        user.set_password(password)
        user.password_set = timezone.now() if password else None
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """By user name, in whatever case it is typed."""
        return self.get(username=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Somebody who can sign in. Their NHS number or address is never here."""

    username = models.CharField("user name", max_length=80, unique=True, validators=[_plain_name])
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    subject = models.CharField("subject at the identity provider", max_length=200, blank=True, db_index=True)
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now)
    password_set = models.DateTimeField("password set", null=True, blank=True)
    must_change_password = models.BooleanField("must choose a password of their own", default=False)

    objects = Users()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.username

    def assignments_now(self) -> models.QuerySet[Assignment]:
        """The roles held today."""
        today = timezone.localdate()
        return self.assignments.filter(starts__lte=today).filter(
            models.Q(ends__isnull=True) | models.Q(ends__gte=today)
        )


class Assignment(models.Model):
    """One role, for one scope, from a day until a day (open where blank)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assignments")
    role = models.CharField(max_length=40)
    scope = models.CharField(max_length=40, default="system")
    starts = models.DateField(default=timezone.localdate)
    ends = models.DateField(null=True, blank=True)
    granted_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.scope}"


class Barrier(models.Model):
    """Failed sign-ins for one user name or from one address. The key is a keyed hash: what was typed is not kept."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.failures}"
