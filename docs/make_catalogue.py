"""Write the catalogue of definitions: ``python docs/make_catalogue.py`` writes docs/catalogue.md from the shipped files."""

from __future__ import annotations

from pathlib import Path

from goldenthread.definitions import (
    Catalogue,
    Condition,
    Definition,
    Indicator,
    Score,
    Segmentation,
    load_catalogue,
)
from goldenthread.definitions.expressions import Variable, parse, to_english
from goldenthread.measures import PERSON, variables

PAGE = Path(__file__).with_name("catalogue.md")
TITLES = {
    "condition": "Conditions",
    "measure": "Measures",
    "score": "Scores",
    "segment": "Segmentations",
    "cohort": "Cohorts",
    "indicator": "Indicators",
    "coding check": "Checks of coding",
    "initiative": "Initiatives to start from",
}


def page(catalogue: Catalogue) -> str:
    """The whole page as Markdown."""
    known = variables(catalogue)
    lines = [
        "# Catalogue",
        "",
        "Every definition that comes with Golden Thread, in plain words. This page is written by `python docs/make_catalogue.py`",
        "from the definition files and is never edited by hand. `goldenthread definitions show NAME` gives all of one, and",
        "[definitions.md](definitions.md) says how to add your own.",
        "",
        "| Kind | Definitions |",
        "|---|---:|",
    ]
    kinds = {kind: [d for d in catalogue.definitions.values() if d.kind == kind] for kind in TITLES}
    lines += [
        f"| [{TITLES[k]}](#{TITLES[k].lower().replace(' ', '-')}) | {len(found):,} |"
        for k, found in kinds.items()
    ]
    lines += [
        f"| [Codelists](#codelists) | {len(catalogue.codelists):,} |",
        "",
        "## Facts about the person",
        "",
    ]
    lines += [
        "They need no definition. All are as they were on the index date.",
        "",
        "| Name | What it is |",
        "|---|---|",
    ]
    lines += [
        f"| `{n}` | {_cell(v.meaning[:1].upper() + v.meaning[1:])}{_unit(v.unit)} |"
        for n, v in PERSON.items()
    ]
    for kind, found in kinds.items():
        if found:
            lines += ["", f"## {TITLES[kind]}", ""]
            for area in sorted({_area(d) for d in found}):
                here = sorted((d for d in found if _area(d) == area), key=lambda d: d.name)
                lines += [f"### {area}", "", "| Name | Rule | Source |", "|---|---|---|"]
                lines += [f"| `{d.name}` | {_rule(d, known)} | {_cell(d.source)} |" for d in here]
                lines.append("")
            lines.pop()
    lines += ["", "## Codelists", "", "| Name | Codes | System |", "|---|---:|---|"]
    for name, one in sorted(catalogue.codelists.items()):
        system = "ICD-10" if one.system == "icd10" else "SNOMED CT or dm+d"
        lines.append(f"| `{name}` | {len(one.codes):,} | {system} |")
    return "\n".join(lines) + "\n"


def _area(definition: Definition) -> str:
    """The file it stands in, as a heading."""
    return Path(definition.file).stem.replace("_", " ").capitalize()


def _rule(definition: Definition, known: dict[str, Variable]) -> str:
    parts = [_cell(definition.rule) + _unit(definition.unit)]
    match definition:
        case Condition(register=register) if register:
            parts.append(f"QOF register {register}.")
        case Score(warning=warning) if warning:
            parts.append(f"**Mind:** {_cell(warning)}")
        case Segmentation(segments=segments, otherwise=otherwise):
            listed = "; ".join(f"`{s.name}` ({_cell(s.rule)})" for s in segments)
            parts.append(f"In this order: {listed}; everybody else `{otherwise}`.")
        case Indicator(numerator=numerator, denominator=denominator):
            parts.append(f"`{_cell(numerator)}` among `{_cell(denominator)}`.")
    if definition.kind == "cohort":
        parts.append(f"In words: {_cell(to_english(parse(definition.expression), known))}.")  # type: ignore[attr-defined]
    return "<br>".join(parts)


def _unit(unit: str) -> str:
    return f" ({_cell(unit)})" if unit else ""


def _cell(text: str) -> str:
    """Text that a Markdown table can hold."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(load_catalogue()), encoding="utf-8")
    print(f"Wrote {PAGE}.")
