"""Raw feeds to the model: read, validate, quarantine, link, pseudonymise."""

from goldenthread.intake.contract import Contract, load_contracts, parse_contract
from goldenthread.intake.errors import ContractError, FileRefusedError, IntakeError
from goldenthread.intake.quarantine import QuarantineSummary, quarantine_rows, quarantine_summary
from goldenthread.intake.refresh import contracts_for, files_in_force, forget, refresh
from goldenthread.intake.report import FeedReport, Progress, RefreshReport, Refused

__all__ = [
    "Contract",
    "ContractError",
    "FeedReport",
    "FileRefusedError",
    "IntakeError",
    "Progress",
    "QuarantineSummary",
    "RefreshReport",
    "Refused",
    "contracts_for",
    "files_in_force",
    "forget",
    "load_contracts",
    "parse_contract",
    "quarantine_rows",
    "quarantine_summary",
    "refresh",
]
