"""Codelists, conditions, measures, segments and reference data, as files a clinician can read."""

from goldenthread.definitions.catalogue import Catalogue, load_catalogue, shipped_folder
from goldenthread.definitions.codelists import Codelist, CodelistChange, compare, read_codelist, verhoeff
from goldenthread.definitions.errors import DefinitionError
from goldenthread.definitions.kinds import (
    TAKES,
    CodingCheck,
    Cohort,
    Condition,
    Definition,
    Indicator,
    InitiativeTemplate,
    Measure,
    Score,
    Segment,
    Segmentation,
    Span,
)
from goldenthread.definitions.reading import FOLDERS, read_file

__all__ = [
    "FOLDERS",
    "TAKES",
    "Catalogue",
    "Codelist",
    "CodelistChange",
    "CodingCheck",
    "Cohort",
    "Condition",
    "Definition",
    "DefinitionError",
    "Indicator",
    "InitiativeTemplate",
    "Measure",
    "Score",
    "Segment",
    "Segmentation",
    "Span",
    "compare",
    "load_catalogue",
    "read_codelist",
    "read_file",
    "shipped_folder",
    "verhoeff",
]
