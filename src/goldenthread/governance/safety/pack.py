"""Writing the safety pack: what the registers say today, in the form in which people are asked for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from goldenthread import __version__
from goldenthread.governance.audit import Audit
from goldenthread.governance.clock import stamp, today_of
from goldenthread.governance.errors import GovernanceError
from goldenthread.governance.feeds import feeds
from goldenthread.governance.purposes import Purpose, named_purpose, purpose_names
from goldenthread.governance.register import Register
from goldenthread.governance.retention import retention_runs, rules_of
from goldenthread.governance.safety.hazards import MEANING, hazards
from goldenthread.governance.sharing import Sharing, sharing_of
from goldenthread.lake import Lake, NoSnapshotError
from goldenthread.settings import Settings

TO_DO = "**To be completed by the deployer:**"


def write_safety_pack(settings: Settings, folder: Path) -> list[Path]:
    """Write the pack into a folder, which may hold an earlier one; returns the files.

    It holds no figure about fewer than a thousand people and no identity. What only people can say is marked
    "To be completed by the deployer".
    """
    facts = _Facts(settings)
    pages = {
        "index.md": _index(facts),
        "hazard-log.md": _hazard_log(facts),
        "hazard-log.csv": _hazard_csv(),
        "dpia.md": _dpia(facts),
        "record-of-processing.md": _record(facts),
        "privacy-notice.md": _notice(facts),
        "retention.md": _retention(facts),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (folder / name).write_text(text.rstrip() + "\n", encoding="utf-8", newline="")
    except OSError as error:
        raise GovernanceError(
            f"{folder} cannot be written: {error.strerror}.", "Choose a folder that you may write to."
        ) from None
    return [folder / name for name in pages]


class _Facts:
    """What the registers say, read once."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.today = settings, today_of(settings)
        self.register = Register.open(settings.home)
        self.purposes: list[Purpose] = [named_purpose(n) for n in purpose_names()]
        self.people, self.data_date = "", ""
        self.sharing: dict[str, Sharing] = {}
        try:
            snapshot = Lake(settings.lake_dir).current()
        except NoSnapshotError:
            pass
        else:
            thousands = snapshot.people // 1000
            self.people = f"about {thousands:,},000" if thousands else "fewer than 1,000"
            self.data_date = _day(snapshot.data_date)
            self.sharing = {p.name: sharing_of(settings, snapshot, p) for p in self.purposes}
        self.verdict = Audit(settings.home).verify()

    @property
    def head(self) -> str:
        """What stands under every title."""
        synthetic = " Synthetic people: a demonstration." if self.settings.synthetic else ""
        return f"{self.settings.name}, Golden Thread {__version__}, made {stamp()[:16].replace('T', ' ')} UTC.{synthetic}"


def _index(facts: _Facts) -> str:
    overdue = [d for d in facts.register.documents() if d.overdue_on(facts.today)]
    missing = [
        p.title for p in facts.purposes if not any(d.kind == "dpia" for d in facts.register.documents(p.name))
    ]
    open_ = [h for h in hazards() if h.open]
    attention = [
        *(f"Review of {d.title} ({d.purpose}) was due on {_day(d.review)}." for d in overdue),
        *(f"No data protection impact assessment is recorded for: {title}." for title in missing),
        *(f"Hazard not yet controlled: {h.hazard}. {h.open}" for h in open_),
        *(f"Audit log: {p}." for p in facts.verdict.problems),
    ]
    return f"""# Safety and governance pack

{facts.head}

Made from the registers as they stand. Make it again after every change: `goldenthread safety-pack FOLDER`.

| File | What it is | Whose it becomes |
|---|---|---|
| hazard-log.md, .csv | Starter hazard log (DCB0129), controls with the tests that prove them | Clinical safety officer |
| dpia.md | Data protection impact assessment, filled in from the registers | Data protection officer |
| record-of-processing.md | Record of processing activities (UK GDPR Article 30) | Data protection officer |
| privacy-notice.md | Text for patients | Practices and the integrated care board |
| retention.md | What is kept for how long, and the proof that it was deleted | Information governance lead |

## Needs attention
{_list(attention) or "Nothing."}

Audit log: {facts.verdict.entries:,} entries, head `{facts.verdict.head}`. Keep this line: it proves later that nothing before it was rewritten.
"""


def _hazard_log(facts: _Facts) -> str:
    parts = [
        f"# Hazard log\n\n{facts.head}\n",
        "Starter log for DCB0129, by the makers of the software. The deployer's clinical safety officer reviews every line, adds the hazards "
        "of the place (DCB0160) and signs. Risk is from 1 to 5, by severity and likelihood:\n",
        _list(f"{n}: {words}" for n, words in MEANING.items()),
        "\n"
        + _table(
            ["Hazard", "Severity", "Risk before", "Risk after"],
            ([h.hazard, h.severity, str(h.risk_before), str(h.risk_after)] for h in hazards()),
        ),
    ]
    for number, h in enumerate(hazards(), start=1):
        controls = [f"{c.text}. Proved by {', '.join(f'`{t}`' for t in c.tests)}." for c in h.controls]
        parts.append(
            f"\n## {number}. {h.hazard}\n\n- Cause: {h.cause}.\n- Effect: {h.effect}.\n- Severity {h.severity}; likelihood {h.before} without controls, "
            f"{h.after} with them; risk {h.risk_before}, then {h.risk_after} ({MEANING[h.risk_after]}).\n\n"
            + (
                f"Controls in the software:\n\n{_list(controls)}\n"
                if controls
                else "There is no control in the software.\n"
            )
            + (f"\nFor people to do: {h.deployer}\n" if h.deployer else "")
            + (f"\n**Open:** {h.open}\n" if h.open else "")
            + f"\n{TO_DO} owner, date of review, accepted by.\n"
        )
    return "\n".join(parts)


def _hazard_csv() -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["id", "hazard", "cause", "effect", "severity", "likelihood before", "risk before", "likelihood after", "risk after", "controls",
         "tests", "for people to do", "open", "owner", "reviewed", "accepted by"]
    )  # fmt: skip
    for h in hazards():
        controls, tests = (
            "; ".join(c.text for c in h.controls),
            "; ".join(t for c in h.controls for t in c.tests),
        )
        writer.writerow(
            [h.name, h.hazard, h.cause, h.effect, h.severity, h.before, h.risk_before, h.after, h.risk_after, controls, tests,
             h.deployer, h.open, "", "", ""]
        )  # fmt: skip
    return out.getvalue()


def _dpia(facts: _Facts) -> str:
    people = f"{facts.people} people, data to {facts.data_date}" if facts.people else "no data are loaded yet"
    parts = [
        f"# Data protection impact assessment\n\n{facts.head}\n",
        f"{TO_DO} controller, data protection officer, who was consulted, date.\n",
        "## 1. What is done, and why\n",
        "Records of general practices, hospitals, community and mental health services, urgent care, adult social care and councils are linked, given "
        "pseudonyms, and used to understand need, to find whom a service could help, and to find out whether it did. Lists of patients are released to "
        "the practices that care for them, and to nobody else.\n",
        f"Scale: {people}. Special category data (health, ethnicity), of adults and children.\n",
        "## 2. Purposes, lawful basis and agreements\n",
        _purposes_table(facts),
        "\n## 3. Data\n",
        _table(["Feed", "Purposes that may use it"], _feed_rows(facts)),
        "\n## 4. Necessity and proportion\n",
        _list(
            [
                "Analysis works on pseudonyms made by keyed hashes. Date of birth is kept as a month, address as a neighbourhood.",
                "Identities lie encrypted in a vault. Analysts and the browser hold no key.",
                "Counts pass disclosure control before anybody sees them: " + _policies(facts) + ".",
                "A practice that does not share leaves every answer from the next question on, and each figure states its coverage.",
                "Type 1 opt-outs are applied to every purpose but direct care; the national data opt-out is asked for at disclosure and the answer "
                f"kept {facts.settings.opt_out_days} days under keyed hashes, never on a record.",
            ]
        ),
        "\n## 5. Rights\n",
        _list(
            [
                "To be told: see the privacy notice.",
                "Access: a patient is told who has seen their identity, when and why, from the audit log.",
                "To object: Type 1 opt-out at the practice; national data opt-out at nhs.uk/your-nhs-data-matters.",
                "Rectification: records are corrected at their source, and follow with the next refresh.",
                "No decision about a person is taken by the software alone.",
            ]
        ),
        "\n## 6. Risks\n",
        "Risks to patients' health and confidence, with controls and what is left, are in the hazard log.\n",
        _table(
            ["Risk", "Before", "After"],
            ([h.hazard, str(h.risk_before), str(h.risk_after)] for h in hazards() if h.risk_before >= 3),
        ),
        f"\n{TO_DO} residual risks accepted by; advice of the data protection officer; date of the next review.\n",
    ]
    return "\n".join(parts)


def _record(facts: _Facts) -> str:
    parts = [
        f"# Record of processing activities\n\n{facts.head}\n\n{TO_DO} controllers, joint controllers, processors, representatives.\n"
    ]
    for p in facts.purposes:
        terms = facts.register.terms(p.name)
        papers = [
            f"{d.kind}: {d.title}, kept in {d.place}" + (f", review by {_day(d.review)}" if d.review else "") + (" **(overdue)**" if d.overdue_on(facts.today) else "")
            for d in facts.register.documents(p.name)
        ]  # fmt: skip
        rows = [
            ["Purpose", p.meaning],
            ["Lawful basis", p.lawful_basis],
            ["Common law duty of confidence", p.common_law],
            ["People", "Patients registered with the practices that share, and people whom other services know"],
            ["Data", ", ".join(feeds()[f].title for f in sorted(terms.feeds))],
            ["Most that anybody sees", p.tier],
            ["Opt-outs", _opt_outs(p)],
            ["Recipients", "Practice staff, for their own patients" if p.tier == "identifiable" else "Analysts and planners: pseudonyms on the system, released counts outside it"],
            ["Transfers abroad", f"The software makes none. {TO_DO} hosting."],
            ["Kept for", f"{terms.retention_days:,} days ({terms.reason})"],
            ["Practices sharing", _practices(facts, p.name)],
            ["Papers", "; ".join(papers) or "none recorded"],
        ]  # fmt: skip
        parts.append(f"## {p.title}\n\n" + _table(["", ""], rows))
    parts.append(
        "## Security\n\nVault: AES-256-GCM, one key, its own process and account. Pseudonyms: keyed BLAKE2b. Audit: append-only and hash-chained. "
        "See docs/vault.md and docs/governance.md."
    )
    return "\n".join(parts)


def _notice(facts: _Facts) -> str:
    listed = [f"{feeds()[f].title}" for f in feeds()]
    return f"""# How we use health and care records to plan and improve care

{TO_DO} name and address of the controller, data protection officer, and how to complain.

{facts.settings.name} brings together records that health and care services already hold:

{_list(listed)}

**What for.** {" ".join(f"{p.title}: {_lower(p.meaning)}." for p in facts.purposes)}

**Who sees your name.** The people who study the records do not know who you are: names, NHS numbers, addresses and dates of birth are taken out and locked away. If the
records show that something could help you, your own practice is told, because it cares for you. Each time somebody sees who you are, it is written down with their name and the reason.
You may ask who has seen yours.

**Our legal basis.** {" ".join(f"{p.title}: {p.lawful_basis}." for p in facts.purposes)}

**Your choice.** Tell your practice if you do not want your record used beyond your own care (a Type 1 opt-out). You can also set a national data opt-out at
nhs.uk/your-nhs-data-matters or on 0300 303 5678. Neither changes the care you get.

**How long.** {" ".join(f"{p.title}: {facts.register.terms(p.name).retention_days:,} days." for p in facts.purposes)}

**Decisions.** No decision about you is made by a computer alone. You may complain to the Information Commissioner: ico.org.uk, 0303 123 1113.
"""


def _retention(facts: _Facts) -> str:
    runs = retention_runs(facts.settings)
    rows = [
        [run.at[:16].replace("T", " "), o.kind, str(o.found), str(o.deleted), str(o.left)]
        for run in runs[:50]
        for o in run.outcomes
    ]
    return f"""# Retention

{facts.head}

{_table(["What", "Kept for", "Why no longer"], ([r.kind, r.kept, r.why] for r in rules_of(facts.settings)))}

What expired is deleted by `goldenthread retention run`, which looks again afterwards: "left" is what it found then. Run it every day.

## Runs

{_table(["When (UTC)", "What", "Found", "Deleted", "Left"], rows) if rows else "None yet."}
"""


def _purposes_table(facts: _Facts) -> str:
    rows = [
        [p.title, p.lawful_basis, p.common_law, _opt_outs(p), _practices(facts, p.name),
         "; ".join(d.title for d in facts.register.documents(p.name)) or "none recorded"]
        for p in facts.purposes
    ]  # fmt: skip
    return _table(["Purpose", "Lawful basis", "Common law", "Opt-outs", "Practices sharing", "Papers"], rows)


def _feed_rows(facts: _Facts) -> Iterable[list[str]]:
    for feed in feeds().values():
        may = [p.title for p in facts.purposes if feed.name in facts.register.terms(p.name).feeds]
        yield [feed.title, ", ".join(may) or "none"]


def _opt_outs(purpose: Purpose) -> str:
    named = [
        w for w, on in (("Type 1", purpose.type_1), ("national data opt-out", purpose.national_opt_out)) if on
    ]
    return " and ".join(named) or "do not apply to a person's own care"


def _practices(facts: _Facts, purpose: str) -> str:
    found = facts.sharing.get(purpose)
    if found is None:
        return "no data yet"
    withheld = [f"{feeds()[f].title}: {len(p)} withhold it" for f, p in found.withheld.items()]
    return "; ".join([f"{len(found.practices) - len(found.out)} of {len(found.practices)}", *withheld])


def _policies(facts: _Facts) -> str:
    return "; ".join(f"{_lower(p.title)} by the policy {p.disclosure}" for p in facts.purposes)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [
        "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) + " |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%B %Y}"
