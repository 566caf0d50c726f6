"""`snapshots`: list, verify and prune the versions of the lake."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Exit, Speech, number, size

snapshots = typer.Typer(help="Versions of the lake: list, verify, prune.", no_args_is_help=True)
app.add_typer(snapshots, name="snapshots")


@snapshots.command("list")
def list_snapshots(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the snapshots on the disk; the one in force is marked."""
    from goldenthread.lake import Lake, LakeError

    speech = Speech(as_json=as_json, quiet=quiet)
    lake = Lake(settings_at(home).lake_dir)
    found: list[dict[str, Any]] = []
    for name in lake.names():
        try:
            manifest = lake.snapshot(name).manifest
        except LakeError as error:
            speech.warn(f"{error.message} {error.remedy}")
            continue
        found.append(
            {
                "snapshot": name,
                "current": name == lake.current_id(),
                "created": manifest.created,
                "people": manifest.people,
                "rows": sum(f.rows for f in manifest.files if f.order in ("person", "reference", "unlinked")),
                "bytes": sum(f.bytes for f in manifest.files),
                "data_date": max(manifest.data_dates.values(), default=None),
            }
        )
    if not found:
        speech.say("There is no snapshot yet. Run `goldenthread refresh`.")
    else:
        speech.table(
            "Snapshots",
            ["Snapshot", "", "People", "Rows", "Size", "Data to"],
            [
                [
                    str(one["snapshot"]),
                    "in force" if one["current"] else "",
                    number(one["people"]),
                    number(one["rows"]),
                    size(one["bytes"]),
                    str(one["data_date"] or "not known"),
                ]
                for one in found
            ],
            right={2, 3, 4},
        )
    speech.json(found)


@snapshots.command()
def verify(
    snapshot: Annotated[str | None, typer.Argument(help="Which one; the one in force if not said.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also prove that no row stands twice.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare every file of a snapshot with its checksum. Exit code 3 if anything is wrong."""
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    lake = Lake(settings_at(home).lake_dir)
    chosen = lake.snapshot(snapshot) if snapshot else lake.current()
    problems = list(chosen.problems(deep=deep))
    if problems:
        for problem in problems:
            speech.refuse(problem)
        speech.refuse(
            f"Snapshot {chosen.id} is damaged.",
            "Run `goldenthread refresh --rebuild`: it builds a new one from the accepted feeds.",
        )
    else:
        speech.say(
            f"Snapshot {chosen.id} is whole: {len(chosen.manifest.files)} files match their checksums."
        )
    speech.json({"snapshot": chosen.id, "files": len(chosen.manifest.files), "problems": problems})
    if problems:
        raise typer.Exit(Exit.FOUND)


@snapshots.command()
def prune(
    keep: Annotated[
        int, typer.Option(min=1, help="How many of the newest to keep; the one in force always stays.")
    ] = 2,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove old snapshots and whatever a killed refresh left."""
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    gone = Lake(settings_at(home).lake_dir).prune(keep)
    speech.say(f"Removed {len(gone)}: {', '.join(gone)}." if gone else "There was nothing to remove.")
    speech.json({"removed": gone})
