"""`codes`: codelists pinned by their fingerprints, compared with other versions, and looked for in the data."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.asking import AsAtOption, PurposeOption, people
from goldenthread.cli.definitions import catalogue_at, own_folder
from goldenthread.cli.output import Exit, Speech, number, plain, released_json
from goldenthread.errors import did_you_mean

if TYPE_CHECKING:
    from goldenthread.definitions import Codelist

LOCK = "codelists.lock"

codes = typer.Typer(help="Codelists: list, pin, diff, coverage.", no_args_is_help=True)
app.add_typer(codes, name="codes")


@codes.command("list")
def list_codes(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the codelists, how many codes each has, and whether each is as it was pinned."""
    speech = Speech(as_json=as_json, quiet=quiet)
    pinned = _pinned(home)
    found: list[dict[str, Any]] = [
        {
            "name": name, "system": one.system, "codes": len(one.codes), "hash": one.hash, "file": one.file,
            "column": one.column, "pinned": _state(pinned, name, one),
        }
        for name, one in sorted(catalogue_at(home).codelists.items())
    ]  # fmt: skip
    rows = [[e["name"], e["system"], number(e["codes"]), e["hash"][:12], e["pinned"]] for e in found]
    speech.table(
        f"Codelists: {len(found)}", ["Name", "System", "Codes", "Fingerprint", "Pinned"], rows, right={2}
    )
    speech.json(found)


@codes.command("pin")
def pin_codes(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Pin every codelist as it is now: `codes diff` and `codes list` say later which have changed."""
    speech = Speech(as_json=as_json, quiet=quiet)
    folder = settings_at(home).home / "definitions"
    lists = catalogue_at(home).codelists
    folder.mkdir(exist_ok=True)
    lines = [f'{name} = "{one.hash}"' for name, one in sorted(lists.items())]
    text = "# Fingerprints of codelists, written by `goldenthread codes pin`.\n" + "\n".join(lines) + "\n"
    draft = folder / f".{LOCK}.new"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / LOCK)
    speech.say(f"Pinned {len(lists):,} codelists in {folder / LOCK}.")
    speech.json({"pinned": len(lists), "file": folder / LOCK})


@codes.command("diff")
def diff_codes(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of codelists to compare with; the pinned fingerprints if not said."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how the codelists in force differ from another folder's, or which have changed since they were pinned."""
    speech = Speech(as_json=as_json, quiet=quiet)
    lists = dict(catalogue_at(home).codelists)
    changes = _since_pinned(home, lists) if folder is None else _against(folder, lists)
    for one in changes:
        speech.say(f"[bold]{one['name']}[/]: {one['what']}")
        for sign, key in (("+", "added"), ("-", "removed")):
            for code, term in one[key].items():
                speech.say(plain(f"  {sign} {code} {term}"))
    if not changes:
        speech.say("Nothing differs.")
    speech.json(changes)
    if folder is None and changes:
        raise typer.Exit(Exit.FOUND)


@codes.command("coverage")
def code_coverage(
    name: Annotated[str, typer.Argument(help="A codelist, as `codes list` gives it.")],
    as_at: AsAtOption = "",
    purpose: PurposeOption = "planning",
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show which codes of a list occur in the data, and how many people have any of them at each practice."""
    from goldenthread.cohorts import code_use

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    with people(settings, purpose=purpose, as_at=as_at) as population:
        codelist = _codelist(population.catalogue.codelists, name)
        by_code, by_practice = code_use(population, codelist)
    speech.banner(settings)
    speech.released(f"{name}: people with each code", by_code)
    speech.released(f"{name}: people with any of its codes, by practice", by_practice)
    if message := by_code.message or by_practice.message:
        speech.say(message)
    speech.json(
        {
            "codelist": name, "hash": codelist.hash, "system": codelist.system, "codes": released_json(by_code)["rows"],
            "practices": released_json(by_practice)["rows"], "data_date": population.data_date.isoformat(),
            "index_date": population.index_date.isoformat(), "policy": by_code.policy, "synthetic": settings.synthetic,
        }
    )  # fmt: skip


def _codelist(lists: dict[str, Codelist] | Any, name: str) -> Codelist:
    from goldenthread.definitions import DefinitionError

    if name not in lists:
        hint = did_you_mean(name, lists, most=3, otherwise="`goldenthread codes list` shows every name.")
        raise DefinitionError(f"There is no codelist called {name!r}.", remedy=hint)
    found: Codelist = lists[name]
    return found


def _pinned(home: Path | None) -> dict[str, str]:
    from goldenthread.definitions import DefinitionError

    own = own_folder(home)
    path = own / LOCK if own else None
    if path is None or not path.exists():
        return {}
    try:
        return {str(k): str(v) for k, v in tomllib.loads(path.read_text("utf-8")).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"The pinned fingerprints cannot be read: {error}.",
            file=path,
            remedy="Run `goldenthread codes pin` again.",
        ) from None


def _state(pinned: dict[str, str], name: str, one: Codelist) -> str:
    if name not in pinned:
        return "no"
    return "yes" if pinned[name] == one.hash else "changed since"


def _since_pinned(home: Path | None, lists: dict[str, Codelist]) -> list[dict[str, Any]]:
    from goldenthread.definitions import DefinitionError

    pinned = _pinned(home)
    if not pinned:
        raise DefinitionError(
            "No codelist is pinned yet.", remedy="Run `goldenthread codes pin`, or name a folder."
        )
    found = []
    for name in sorted({*lists, *pinned}):
        if name not in pinned:
            what = "new since the lists were pinned"
        elif name not in lists:
            what = "pinned, and no longer there"
        elif lists[name].hash != pinned[name]:
            what = "changed since it was pinned"
        else:
            continue
        found.append({"name": name, "what": what, "added": {}, "removed": {}})
    return found


def _against(folder: Path, lists: dict[str, Codelist]) -> list[dict[str, Any]]:
    from goldenthread.definitions import compare, read_codelist

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder.", param_hint="FOLDER")
    inside = folder / "codelists" if (folder / "codelists").is_dir() else folder
    others = {p.stem: read_codelist(p) for p in sorted([*inside.glob("*.csv"), *inside.glob("*.txt")])}
    if not others:
        raise typer.BadParameter(f"{inside} has no codelists (.csv or .txt).", param_hint="FOLDER")
    found = []
    for name, other in others.items():
        if name not in lists:
            found.append(
                {"name": name, "what": "only in that folder", "added": {}, "removed": dict(other.codes)}
            )
            continue
        change = compare(other, lists[name])
        if change.added or change.removed or other.hash != lists[name].hash:
            what = f"{len(change.added):,} added and {len(change.removed):,} removed since that version"
            found.append(
                {"name": name, "what": what, "added": dict(change.added), "removed": dict(change.removed)}
            )
    return found
