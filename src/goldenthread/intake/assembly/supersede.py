"""Which of several rows about one thing counts."""

from __future__ import annotations

from goldenthread.intake.assembly.sources import Sources


def latest_rows(sources: Sources, feed: str) -> None:
    """Make ``l_<feed>``: of rows with one key the latest, unless it deletes; counts the rest as superseded.

    Later is by the contract's dates, then by file name and place in the file, so that the answer never
    depends on the order of reading. Keys are the sender's own: they are compared within an organisation.
    """
    contract = sources.contracts[feed]
    rule = contract.supersede
    if rule is None:
        sources.connection.execute(f"CREATE OR REPLACE TEMP VIEW l_{feed} AS SELECT * FROM s_{feed}")
        return
    order = ", ".join(f"{name} DESC" for name in (*rule.latest_by, "file", '"row"'))
    keep = "latest = 1"
    if rule.delete_column:
        column = contract.columns[
            next(
                c.name
                for c in contract.columns.values()
                if c.name == rule.delete_column or c.to == rule.delete_column
            )
        ].to
        keep += f" AND {column} <> '{rule.delete_value}'"
    sources.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE l_{feed} AS SELECT * EXCLUDE (latest) FROM (
            SELECT *, row_number() OVER (PARTITION BY organisation, {", ".join(rule.key)} ORDER BY {order}) AS latest
            FROM s_{feed}) WHERE {keep}"""
    )
    tally = sources.tallies[feed]
    tally.superseded += sources.count(f"SELECT count(*) FROM s_{feed}") - sources.count(
        f"SELECT count(*) FROM l_{feed}"
    )


def active_submissions(sources: Sources, family: str) -> None:
    """Make ``l_<family>_*`` of the rows of active submissions (CSDS, MHSDS).

    For each provider and reporting period the submission with the latest date counts (of one date, the one
    with the highest identifier); rows of the others are superseded.
    """
    run = sources.connection.execute
    run(
        f"""CREATE OR REPLACE TEMP TABLE active_{family} AS SELECT organisation, submission, provider, period_start
        FROM (SELECT *, row_number() OVER (PARTITION BY provider, period_start
                ORDER BY submission_date DESC, submission DESC, file DESC, "row" DESC) AS latest
              FROM s_{family}_header) WHERE latest = 1"""
    )
    for part in ("mpi", "referral", "contact"):
        feed = f"{family}_{part}"
        run(
            f"""CREATE OR REPLACE TEMP TABLE l_{feed} AS SELECT s.*, a.provider, a.period_start
            FROM s_{feed} s JOIN active_{family} a USING (organisation, submission)"""
        )
        tally = sources.tallies[feed]
        orphans = sources.count(
            f"""SELECT count(*) FROM s_{feed} ANTI JOIN (SELECT DISTINCT organisation, submission FROM s_{family}_header)
            USING (organisation, submission)"""
        )
        active = sources.count(f"SELECT count(*) FROM l_{feed}")
        tally.superseded += sources.count(f"SELECT count(*) FROM s_{feed}") - active - orphans
        if orphans:
            tally.not_stored += orphans
            tally.rules.append(f"{orphans} rows belong to a submission without a header")
    tally = sources.tallies[f"{family}_header"]
    active = sources.count(f"SELECT count(*) FROM active_{family}")
    tally.superseded += sources.count(f"SELECT count(*) FROM s_{family}_header") - active
    tally.not_stored += active
