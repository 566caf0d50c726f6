"""What the site takes from a deployment's folder and the environment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from goldenthread.settings import Settings, SettingsError, load_settings

DATABASE = "GOLDENTHREAD_DATABASE"
SECRET = "GOLDENTHREAD_SECRET_KEY"  # noqa: S105  the name of a variable
KNOWN = {
    "database", "hosts", "idle_minutes", "https", "oidc", "contact", "organisation", "proxy", "page_memory_mb",
}  # fmt: skip


def deployment() -> Settings:
    """The deployment that this process serves: the folder named by ``GOLDENTHREAD_HOME``."""
    home = os.environ.get("GOLDENTHREAD_HOME", "")
    if not home:
        raise SettingsError(
            "The site does not know which system to serve.",
            "Start it with `goldenthread serve --home FOLDER`, or set GOLDENTHREAD_HOME.",
        )
    settings = load_settings(home)
    if unknown := sorted(set(settings.web) - KNOWN):
        raise SettingsError(
            f"{settings.home / 'goldenthread.toml'}: unknown setting {unknown[0]!r} in [web].",
            f"Use one of {sorted(KNOWN)}.",
        )
    settings.web_dir.mkdir(mode=0o700, exist_ok=True)
    return settings


def secret_key(settings: Settings) -> str:
    """The key that signs cookies: from the environment, or a file made at first use and readable by its owner alone."""
    if given := os.environ.get(SECRET, ""):
        if len(given) < 32:
            raise SettingsError(f"{SECRET} is shorter than 32 characters.", "Make a longer one at random.")
        return given
    path = settings.web_dir / "secret.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} can be read by others.", f"Run: chmod 600 {path}") from None
        return _text(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(48))
    return _text(path)


def database(settings: Settings) -> dict[str, Any]:
    """Django's description of the database: SQLite in the folder, or PostgreSQL by one address.

    The address is ``postgresql://user:password@host:port/name``, from ``GOLDENTHREAD_DATABASE`` or ``[web] database``;
    a socket folder is given as ``?host=/run/postgresql``.
    """
    address = os.environ.get(DATABASE, "") or str(settings.web.get("database", ""))
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": settings.web_dir / "web.sqlite3",
            # writers queue instead of failing, and readers never wait for them
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(address)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise SettingsError(
            "The address of the database is not understood.",
            "Write postgresql://user:password@host:port/name, or leave it out for SQLite.",
        )
    more = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": more.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or more.pop("port", "")),
        "OPTIONS": more,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _text(path: Path) -> str:
    return path.read_text("ascii").strip()
