"""Figures that take long are worked out once for each state of the data; every visitor who may see them sees the same."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from goldenthread import __version__
from goldenthread.web.site.data import Edition, sharing_state

Made = TypeVar("Made")
ROOMS = (
    "charts", "cohorts", "definitions", "disclosure", "evaluation", "governance", "insight", "measures", "prediction", "programme", "statistics",
    "web",
)  # fmt: skip
"""Code that figures on pages come from."""
KEPT_IN_MEMORY = 400
KEPT_ON_DISK = 4000

_memory: OrderedDict[str, Any] = OrderedDict()
_making: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def remembered(edition: Edition, purpose: str, parts: tuple[str, ...], make: Callable[[], Made]) -> Made:
    """What ``make`` gives, remembered for this snapshot, these definitions and the agreements in force now.

    ``parts`` says what it is: the page, the scope, the choices. The result must be plain (text, numbers, dataclasses of
    these): rendered, not a released table, which cannot be kept. Two visitors who ask at once wait for one making.
    """
    key = _key(edition, purpose, parts)
    with _guard:
        if key in _memory:
            _memory.move_to_end(key)
            return _memory[key]
        lock = _making.setdefault(key, threading.Lock())
    with lock:
        with _guard:
            if key in _memory:
                return _memory[key]
        found = _from_disk(key)
        if found is None:
            found = make()
            _to_disk(key, found)
        with _guard:
            _memory[key] = found
            _making.pop(key, None)
            while len(_memory) > KEPT_IN_MEMORY:
                _memory.popitem(last=False)
    return found


def already_made(edition: Edition, purpose: str, parts: tuple[str, ...]) -> Any:
    """What is remembered under the same name; ``None`` where nobody has worked it out yet, for those who need not wait for it."""
    key = _key(edition, purpose, parts)
    with _guard:
        if key in _memory:
            return _memory[key]
    found = _from_disk(key)
    if found is not None:
        with _guard:
            _memory[key] = found
    return found


def _key(edition: Edition, purpose: str, parts: tuple[str, ...]) -> str:
    state = (
        edition.snapshot.id,
        edition.catalogue.hash(),
        sharing_state(edition.settings, purpose),
        purpose,
        __version__,
        _code(),
        *parts,
    )
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


@cache
def _code() -> str:
    """Changes when the program does: what an older one rendered is not shown by a newer one."""
    folder = Path(__file__).resolve().parent.parent.parent
    total = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((folder / room).rglob("*")):
            if path.suffix in (".py", ".jinja", ".toml"):
                stat = path.stat()
                total.update(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}".encode())
    return total.hexdigest()


def _folder() -> Path:
    folder: Path = settings.DEPLOYMENT.web_dir / "cache"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _from_disk(key: str) -> Any:
    """A file that only this program's owner can write; a torn or unreadable one counts as none."""
    path = _folder() / key
    try:
        with path.open("rb") as stream:
            found = pickle.load(stream)  # noqa: S301  our own file, in a folder that only its owner can write
        os.utime(path)
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError):
        return None
    return found


def _to_disk(key: str, value: Any) -> None:
    folder = _folder()
    draft = folder / f".{key[:16]}.{secrets.token_hex(4)}"
    try:
        with draft.open("wb") as stream:
            pickle.dump(value, stream, protocol=5)
        os.replace(draft, folder / key)
    except OSError:  # a full disk costs time, not the page
        draft.unlink(missing_ok=True)
        return
    if secrets.randbelow(50) == 0:
        _prune(folder)


def _prune(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in files[KEPT_ON_DISK:]:
        path.unlink(missing_ok=True)
