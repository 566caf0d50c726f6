"""A form that arrived after its sender was locked out: kept in the page, sealed, for that sender alone."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import signing
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse

KEPT_FOR = 12 * 3600
LARGEST = 700_000
"""Characters of a sealed form: it must come back inside another form, whose limit is a million."""
LAST_USER = "gt_last"
_NEVER = {"csrfmiddlewaretoken", "kept"}


@dataclass(frozen=True)
class Kept:
    """What somebody was sending: to which address, which fields, and the names of files that could not be kept."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Fields with their names in words, without empty and technical ones."""
        return [
            (name.replace("_", " ").replace("-", " ").capitalize(), value)
            for name, value in self.fields
            if value.strip()
        ]


def keep(request: HttpRequest, user_id: int | None) -> str:
    """Seal what a request sends, for one user; empty where it is not known whose it is or where it is too large."""
    if request.method != "POST" or user_id is None:
        return ""
    try:
        sent = request.POST
        files = tuple(f"{name}: {file.name}" for name, file in request.FILES.items())
    except (RequestDataTooBig, TooManyFieldsSent):
        return ""
    fields = [
        (name, value)
        for name, values in sent.lists()
        if name not in _NEVER and "password" not in name.lower()
        for value in values
    ]
    content = {"path": request.get_full_path(), "fields": fields, "files": files}
    text = _box(user_id).encrypt(zlib.compress(json.dumps(content).encode())).decode()
    return text if len(text) <= LARGEST else ""


def opened(text: str, user_id: int) -> Kept | None:
    """What was kept, where it was this user's and not too long ago; ``None`` for anybody else."""
    if not text or len(text) > LARGEST:
        return None
    try:
        plain = _box(user_id).decrypt(text.encode(), ttl=KEPT_FOR)
        content: dict[str, Any] = json.loads(zlib.decompress(plain))
    except (InvalidToken, ValueError, zlib.error):
        return None
    path = str(content["path"])
    if not path.startswith("/") or path.startswith("//"):
        return None
    return Kept(path, tuple((str(n), str(v)) for n, v in content["fields"]), tuple(content["files"]))


def remember_user(response: HttpResponse, user_id: int) -> None:
    """Note who signed in here last, signed: a session that has ended no longer says whose form arrives."""
    response.set_signed_cookie(
        LAST_USER,
        str(user_id),
        salt=LAST_USER,
        max_age=KEPT_FOR,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def last_user(request: HttpRequest) -> int | None:
    """Who signed in last from this browser, where that is less than a working day ago."""
    try:
        return int(request.get_signed_cookie(LAST_USER, salt=LAST_USER, max_age=KEPT_FOR))
    except (KeyError, ValueError, signing.BadSignature):
        return None


def _box(user_id: int) -> Fernet:
    """A key of each user's own, derived from the site's secret: another user's session cannot open it."""
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=f"goldenthread kept form {user_id}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))
