"""`refresh`, `status`, `quarantine` and `feeds`: what came in, what became of it, what to put right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldenthread.cli.app import HomeOption, JsonOption, QuietOption, app, settings_at
from goldenthread.cli.output import Exit, Speech, number, plain, released_json
from goldenthread.cli.progress import Bars
from goldenthread.errors import did_you_mean
from goldenthread.settings import Settings

feeds = typer.Typer(help="Files of the feeds: list those that count, forget one.", no_args_is_help=True)
app.add_typer(feeds, name="feeds")

if TYPE_CHECKING:
    from goldenthread.disclosure import ReleasedTable
    from goldenthread.intake import FeedReport, RefreshReport


@app.command("refresh")
def refresh_command(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build a new snapshot even if no feed has changed.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read new and changed feeds, link them, and put a new snapshot in force.

    Exit code 3 where a file was refused or is missing: the rest was taken.
    """
    speech = Speech(as_json=as_json, quiet=quiet)
    report = refresh_with_progress(settings_at(home), speech, rebuild=rebuild)
    speech.json(report.to_dict())
    if any(feed.refused or feed.missing for feed in report.feeds):
        raise typer.Exit(Exit.FOUND)


def refresh_with_progress(settings: Settings, speech: Speech, *, rebuild: bool = False) -> RefreshReport:
    """Refresh, with bars for people and a summary at the end."""
    from goldenthread.intake import refresh
    from goldenthread.lake import Lake
    from goldenthread.vault import Vault, load_keys

    keys = load_keys(settings.vault_dir)
    with Vault.open(settings.vault_dir, keys, create=True) as vault, Bars(speech) as bars:
        report = refresh(
            settings, lake=Lake(settings.lake_dir), vault=vault, keys=keys, progress=bars, rebuild=rebuild
        )
    refused = any(feed.refused for feed in report.feeds)
    if report.nothing_new:
        what = "no feed has changed" if not refused else "the files that changed could not be taken"
        speech.say(f"Nothing new: {what}. Snapshot {report.snapshot} stays in force.")
    else:
        speech.say(
            f"Read {report.rows_read:,} rows from {report.files_read:,} files in {report.seconds:.0f} s. "
            f"Snapshot [bold]{report.snapshot}[/] is in force: {report.people:,} people."
        )
        if report.forgotten:
            speech.say(
                f"Taken out of the vault: identities that stand in no feed any more ({report.forgotten:,})."
            )
    for problem in report.problems[:20]:
        speech.warn(problem)
    if len(report.problems) > 20:
        speech.warn(f"and {len(report.problems) - 20} more; see {settings.reports_dir / 'refresh.json'}")
    return report


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show what the lake holds and how good it is: rows of every feed, what was set aside, what could be linked."""
    from goldenthread.intake.report import FeedReport
    from goldenthread.lake import Lake

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    manifest = Lake(settings.lake_dir).current().manifest
    feeds = [FeedReport.from_dict(dict(feed)) for feed in manifest.feeds]
    speech.banner(settings)
    speech.table(
        f"{settings.name}: {manifest.people:,} people, snapshot {manifest.snapshot}",
        ["Feed", "Files", "Rows in", "Accepted", "Set aside", "Repeats", "Linked", "Data to"],
        [_status_row(feed) for feed in feeds],
        right={1, 2, 3, 4, 5, 6},
    )
    speech.say("Rows in = accepted + set aside (in quarantine) + repeats (exact duplicates), for every file.")
    speech.say("Linked: rows in the lake that belong to a known person, as a share of those that could.")
    rates = released_match_rates(manifest.extra.get("linkage", {}))
    _say_linkage(speech, rates)
    speech.say("See `goldenthread quarantine` for rows set aside, and why.")
    speech.json(
        {
            "people": manifest.people,
            "snapshot": manifest.snapshot,
            "synthetic": settings.synthetic,
            "data_dates": dict(manifest.data_dates),
            "feeds": [feed.to_dict() for feed in feeds],
            "linkage": {by: released_json(table)["rows"] for by, table in rates.items()},
        }
    )


def _status_row(feed: FeedReport) -> list[str]:
    known = feed.linked + feed.unlinked
    return [
        feed.name,
        number(feed.files),
        number(feed.rows_in),
        number(feed.accepted),
        number(feed.quarantined),
        number(feed.duplicates),
        f"{feed.linked / known:.1%}" if known and feed.unlinked else "all" if known else "-",
        feed.data_date or "-",
    ]


def _say_linkage(speech: Speech, rates: dict[str, ReleasedTable]) -> None:
    """Match rates by group: linkage that fails more often for some is itself an inequality."""
    for by, released in rates.items():
        shown = released.display()[["group", "records", "linked", "rate", "low", "high"]].astype(str)
        speech.table(
            f"Linkage by {by}: records that came without a verified NHS number",
            [by.capitalize(), "Records", "Linked", "Share", "from", "to"],
            shown.to_numpy().tolist(),
            right={1, 2, 3, 4, 5},
        )


def released_match_rates(linkage: Mapping[str, Any]) -> dict[str, ReleasedTable]:
    """Match rates by feed, age, ethnicity and deprivation, with small groups hidden."""
    import pandas as pd

    from goldenthread.disclosure import release

    found = {}
    for by, rows in linkage.get("rates", {}).items():
        if not rows:
            continue
        frame = pd.DataFrame(rows).rename(columns={by: "group"})
        frame = frame.sort_values("group", key=lambda c: c.str.zfill(2), ignore_index=True)
        if by == "ethnicity":
            from goldenthread.model import value_set

            frame["group"] = frame["group"].replace(dict(value_set("ethnicity_2001").codes))
        frame["not_linked"] = frame["records"] - frame["linked"]
        shares = dict.fromkeys(("rate", "low", "high"), ("linked", "records"))
        found[by.replace("_", " ")] = release(
            frame,
            policy="icb",
            dimensions=["group"],
            counts=["records", "linked", "not_linked"],
            parts={"records": ["linked", "not_linked"]},
            rates=shares,
            kinds={"rate": "proportion", "low": "lower", "high": "upper"},
            standardised=["low", "high"],
        )
    return found


@app.command()
def quarantine(
    feed: Annotated[str | None, typer.Argument(help="Show the rows of this feed.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what was set aside and why; with a feed, its rows.

    To try again: correct the file, or the contract, and run `goldenthread refresh`. Rows hold identifiers and are
    shown only to those who may read the quarantine folder.
    """
    from goldenthread.intake import quarantine_rows, quarantine_summary

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    _check_feed(settings, feed)
    if feed is None:
        summary = quarantine_summary(settings)
        speech.table(
            "Rows set aside",
            ["Feed", "Rows", "Column", "Why", "What to do"],
            [[s.feed, number(s.rows), s.column or "-", s.words, s.remedy] for s in summary],
            right={1},
        )
        if not summary:
            speech.say("Nothing is in quarantine.")
        speech.json([s.__dict__ for s in summary])
        return
    rows = quarantine_rows(settings, feed, limit)
    for row in rows:
        speech.say(f"[bold]{plain(row['file'])}, line {row['line']}[/]")
        for reason in row["reasons"]:
            speech.say(plain(f"  {reason['column'] or 'row'}: {reason['words']}. {reason['remedy']}"))
    if not rows:
        speech.say(f"Nothing of {feed} is in quarantine.")
    speech.json(rows)


@feeds.command("list")
def list_files(
    feed: Annotated[str | None, typer.Argument(help="Only the files of this feed.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the files that count, and what became of their rows."""
    from goldenthread.intake import files_in_force

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    _check_feed(settings, feed)
    files = [file for file in files_in_force(settings) if feed in (None, file.feed)]
    if files:
        speech.table(
            "Files that count",
            ["File", "Rows in", "Accepted", "Set aside", "Repeats", "Data to"],
            [
                [
                    f.file,
                    number(f.rows_in),
                    number(f.accepted),
                    number(f.quarantined),
                    number(f.duplicates),
                    f.data_date or "-",
                ]
                for f in files
            ],
            right={1, 2, 3, 4},
        )
    else:
        speech.say(f"No file{f' of {feed}' if feed else ''} counts yet. Run `goldenthread refresh`.")
    columns = (
        "file",
        "feed",
        "organisation",
        "rows_in",
        "accepted",
        "quarantined",
        "duplicates",
        "data_date",
    )
    speech.json([{name: getattr(file, name) for name in columns} for file in files])


@feeds.command("forget")
def forget_file(
    file: Annotated[str, typer.Argument(help="Its path below the feeds folder, as `refresh` gives it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let a file count no more: for one that its sender has withdrawn, or sends empty from now on.

    The next refresh builds without it. A file that still lies in the feeds folder is taken again as if it were new.
    """
    from goldenthread.intake import IntakeError, files_in_force, forget

    speech = Speech(as_json=as_json, quiet=quiet)
    settings = settings_at(home)
    path = (settings.feeds_dir / file).resolve()
    inside = path.is_relative_to(settings.feeds_dir.resolve())
    name = path.relative_to(settings.feeds_dir.resolve()).as_posix() if inside else file
    if not forget(settings, name):
        known = [each.file for each in files_in_force(settings)]
        raise IntakeError(
            f"{name} is not among the files that count.",
            did_you_mean(name, known, most=3, otherwise="`goldenthread feeds list` shows them."),
        )
    lies = path.exists()
    speech.say(f"{name} counts no more. Now run: goldenthread refresh --home {settings.home}")
    if lies:
        speech.say("It still lies in the feeds folder: the refresh will take it again as if it were new.")
    speech.json({"file": name, "forgotten": True, "still_in_feeds_folder": lies})


def _check_feed(settings: Settings, feed: str | None) -> None:
    """A mistyped feed would read as one that has nothing wrong."""
    from goldenthread.intake import IntakeError, contracts_for

    known = contracts_for(settings)
    if feed is not None and feed not in known:
        raise IntakeError(
            f"There is no feed {feed!r}.",
            did_you_mean(feed, known, then=f"Feeds: {', '.join(sorted(known))}."),
        )
