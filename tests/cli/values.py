"""What is right and what is wrong to give a command: for the tests that give every command one bad input."""

from __future__ import annotations

from goldenthread.cli.tree import every_command

GOOD = {
    "expression": "age >= 65", "outcome": "town_asthma", "name": "older", "condition": "asthma", "scope": "system",
    "by": "Ann Lee, IG lead", "reason": "Agreed on 1 June", "mailbox": "GT001HC001", "purpose": "planning",
    "practice": "Z00001", "feeds": "all", "keep_days": "365", "kind": "other", "title": "Agreement 12", "place": "The shelf",
    "what": "More people came", "reasons": "It helped", "choice": "scale", "agreed_by": "Ann Lee, clinical director",
    "username": "jo", "role": "analyst", "file": "some.csv", "folder": "some-folder",
}  # fmt: skip
"""Good values of what commands need: only the one thing is wrong in each question below."""
GOOD_FOR = {
    "measure name": "town_asthma", "definitions show name": "town_asthma", "codes coverage name": "town_asthma",
    "initiative note kind": "pdsa", "purposes paper kind": "dpia", "accounts add name": "Jo Bloggs", "accounts add username": "ann",
    "feeds forget file": "gp/Z00001/events.csv",
}  # fmt: skip

WRONG = {
    # days
    **dict.fromkeys(("as_at", "start", "end", "since", "signed", "review", "evaluate_on", "starts", "until"), "yesterday"),
    # names of things that are not there
    "purpose": "plannig", "scope": "pcn-NOWHERE", "feed": "nosuchfeed", "practice": "Z99999", "expression": "nosuchfact > 1",
    "outcome": "nosuchfact", "condition": "nosuchfact", "model": "nosuchmodel", "segmentation": "nosuchkind", "name": "nosuchname",
    "username": "nosuchuser", "role": "king", "kind": "nosuchkind", "choice": "perhaps", "allow": "nosuchaccount-here", "template": "nosuchtemplate",
    "after": "nosuchname", "snapshot": "nosuchsnapshot", "cohort": "nosuchcohort-1", "places": "nosuchplace", "stage": "nosuchstage",
    "reach": "nosuchgroup", "mailbox": "no mailbox", "request": "no request", "feeds": "nosuchfeed", "freeze": "Not A Name",
    "noted": "not-a-head", "host": "no such host",
    # what must not be left blank
    "reason": " ", "reasons": " ", "what": " ", "title": " ", "place": " ", "agreed_by": " ",
}  # fmt: skip
WRONG_FOR = {
    **dict.fromkeys(("ask by", "inequality by", "segments by", "need groups by"), "nosuchfact"),
    **{f"{c} by": " " for c in (
        "opt-outs request", "opt-outs read", "retention run", "agreements adopt", "agreements withdraw", "purposes paper",
        "purposes terms", "vault off", "vault on", "vault trust", "initiative decide",
    )},
    "feeds forget file": "../nosuchfile.csv",
    "accounts add name": " ", "accounts add username": "not a user name",
    **dict.fromkeys(("initiative list scope", "initiative new scope", "initiative import scope"), "nowhere"),
    "initiative new name": "Not A Name", "initiative import name": "Not A Name",
}  # fmt: skip
"""Wrong values where a word means something else than in other commands."""
NEVER_WRONG = {
    "audit show actor": "whoever: nobody of that name did anything",
    "audit show action": "whatever: nobody did it",
    "audit show subject": "whatever: nobody did anything about it",
    "definitions list find": "words that nothing holds",
    "initiative list words": "words that nothing holds",
    "initiative list person": "whoever: they own nothing",
    "initiative new title": "free text; what is missing is asked for before the plan is locked",
    "initiative new question": "free text",
    "initiative new programme": "free text: the name in the contact feed",
    "initiative new owner": "whoever: people have no list",
    "initiative new deputy": "whoever",
    "initiative handover to": "whoever: it is theirs when they accept",
    "init name": "free text",
    "init feeds": "any folder: it is made",
    "audit seen token": "whatever: nobody has seen it",
    "initiative new cohort": "looked at when the people are counted: a draft may be unfinished",
    "initiative lock version": "compared when everything else is in order",
    "accounts add subject": "the identity provider's number, of any form",
    "demo seed": "any number",
    "initiative plan version": "looked at only where something is changed",
    **{f"{c} who": "whoever: free text" for c in (
        "initiative new", "initiative plan", "initiative freeze", "initiative lock", "initiative amend", "initiative note",
        "initiative evaluate", "initiative decide", "initiative handover", "initiative import",
    )},
}  # fmt: skip
"""Where every text is an answer; the reason says why."""

ASKED_LATER = {
    "need groups by": "a model comes first",
    "accounts add username": "not repeated: somebody may have typed an NHS number",
    "opt-outs request mailbox": "somebody to ask about comes first",
    **dict.fromkeys(("initiative import name", "initiative import scope"), "the file comes first"),
}
"""Wrong values that are not named, or not reached where something else is wrong too."""

NEEDS_NO_HOME = {
    "definitions list": "the definitions that are shipped", "definitions show": "the same", "definitions check": "the same",
    "codes list": "the same", "codes diff": "the same, with another folder",
    "init": "makes one", "demo": "makes one", "demo-report": "is given its folder",
}  # fmt: skip
NEEDS_NO_DATA = {
    **NEEDS_NO_HOME,
    "codes pin": "definitions alone",
    **dict.fromkeys(("doctor", "refresh", "snapshots list", "snapshots prune"), "there to be run before there are data"),
    **dict.fromkeys(("quarantine", "feeds list", "feeds forget"), "what came in, before it is in force"),
    **dict.fromkeys(("safety-pack", "purposes show", "purposes paper", "purposes terms"), "papers come first"),
    **dict.fromkeys(("audit show", "audit verify", "audit export", "audit alerts", "audit seen"), "acts, not data"),
    **dict.fromkeys(("initiative list", "initiative export", "initiative verify"), "a register with nothing in it"),
    **dict.fromkeys(("opt-outs read", "opt-outs status", "retention run", "retention show"), "records of its own"),
    **dict.fromkeys(("keys create", "keys show", "keys rotate", "keys backup", "keys restore"), "the key comes first"),
    **dict.fromkeys([c for c in every_command() if c.startswith("vault ")], "identities, not data"),
    **dict.fromkeys([c for c in every_command() if c.startswith("accounts ")], "people may have accounts before"),
    "serve": "says on its first page that there are no data yet",
}  # fmt: skip
"""Commands that have an answer before the first refresh."""
DATA_COME_LATER = {
    "opt-outs request": "there is no vault yet",
    **{c: "there is no initiative yet" for c in every_command() if c.startswith("initiative ")},
    **dict.fromkeys(("need show", "need groups", "need view"), "no model has been fitted yet"),
}  # fmt: skip
"""Commands that are refused before the first refresh for another reason."""
WAITS = {"serve": "serves until stopped", "vault serve": "the same"}
"""Not run with everything in order."""


FILES = {
    "definitions check folder": "folder to read", "codes diff folder": "folder to read", "vault restore folder": "folder to read",
    "demo-report folder": "folder to read", "keys restore file": "file to read", "keys restore passphrase_file": "file to read",
    "keys backup passphrase_file": "file to read", "opt-outs read file": "file to read", "initiative import file": "file to read",
    "initiative plan file": "file to read", "audit export file": "new file", "keys backup file": "new file",
    "initiative evaluate out": "file to write", "initiative handover out": "file to write", "initiative export out": "file to write",
    "vault backup folder": "new folder", "safety-pack folder": "folder to write", "init folder": "folder to write",
    "demo folder": "folder to write", "vault serve socket": "socket",
}  # fmt: skip
ENDINGS = {"initiative plan file": ".toml", "initiative import file": ".json", "initiative evaluate out": ".html",
           "initiative handover out": ".html", "initiative export out": ".json", "audit export file": ".csv"}  # fmt: skip
