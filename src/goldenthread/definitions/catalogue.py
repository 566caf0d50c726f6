"""Every definition and codelist of a system: those shipped, and its own beside or instead of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

from goldenthread.definitions.codelists import Codelist, read_codelist
from goldenthread.definitions.errors import DefinitionError
from goldenthread.definitions.kinds import (
    CodingCheck,
    Cohort,
    Condition,
    Definition,
    Indicator,
    InitiativeTemplate,
    Measure,
    Score,
    Segmentation,
)
from goldenthread.definitions.reading import FOLDERS, read_file


@dataclass(frozen=True)
class Catalogue:
    """Definitions by name. Names are unique over all kinds, so that an expression can use any of them."""

    definitions: Mapping[str, Definition]
    codelists: Mapping[str, Codelist]
    folders: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def measures(self) -> dict[str, Measure]:
        """Measures by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Measure)}

    @property
    def conditions(self) -> dict[str, Condition]:
        """Conditions by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Condition)}

    @property
    def scores(self) -> dict[str, Score]:
        """Scores by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Score)}

    @property
    def segmentations(self) -> dict[str, Segmentation]:
        """Segmentations by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Segmentation)}

    @property
    def cohorts(self) -> dict[str, Cohort]:
        """Named cohorts."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Cohort)}

    @property
    def indicators(self) -> dict[str, Indicator]:
        """Indicators by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, Indicator)}

    @property
    def initiatives(self) -> dict[str, InitiativeTemplate]:
        """Templates of initiatives by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, InitiativeTemplate)}

    @property
    def coding_checks(self) -> dict[str, CodingCheck]:
        """Checks of coding by name."""
        return {n: d for n, d in self.definitions.items() if isinstance(d, CodingCheck)}

    def codes_of(self, names: Iterable[str], *, needed_by: Definition) -> Iterator[Codelist]:
        """The codelists called ``names``; ``DefinitionError`` naming the definition that asks where one is missing."""
        for name in names:
            if name not in self.codelists:
                raise DefinitionError(
                    f"[{needed_by.name}] needs the codelist {name!r}, which is not there.",
                    file=needed_by.file,
                    line=needed_by.line,
                    remedy=f"Put {name}.csv into codelists/, or correct the name.",
                )
            yield self.codelists[name]

    def hash(self) -> str:
        """Fingerprint of everything that decides an answer: definitions (not their wording, nor templates) and codes."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        content = {
            "definitions": {
                n: [d.kind, {k: v for k, v in d.raw.items() if k != "rule"}]
                for n, d in sorted(self.definitions.items())
                if not isinstance(d, InitiativeTemplate)
            },
            "codelists": {n: c.hash for n, c in sorted(self.codelists.items())},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def shipped_folder() -> Path:
    """The folder of definitions that come with Golden Thread."""
    with resources.as_file(resources.files("goldenthread.definitions")) as folder:
        return folder


def load_catalogue(*own: Path) -> Catalogue:
    """Read the shipped definitions, then each of the ``own`` folders; an own definition replaces a shipped one of its name.

    A folder has subfolders measures, conditions, scores, segments, cohorts, indicators, initiatives (TOML) and codelists
    (CSV). Raises ``DefinitionError`` with file and line at the first mistake: a wrong catalogue gives no answers.
    """
    definitions: dict[str, Definition] = {}
    codelists: dict[str, Codelist] = {}
    folders = (shipped_folder(), *own)
    for folder in folders:
        here: dict[str, Definition] = {}
        for sub, what in FOLDERS.items():
            for path in sorted((folder / sub).glob("*.toml")):
                for definition in read_file(path, what):
                    if definition.name in here:
                        first = here[definition.name]
                        raise DefinitionError(
                            f"[{definition.name}] is defined twice; first in {first.file}, line {first.line}.",
                            file=path,
                            line=definition.line,
                            remedy="Give one of them another name.",
                        )
                    here[definition.name] = definition
        definitions.update(here)
        for path in sorted((folder / "codelists").glob("*.csv")) + sorted(
            (folder / "codelists").glob("*.txt")
        ):
            codelists[path.stem] = read_codelist(path)
    return Catalogue(definitions, codelists, folders)
