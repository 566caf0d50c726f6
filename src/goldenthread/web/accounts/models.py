"""People with accounts, and the roles they hold, for whom and until when."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone


class Users(BaseUserManager["User"]):
    """Makes accounts."""

    def create_user(self, username: str, password: str | None = None, **more: Any) -> User:
        """An account; without a password it can only sign in through the identity provider."""
        user = self.model(username=username.strip().lower(), **more)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """By user name, in whatever case it is typed."""
        return self.get(username=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Somebody who can sign in. Their NHS number or address is never here."""

    username = models.CharField("user name", max_length=80, unique=True)
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    subject = models.CharField("subject at the identity provider", max_length=200, blank=True, db_index=True)
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now)

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
