"""Everything that changes accounts and sessions. Each act leaves a line in the audit log."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from goldenthread.cohorts import CohortError, Scope, ScopeTree
from goldenthread.web.accounts import lockout, sessions
from goldenthread.web.accounts.demo_users import forget_password
from goldenthread.web.accounts.errors import AccountError
from goldenthread.web.accounts.models import Assignment, User
from goldenthread.web.accounts.passwords import new_password
from goldenthread.web.accounts.records import note
from goldenthread.web.accounts.roles import ROLES
from goldenthread.web.accounts.working import SESSION_KEY, Working, held_in

WRONG = "The user name or the password is not right."


class WrongPasswordError(AccountError):
    """A name and a password that do not go together; whether the account exists is not said."""


class WaitingError(AccountError):
    """Too many failures: nothing is looked at until the wait is over."""


def check_password(request: HttpRequest, username: str, password: str) -> User:
    """The user of a name and password. Failures are counted first; ``WaitingError`` or ``WrongPasswordError`` otherwise."""
    address = lockout.address_of(request)
    wait = lockout.take_attempt(username, address)
    if wait:
        raise WaitingError(f"Too many attempts. Try again in {lockout.wait_words(wait)}.")
    user = authenticate(request, username=username, password=password[:500])
    known = User.objects.filter(username=username).first()
    if user is None:
        stopped = lockout.waits_for(username)
        action = "account.locked_out" if stopped else "account.sign_in_failed"
        note(action, known, subject="" if known else "no such account", seconds=stopped)
        raise WrongPasswordError(WRONG)
    lockout.forgive(username, address)
    return user


def sign_in(request: HttpRequest, user: User, how: str, held: dict[str, Any] | None = None) -> None:
    """Begin a session. ``held`` is what the identity provider said that must last as long as the session."""
    note("account.signed_in", user, how=how)
    sessions.begin(request, user)
    request.session.update(held or {})


def unlock_session(request: HttpRequest, user: User, password: str) -> None:
    """Open a locked session again."""
    check_password(request, user.username, password)
    note("account.unlocked_session", user)
    sessions.reopen(request)


def sign_out(request: HttpRequest) -> None:
    """End the session, locked or not."""
    user = getattr(request, "locked_user", None) or request.user
    if isinstance(user, User):
        note("account.signed_out", user)
    logout(request)


def choose_role(request: HttpRequest, key: str) -> Assignment:
    """Work in another of one's own roles from now on, under a new session key."""
    user = request.user
    found = held_in(request, user).get(key)
    if found is None:
        raise AccountError("You do not hold this role today.", "Choose one from the list.")
    note("account.role_chosen", user, subject=f"{found.role} {found.scope}")
    request.session[SESSION_KEY] = key
    request.session.cycle_key()
    return found


def change_password(request: HttpRequest, old: str, new: str, again: str) -> None:
    """A password of one's own; every other session of the account ends."""
    user: User = request.user
    check_password(request, user.username, old)
    if new != again:
        raise AccountError("The two new passwords are not the same.", "Type the new password twice.")
    if new == old:
        raise AccountError("The new password is the old one.", "Choose another.")
    _set_password(user, new, must_change=False)
    note("account.password_changed", user)
    update_session_auth_hash(request, user)


def check_new_password(user: User, password: str) -> None:
    """Raise ``AccountError`` that says why a password will not do."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountError(
            " ".join(error.messages), "Choose another: three or four words make a good one."
        ) from None
    if len(password) > 500:
        raise AccountError("The password is longer than 500 characters.", "Choose a shorter one.")


def add_person(
    by: Working | str,
    username: str,
    name: str,
    *,
    email: str = "",
    subject: str = "",
    password: str | None = None,
) -> tuple[User, str]:
    """Make an account, and a password for the first sign-in where none was given; it must then be changed.

    An account with a ``subject`` and no password signs in at the identity provider only.
    """
    username, name = username.strip().lower(), name.strip()
    if not name:
        raise AccountError("The person's name is missing.", "Say who the account is for.")
    if User.objects.filter(username=username).exists():
        raise AccountError(f"The user name {username!r} is taken.", "Choose another.")
    if subject and User.objects.filter(subject=subject).exists():
        raise AccountError("Another account has this subject already.", "Correct it.")
    made = password
    if made is None and not subject:
        made = new_password()
    draft = User(username=username, name=name, email=email)
    if made is not None:
        check_new_password(draft, made)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, made, name=name, email=email, subject=subject)
            user.must_change_password = made is not None and password is None
            user.save(update_fields=["must_change_password"])
            note("account.added", by, subject=f"account:{username}")
    except ValidationError as error:
        raise AccountError(" ".join(error.messages), "Correct it, then try again.") from None
    return user, made or ""


def grant(
    by: Working | str,
    user: User,
    role: str,
    scope: str,
    *,
    starts: date | None = None,
    ends: date | None = None,
    tree: ScopeTree | None = None,
) -> Assignment:
    """Give somebody a role for a scope, from a day until a day. Nobody gives one to themselves."""
    _not_oneself(by, user, "give a role to")
    wanted, begins = check_role(role, scope, starts=starts, ends=ends, tree=tree)
    with transaction.atomic():
        made = Assignment.objects.create(
            user=user, role=role, scope=wanted.slug, starts=begins, ends=ends, granted_by=_name(by)
        )
        note("account.role_granted", by, subject=f"account:{user.username}", role_granted=role, scope_granted=wanted.slug,
             starts=begins, ends=ends)  # fmt: skip
    return made


def check_role(
    role: str,
    scope: str,
    *,
    starts: date | None = None,
    ends: date | None = None,
    tree: ScopeTree | None = None,
) -> tuple[Scope, date]:
    """The scope and first day of a role that can be given; ``AccountError`` for one that cannot."""
    if role not in ROLES:
        raise AccountError(f"There is no role {role!r}.", f"Use one of: {', '.join(ROLES)}.")
    try:
        wanted = Scope.parse(scope)
        if tree is not None:
            wanted = tree.get(wanted.slug)
    except CohortError as error:
        raise AccountError(error.message, error.remedy) from None
    if wanted.kind not in ROLES[role].kinds:
        raise AccountError(
            f"{ROLES[role].title} is not held for this kind of population.",
            f"It is held for: {', '.join(ROLES[role].kinds)}.",
        )
    begins = starts or timezone.localdate()
    if ends is not None and ends < begins:
        raise AccountError("The role would end before it begins.", "Correct the days.")
    return wanted, begins


def end_role(by: Working | str, assignment: Assignment) -> None:
    """End a role now: the next request no longer has it."""
    _not_oneself(by, assignment.user, "end a role of")
    with transaction.atomic():
        note("account.role_ended", by, subject=f"account:{assignment.user.username}", role_ended=assignment.role,
             scope_ended=assignment.scope)  # fmt: skip
        today = timezone.localdate()
        if assignment.starts >= today:
            assignment.delete()  # it never held a whole day
        else:
            assignment.ends = today - timedelta(days=1)
            assignment.save(update_fields=["ends"])


def set_active(by: Working | str, user: User, active: bool) -> None:
    """Switch an account off or on. Its sessions end at the next request."""
    _not_oneself(by, user, "switch off or on")
    with transaction.atomic():
        user.is_active = active
        user.save(update_fields=["is_active"])
        note("account.enabled" if active else "account.disabled", by, subject=f"account:{user.username}")


def unlock_person(by: Working | str, user: User) -> bool:
    """Let somebody try again at once; whether they were waiting."""
    note("account.wait_lifted", by, subject=f"account:{user.username}")
    return lockout.unlock(user.username)


def reset_password(by: Working | str, user: User, password: str | None = None) -> str:
    """A password for one sign-in, to be changed there; every session of the account ends."""
    _not_oneself(by, user, "reset the password of")
    made = password or new_password()
    _set_password(user, made, must_change=True)
    note("account.password_reset", by, subject=f"account:{user.username}")
    lockout.unlock(user.username)
    return made


def _set_password(user: User, password: str, *, must_change: bool) -> None:
    check_new_password(user, password)
    user.set_password(password)
    user.password_set = timezone.now()
    user.must_change_password = must_change
    user.save(update_fields=["password", "password_set", "must_change_password"])
    forget_password(settings.DEPLOYMENT, user.username)


def _not_oneself(by: Working | str, user: User, what: str) -> None:
    if isinstance(by, Working) and by.user.pk == user.pk:
        raise AccountError(f"You cannot {what} yourself.", "Ask another administrator.")


def _name(by: Working | str) -> str:
    return by.user.username if isinstance(by, Working) else by
