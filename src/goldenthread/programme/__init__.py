"""Initiatives from question to second cycle: register, plan, lock, reach, evaluation, decision, handing on, sharing."""

from goldenthread.programme.errors import Conflict, ProgrammeError, Refused
from goldenthread.programme.evaluating import Evaluated, evaluate
from goldenthread.programme.locking import Amendment, Lock, Signatory, amend, lock, verify
from goldenthread.programme.plan import Design, EquityTarget, Plan, PlannedOutcome, Started, StopRule, lacks
from goldenthread.programme.power import Power, power_of
from goldenthread.programme.reach import Contacts, contacts_of, reach_by, reach_by_month
from goldenthread.programme.record import (
    LINKS,
    STAGES,
    FourIs,
    Initiative,
    LogicLink,
    Partner,
    Reference,
    Resource,
    Risk,
)
from goldenthread.programme.register import NOTES, Entry, Register
from goldenthread.programme.result import evaluated_page, last_page, released_block
from goldenthread.programme.workforce import Activity, Rates, Workforce, fourth, load_rates, workforce

__all__ = [
    "LINKS",
    "NOTES",
    "STAGES",
    "Activity",
    "Amendment",
    "Conflict",
    "Contacts",
    "Design",
    "Entry",
    "EquityTarget",
    "Evaluated",
    "FourIs",
    "Initiative",
    "Lock",
    "LogicLink",
    "Partner",
    "Plan",
    "PlannedOutcome",
    "Power",
    "ProgrammeError",
    "Rates",
    "Reference",
    "Refused",
    "Register",
    "Resource",
    "Risk",
    "Signatory",
    "Started",
    "StopRule",
    "Workforce",
    "amend",
    "contacts_of",
    "evaluate",
    "evaluated_page",
    "fourth",
    "lacks",
    "last_page",
    "load_rates",
    "lock",
    "power_of",
    "reach_by",
    "reach_by_month",
    "released_block",
    "verify",
    "workforce",
]
