"""`definitions`: every rule in plain words, and whether all of them can be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app
from goldenthread.cli.output import Exit, Speech, plain
from goldenthread.errors import did_you_mean
from goldenthread.settings import FILE_NAME, load_settings

if TYPE_CHECKING:
    from goldenthread.definitions import Catalogue, Definition, DefinitionError

KINDS = (
    "measure",
    "condition",
    "score",
    "segment",
    "indicator",
    "codelist",
    "cohort",
    "initiative",
    "coding check",
    "model",
)

definitions = typer.Typer(help="Definitions in plain words: list, show, check.", no_args_is_help=True)
app.add_typer(definitions, name="definitions")


def own_folder(home: Path | None) -> Path | None:
    """The deployment's own definitions; ``None`` where there are none, or no deployment was named and this folder is none."""
    from goldenthread.cohorts import own_definitions

    if home is None and not (Path.cwd() / FILE_NAME).exists():
        return None
    own = own_definitions(load_settings(home or Path.cwd()))
    return own if own.is_dir() else None


def catalogue_at(home: Path | None) -> Catalogue:
    """The shipped definitions and the deployment's own, if it has any."""
    from goldenthread.definitions import load_catalogue

    own = own_folder(home)
    return load_catalogue(own) if own else load_catalogue()


@definitions.command("list")
def list_definitions(
    kind: Annotated[str, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = "",
    find: Annotated[str, typer.Option(help="Only those with this word in their name or rule.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List every definition and codelist, with its rule in plain words."""
    speech = Speech(as_json=as_json, quiet=quiet)
    if kind and kind not in KINDS:
        raise typer.BadParameter(
            f"There is no kind {kind!r}. Kinds: {', '.join(KINDS)}.", param_hint="--kind"
        )
    found = [e for e in entries(catalogue_at(home)) if not kind or e["kind"] == kind]
    if find:
        found = [e for e in found if find.lower() in f"{e['name']} {e['rule']}".lower()]
    if as_json:
        speech.json(found)
        return
    for one in KINDS:
        rows = [[e["name"], plain(e["rule"]), plain(e["source"])] for e in found if e["kind"] == one]
        if rows:
            speech.table(f"{one.capitalize()}s: {len(rows)}", ["Name", "Rule", "Source"], rows)
    if not found:
        speech.say("Nothing matches.")
    elif not kind and not find:
        speech.say(
            "Expressions also know facts about the person: age, sex, pcn, imd_quintile, care_home and others."
        )
        speech.say("`goldenthread definitions show NAME` says more of one.")


def entries(catalogue: Catalogue) -> list[dict[str, str]]:
    """Kind, name, rule, source and version of everything in a catalogue."""
    from goldenthread.prediction import model_definitions

    found = [
        {"kind": d.kind, "name": n, "rule": d.rule, "source": d.source, "version": d.version}
        for n, d in sorted(catalogue.definitions.items())
    ]
    for name, one in sorted(catalogue.codelists.items()):
        system = "ICD-10" if one.system == "icd10" else "SNOMED CT or dm+d"
        rule = f"{len(one.codes):,} {system} code{'s' if len(one.codes) != 1 else ''}"
        if one.groups:
            rule += f" in {len(set(one.groups.values())):,} groups"
        found.append(
            {
                "kind": "codelist",
                "name": name,
                "rule": rule,
                "source": Path(one.file).name,
                "version": one.hash[:12],
            }
        )
    found += [
        {"kind": "model", "name": m.name, "rule": m.rule, "source": m.source, "version": m.version}
        for m in model_definitions(catalogue)
    ]
    return sorted(found, key=lambda e: (KINDS.index(e["kind"]), e["name"]))


@definitions.command("show")
def show_definition(
    name: Annotated[str, typer.Argument(help="Its name, as `definitions list` gives it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show one definition: its rule, where it is written, what it is made of, and its expression in plain English."""
    speech = Speech(as_json=as_json, quiet=quiet)
    catalogue = catalogue_at(home)
    content = _shown(catalogue, name)
    if as_json:
        speech.json(content)
        return
    speech.say(f"[bold]{plain(content['name'])}[/] ({content['kind']}): {plain(content['rule'])}")
    for key, value in content.items():
        if key not in ("name", "kind", "rule", "expressions", "english") and value not in ("", [], {}, 0):
            speech.say(f"{key.replace('_', ' ').capitalize()}: {plain(_flat(value))}")
    for text, english in zip(content.get("expressions", []), content.get("english", []), strict=True):
        speech.say(f"Expression: {plain(text)}")
        speech.say(f"In words: {plain(english)}.")


def _shown(catalogue: Catalogue, name: str) -> dict[str, Any]:
    from goldenthread.definitions.expressions import parse, to_english
    from goldenthread.measures import PERSON, variables

    if name in PERSON:
        known = PERSON[name]
        return {
            "name": name, "kind": "fact about the person", "rule": f"{known.meaning.capitalize()}, on the index date",
            "unit": known.unit, "values": list(known.values),
        }  # fmt: skip
    if name in catalogue.codelists and name not in catalogue.definitions:
        one = catalogue.codelists[name]
        entry = next(e for e in entries(catalogue) if e["kind"] == "codelist" and e["name"] == name)
        users = [n for n, d in catalogue.definitions.items() if name in _codes(d)]
        codes = [f"{c} {t}".strip() for c, t in one.codes.items()]
        return {**entry, "file": one.file, "hash": one.hash, "used_by": users, "codes": codes}
    definition = catalogue.definitions.get(name)
    if definition is None:
        if model := next((e for e in entries(catalogue) if e["kind"] == "model" and e["name"] == name), None):
            return model
        raise _unknown(catalogue, name)
    known_names = variables(catalogue)
    texts = _expressions(definition)
    return {
        "name": name,
        "kind": definition.kind,
        "rule": definition.rule,
        "source": definition.source,
        "version": definition.version,
        "unit": definition.unit,
        "file": definition.file,
        "line": definition.line,
        **{
            k: v
            for k, v in definition.raw.items()
            if k not in ("rule", "source", "version", "unit", "segment")
        },
        "expressions": texts,
        "english": [to_english(parse(t), known_names) for t in texts],
    }


def _expressions(definition: Definition) -> list[str]:
    keys = ("expression", "numerator", "denominator")
    found = [str(getattr(definition, k)) for k in keys if getattr(definition, k, "")]
    return found + [s.expression for s in getattr(definition, "segments", ())]


def _codes(definition: Definition) -> tuple[str, ...]:
    return (*getattr(definition, "codes", ()), *getattr(definition, "resolved", ()))


def _unknown(catalogue: Catalogue, name: str) -> DefinitionError:
    from goldenthread.definitions import DefinitionError

    known = {**catalogue.definitions, **catalogue.codelists}
    hint = did_you_mean(name, known, most=3, otherwise="`goldenthread definitions list` shows every name.")
    return DefinitionError(f"There is no definition called {name!r}.", remedy=hint)


@definitions.command("check")
def check_definitions(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of definitions to check; the system's own if not said.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check every definition and codelist: names, columns, codelists, windows, types, circles. Says file, line and remedy."""
    speech = Speech(as_json=as_json, quiet=quiet)
    if folder is not None and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder.", param_hint="FOLDER")
    if folder is not None and not any((folder / sub).is_dir() for sub in _folders()):
        raise typer.BadParameter(
            f"{folder} holds no definitions: it has none of the folders {', '.join(_folders())}.",
            param_hint="FOLDER",
        )
    own = folder or own_folder(home)
    catalogue, problems = _problems(own)
    speech.json(
        {
            "folder": str(own) if own else None,
            "definitions": len(catalogue.definitions) if catalogue else 0,
            "codelists": len(catalogue.codelists) if catalogue else 0,
            "hash": catalogue.hash() if catalogue else None,
            "problems": [
                {
                    "problem": p.message,
                    "file": getattr(p, "file", ""),
                    "line": getattr(p, "line", None),
                    "remedy": p.remedy,
                }
                for p in problems
            ],
        }
    )
    if problems:
        for problem in problems:
            speech.refuse(problem.message, problem.remedy)
        raise typer.Exit(Exit.FOUND)
    if catalogue is not None:
        speech.say(
            f"{len(catalogue.definitions):,} definitions and {len(catalogue.codelists):,} codelists are in order. "
            f"Fingerprint {catalogue.hash()[:12]}."
        )


def _folders() -> tuple[str, ...]:
    """Folders that definitions are looked for in. Of a folder without any of them, nothing would be checked."""
    from goldenthread.definitions import FOLDERS

    return (*FOLDERS, "codelists", "models")


def _problems(own: Path | None) -> tuple[Catalogue | None, list[Any]]:
    """Every definition that cannot be used. A file that cannot be read stops the search: later mistakes may be its echo."""
    from goldenthread.definitions import load_catalogue
    from goldenthread.errors import GoldenThreadError
    from goldenthread.measures import compile_plan, variables

    try:
        catalogue = load_catalogue(own) if own else load_catalogue()
    except GoldenThreadError as error:
        return None, [error]
    try:
        known = variables(catalogue)
    except GoldenThreadError as error:
        return catalogue, [error]
    problems: dict[str, GoldenThreadError] = {}
    for name in catalogue.definitions:
        if name in known:
            try:
                compile_plan(catalogue, [name], known)
            except GoldenThreadError as error:
                problems[error.message] = error
    return catalogue, list(problems.values())


def _flat(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{k} = {v}" for k, v in value.items())
    return str(value)
