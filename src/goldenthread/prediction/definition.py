"""Models as data files: what is predicted, from which facts, and what a fitted one must show before it is used."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldenthread.definitions import Catalogue, DefinitionError, Measure, Span
from goldenthread.definitions.expressions import Variable
from goldenthread.errors import did_you_mean

_TEXTS = ("title", "rule", "source", "outcome", "horizon", "gaps")
_LIMITS = ("events", "events_per_column", "auc", "slope", "overall", "group", "group_expected")
_KEYS = {*_TEXTS, "version", "penalty", "risk_bands", "gap_bands", "limits", "feature"}
_FEATURE_KEYS = {"fact", "words", "bands", "labels", "reference", "at_most", "missing"}
NO_FALLS = "NICE NG249, recommendation 1.1.1: do not use falls risk prediction tools to predict a person's risk of falling."


@dataclass(frozen=True)
class Feature:
    """A fact that a model uses.

    A truth is one column; a number is one column (never over ``at_most``, ``missing`` where there is none) or, with
    ``bands``, one column for each band but the ``reference``. ``bands`` are the least values of each band; what is
    under the first belongs to the first.
    """

    fact: str
    words: str
    bands: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    reference: str = ""
    at_most: float | None = None
    missing: float | None = None


@dataclass(frozen=True)
class Limits:
    """What must hold before a model is used.

    ``events`` people with the outcome at the least, both in fitting and in validation, and ``events_per_column`` for each
    column fitted; ``auc`` at the least; calibration ``slope`` and observed over expected ``overall`` and by ``group``
    between two figures. Groups with fewer than ``group_expected`` expected events are not judged.
    """

    events: int
    events_per_column: float
    auc: float
    slope: tuple[float, float]
    overall: tuple[float, float]
    group: tuple[float, float]
    group_expected: float


@dataclass(frozen=True)
class ModelDefinition:
    """A model as declared: ``outcome`` is the name of a measure, looked at ``horizon`` after the index date."""

    name: str
    title: str
    rule: str
    source: str
    version: str
    outcome: str
    horizon: Span
    penalty: float
    features: tuple[Feature, ...]
    limits: Limits
    gaps: str
    risk_bands: tuple[float, ...]
    gap_bands: tuple[int, ...]
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of the facts used, in order."""
        return tuple(f.fact for f in self.features)

    def hash(self) -> str:
        """Fingerprint of everything declared but the wording of the rule."""
        content = [self.name, {k: v for k, v in self.raw.items() if k not in ("rule", "title", "source")}]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def check(self, catalogue: Catalogue, known: Mapping[str, Variable]) -> None:
        """Raise ``DefinitionError``, with file and line, where a fact is unknown or cannot be used as declared."""
        here = _Place(Path(self.file), self.line, self.name)
        for one in self.features:
            _check_feature(one, known, here)
        outcome = catalogue.definitions.get(self.outcome)
        if not isinstance(outcome, Measure) or not outcome.table:
            raise here.error(
                f"has the outcome {self.outcome!r}, which is not a measure taken from a table.",
                _near(self.outcome, catalogue.measures),
                key="outcome",
            )
        text = f"{self.name} {self.title} {outcome.name} {' '.join(outcome.codes)}".replace("_", " ")
        if re.search(r"\bfall(s|en|ing|er|ers)?\b", text.lower()):
            raise here.error(
                "would predict falls.",
                f"{NO_FALLS} Use the falls case-finding cohort instead.",
                key="outcome",
            )
        if (
            outcome.within != self.horizon
            or outcome.until is not None
            or outcome.take not in ("count", "exists")
        ):
            raise here.error(
                f"looks {self.horizon.amount} {self.horizon.unit} ahead, but {self.outcome} does not count what happened in "
                "exactly that time up to its date.",
                'Name a measure with take = "count" or "exists" and `within` equal to the horizon.',
                key="outcome",
            )
        if self.gaps not in known or known[self.gaps].kind != "number":
            raise here.error(
                f"has gaps = {self.gaps!r}, which is not a number.", _near(self.gaps, known), key="gaps"
            )


@dataclass(frozen=True)
class _Place:
    path: Path
    line: int
    name: str

    def error(self, problem: str, remedy: str = "", *, key: str = "", value: str = "") -> DefinitionError:
        line = self.line
        if key:
            pattern = re.compile(rf"\s*{re.escape(key)}\s*=.*{re.escape(value)}")
            try:
                lines = self.path.read_text("utf-8").splitlines()
            except OSError:
                lines = []
            line = next((n for n, t in enumerate(lines, 1) if n >= self.line and pattern.match(t)), line)
        return DefinitionError(f"[{self.name}] {problem}", file=self.path, line=line, remedy=remedy)


def model_definition(catalogue: Catalogue, name: str = "emergency_admission") -> ModelDefinition:
    """The model called ``name`` from the ``models`` folders of a catalogue: a deployment's own, or the one shipped.

    Raises ``DefinitionError`` with file and line for a mistake in the file, or naming the models there are.
    """
    found = {m.name: m for m in model_definitions(catalogue)}
    if name not in found:
        raise DefinitionError(f"There is no model {name!r}.", remedy=f"Models: {', '.join(found) or 'none'}.")
    return found[name]


def model_definitions(catalogue: Catalogue) -> list[ModelDefinition]:
    """Every model from the ``models`` folders of a catalogue, by name. Raises ``DefinitionError`` for a mistake in a file."""
    found: dict[str, ModelDefinition] = {}
    for folder in catalogue.folders:
        for path in sorted((folder / "models").glob("*.toml")):
            found.update({d.name: d for d in read_models(path)})
    return [found[name] for name in sorted(found)]


def read_models(path: Path) -> list[ModelDefinition]:
    """The models declared in one file. Raises ``DefinitionError`` at the first mistake."""
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else 1
        raise DefinitionError(f"This is not valid TOML: {error}.", file=path, line=line) from None
    lines = text.splitlines()
    models = []
    for name, entry in raw.items():
        line = next((n for n, t in enumerate(lines, 1) if t.strip() == f"[{name}]"), 1)
        models.append(_read(_Place(path, line, name), entry))
    return models


def _read(here: _Place, entry: Any) -> ModelDefinition:
    if not isinstance(entry, dict):
        raise here.error("stands outside any model.", "Begin with [name].")
    if unknown := sorted(set(entry) - _KEYS):
        raise here.error(f"has an unknown key {unknown[0]!r}.", _near(unknown[0], _KEYS), key=unknown[0])
    for key in _TEXTS:
        if not str(entry.get(key, "")).strip():
            raise here.error(f"has no {key}.")
    try:
        horizon = Span.read(entry["horizon"])
    except (ValueError, AttributeError):
        raise here.error(
            f"has the horizon {entry['horizon']!r}.", 'Write "12 months".', key="horizon"
        ) from None
    if horizon.unit != "months":
        raise here.error("needs a horizon in months.", 'Write "12 months".', key="horizon")
    features = tuple(_feature(one, here) for one in entry.get("feature", ()))
    if not features:
        raise here.error("has no features.", "Add [[name.feature]] with a fact and words.")
    twice = [f.fact for f in features if sum(f.fact == g.fact for g in features) > 1]
    if twice:
        raise here.error(f"uses {twice[0]} twice.", "Keep one.", key="fact", value=f'"{twice[0]}"')
    penalty = entry.get("penalty", 1.0)
    if not isinstance(penalty, int | float) or penalty <= 0:
        raise here.error("needs a penalty above nought.", key="penalty")
    return ModelDefinition(
        name=here.name, title=entry["title"], rule=entry["rule"], source=entry["source"], outcome=entry["outcome"],
        version=str(entry.get("version", "1")), horizon=horizon, penalty=float(penalty), features=features,
        limits=_limits(entry.get("limits"), here), gaps=entry["gaps"],
        risk_bands=_rising(entry, "risk_bands", here), gap_bands=tuple(int(g) for g in _rising(entry, "gap_bands", here)),
        file=str(here.path), line=here.line, raw=entry,
    )  # fmt: skip


def _rising(entry: Mapping[str, Any], key: str, here: _Place) -> tuple[float, ...]:
    values = entry.get(key)
    numbers = isinstance(values, list) and all(isinstance(v, int | float) for v in values)
    if not numbers or not values or sorted(set(values)) != values or values[0] <= 0:
        raise here.error(f"needs {key}: rising numbers above nought.", key=key)
    return tuple(values)


def _feature(one: Mapping[str, Any], here: _Place) -> Feature:
    fact = str(one.get("fact", ""))
    if wrong := sorted(set(one) - _FEATURE_KEYS):
        raise here.error(
            f"has an unknown key {wrong[0]!r} in a feature.", _near(wrong[0], _FEATURE_KEYS), key=wrong[0]
        )
    if not fact or not one.get("words"):
        raise here.error(
            "has a feature without `fact` or `words`.",
            "Every feature says which fact it is, and what that means.",
        )
    bands, labels = tuple(one.get("bands", ())), tuple(one.get("labels", ()))
    if bands:
        if list(bands) != sorted(set(bands)) or len(bands) < 2:
            raise here.error(f"has bands of {fact} that do not rise.", key="fact", value=f'"{fact}"')
        labels = labels or tuple(
            f"{low:g} and over"
            if high is None
            else f"{low:g}"
            if high - low == 1
            else f"{low:g} to {high - 1:g}"
            for low, high in zip(bands, [*bands[1:], None], strict=True)
        )
        if len(labels) != len(bands) or one.get("reference") not in labels:
            raise here.error(
                f"needs a label for every band of {fact}, and one of them as its reference.",
                f"Bands: {', '.join(labels)}.",
                key="fact",
                value=f'"{fact}"',
            )
    return Feature(
        fact, str(one["words"]), bands, labels, str(one.get("reference", "")), one.get("at_most"), one.get("missing")
    )  # fmt: skip


def _limits(raw: Any, here: _Place) -> Limits:
    if not isinstance(raw, dict) or set(raw) != set(_LIMITS):
        raise here.error(
            f"needs limits, each of {', '.join(_LIMITS)}.", "Nothing about fitness for use is assumed."
        )
    for key in ("slope", "overall", "group"):
        pair = raw[key]
        if not isinstance(pair, list) or len(pair) != 2 or not 0 < pair[0] <= 1 <= pair[1]:
            raise here.error(
                f"has limits.{key} = {pair!r}.", "Write two figures with 1 between them.", key=key
            )
    return Limits(
        int(raw["events"]), float(raw["events_per_column"]), float(raw["auc"]), tuple(raw["slope"]),
        tuple(raw["overall"]), tuple(raw["group"]), float(raw["group_expected"]),
    )  # fmt: skip


def _check_feature(one: Feature, known: Mapping[str, Variable], here: _Place) -> None:
    where = {"key": "fact", "value": f'"{one.fact}"'}
    if one.fact not in known:
        raise here.error(f"uses {one.fact!r}, which is no known fact.", _near(one.fact, known), **where)
    kind = known[one.fact].kind
    if kind not in ("truth", "number"):
        raise here.error(
            f"uses {one.fact}, which is a {kind}.",
            "Use a truth (such as male) or a number; numbers may have bands.",
            **where,
        )
    if kind == "truth" and (one.bands or one.at_most is not None or one.missing is not None):
        raise here.error(f"gives bands or bounds to {one.fact}, which is true or false.", **where)


def _near(name: str, among: Any) -> str:
    return did_you_mean(name, among, otherwise="`goldenthread definitions list` shows every name.")
