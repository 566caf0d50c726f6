"""Initiatives from question to second cycle: register, plan, lock, reach, evaluation, decision, handing on, sharing."""

from goldenthread.programme.deciding import beside, decide, elsewhere, next_cycle
from goldenthread.programme.documents import FORMATS, document
from goldenthread.programme.due import evaluate_due
from goldenthread.programme.errors import Conflict, ProgrammeError, Refused
from goldenthread.programme.evaluating import Evaluated, evaluate
from goldenthread.programme.fairness import DeprivationReached, Fifth, deprivation_reached
from goldenthread.programme.forms import read as read_form
from goldenthread.programme.forms import to_json
from goldenthread.programme.freezing import freeze_cohort
from goldenthread.programme.handing import (
    ListInProgress,
    Orphan,
    accept,
    decline,
    due_of,
    handover,
    offer,
    orphans,
    owned_by,
    said_of,
    take,
)
from goldenthread.programme.locking import Amendment, Lock, Signatory, amend, lock, verify
from goldenthread.programme.plan import Design, EquityTarget, Plan, PlannedOutcome, Started, StopRule, lacks
from goldenthread.programme.portfolio import Row, entry_json, portfolio
from goldenthread.programme.portfolio import to_csv as portfolio_csv
from goldenthread.programme.portfolio import to_json_text as register_json
from goldenthread.programme.power import Power, power_of
from goldenthread.programme.reach import Contacts, contacts_of, first_contact, reach_by, reach_by_month
from goldenthread.programme.recipe import Imported, export_recipe, import_recipe
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
from goldenthread.programme.result import evaluated_page, last_page, page_json, released_block
from goldenthread.programme.templates import from_template, problems_of, template_of
from goldenthread.programme.timeline import CAPTION as DRAWN
from goldenthread.programme.timeline import Quarters, pictures_of
from goldenthread.programme.where import catchments, networks_map
from goldenthread.programme.workforce import Activity, Rates, Workforce, fourth, load_rates, workforce

__all__ = [
    "DRAWN",
    "FORMATS",
    "LINKS",
    "NOTES",
    "STAGES",
    "Activity",
    "Amendment",
    "Conflict",
    "Contacts",
    "DeprivationReached",
    "Design",
    "Entry",
    "EquityTarget",
    "Evaluated",
    "Fifth",
    "FourIs",
    "Imported",
    "Initiative",
    "ListInProgress",
    "Lock",
    "LogicLink",
    "Orphan",
    "Partner",
    "Plan",
    "PlannedOutcome",
    "Power",
    "ProgrammeError",
    "Quarters",
    "Rates",
    "Reference",
    "Refused",
    "Register",
    "Resource",
    "Risk",
    "Row",
    "Signatory",
    "Started",
    "StopRule",
    "Workforce",
    "accept",
    "amend",
    "beside",
    "catchments",
    "contacts_of",
    "decide",
    "decline",
    "deprivation_reached",
    "document",
    "due_of",
    "elsewhere",
    "entry_json",
    "evaluate",
    "evaluate_due",
    "evaluated_page",
    "export_recipe",
    "first_contact",
    "fourth",
    "freeze_cohort",
    "from_template",
    "handover",
    "import_recipe",
    "lacks",
    "last_page",
    "load_rates",
    "lock",
    "networks_map",
    "next_cycle",
    "offer",
    "orphans",
    "owned_by",
    "page_json",
    "pictures_of",
    "portfolio",
    "portfolio_csv",
    "power_of",
    "problems_of",
    "reach_by",
    "reach_by_month",
    "read_form",
    "register_json",
    "released_block",
    "said_of",
    "take",
    "template_of",
    "to_json",
    "verify",
    "workforce",
]
