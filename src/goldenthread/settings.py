"""Where a deployment keeps its things, and how much of the machine it may use."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from goldenthread.errors import GoldenThreadError

FILE_NAME = "goldenthread.toml"


class SettingsError(GoldenThreadError):
    """A settings file that is missing or cannot be read."""


@dataclass(frozen=True)
class Settings:
    """A deployment: one folder with its settings, feeds, lake, vault, quarantine and reports.

    ``memory_mb`` and ``threads`` bound the refresh; ``synthetic`` puts the banner on every output.
    ``today`` is for synthetic systems, which live on a day of their own; real ones leave it out.
    ``agreements`` says what a practice that never decided shares: ``"required"`` (the rule of a real system) nothing,
    ``"recorded"`` (the rule of a synthetic one) everything until it says otherwise. See docs/governance.md.
    ``opt_out_days`` is how long an answer about national data opt-outs may be kept.
    ``web`` is the section [web]: see docs/serve.md.
    """

    home: Path
    name: str = "Golden Thread"
    system: str = ""
    feeds: Path = field(default=Path("feeds"))
    memory_mb: int = 3000
    threads: int = field(default_factory=lambda: os.cpu_count() or 2)
    synthetic: bool = False
    today: date | None = None
    agreements: str = ""
    opt_out_days: int = 7
    linkage: dict[str, Any] = field(default_factory=dict)
    web: dict[str, Any] = field(default_factory=dict)

    @property
    def agreements_required(self) -> bool:
        """Whether a practice must have agreed before its people are asked about."""
        return self.agreements == "required" or (not self.agreements and not self.synthetic)

    @property
    def feeds_dir(self) -> Path:
        """Folder that raw feeds arrive in: one subfolder per feed and sending organisation."""
        return self.feeds if self.feeds.is_absolute() else self.home / self.feeds

    @property
    def lake_dir(self) -> Path:
        """Snapshots of the pseudonymised store."""
        return self.home / "lake"

    @property
    def vault_dir(self) -> Path:
        """Encrypted identities and the key file; readable by the owner alone."""
        return self.home / "vault"

    @property
    def quarantine_dir(self) -> Path:
        """Rows that could not be accepted: they hold identifiers, so readable by the owner alone."""
        return self.home / "quarantine"

    @property
    def work_dir(self) -> Path:
        """Accepted feeds in pseudonymised form, kept so that unchanged files are not read again."""
        return self.home / "work"

    @property
    def web_dir(self) -> Path:
        """Accounts, sessions and saved work of the browser; readable by the owner alone."""
        return self.home / "web"

    @property
    def reports_dir(self) -> Path:
        """Load and linkage reports: aggregate figures only."""
        return self.home / "reports"


def load_settings(home: Path | str) -> Settings:
    """Read ``goldenthread.toml`` in ``home``.

    Raises ``SettingsError`` where the folder has no settings file or the file is not valid TOML.
    """
    folder = Path(home).expanduser().resolve()
    path = folder / FILE_NAME
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(
            f"{folder} is not a Golden Thread folder: it has no {FILE_NAME}.",
            "Make one with `goldenthread init FOLDER`, or name yours with --home.",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}.", "Check who owns the folder, and its permissions."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Correct the file, then try again.") from None
    if unknown := sorted(set(raw) - set(_TYPES)):
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}.", f"Use one of {sorted(_TYPES)}.")
    _check_types(path, raw)
    if "feeds" in raw:
        raw["feeds"] = Path(raw["feeds"])
    return Settings(home=folder, **raw)


_TYPES: dict[str, tuple[type, str]] = {
    "name": (str, "text in quotes"),
    "system": (str, "text in quotes"),
    "feeds": (str, "a folder in quotes"),
    "memory_mb": (int, "a whole number of megabytes"),
    "threads": (int, "a whole number"),
    "synthetic": (bool, "true or false"),
    "today": (date, "a date such as 2026-10-31, without quotes"),
    "agreements": (str, '"required" or "recorded"'),
    "opt_out_days": (int, "a whole number of days"),
    "linkage": (dict, "a section [linkage]"),
    "web": (dict, "a section [web]"),
}


def _check_types(path: Path, raw: dict[str, Any]) -> None:
    for key, value in raw.items():
        kind, words = _TYPES[key]
        whole = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if key == "agreements" and value not in ("required", "recorded"):
            whole = False
        if not whole or (kind is int and value < 1):
            raise SettingsError(
                f"{path}: {key} = {value!r} is not {words}.", "Correct the line, then try again."
            )
