"""Why a row was not accepted, in words for the people who can put it right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A cause of quarantine: a short code for counting, what is wrong, and what to do about it."""

    code: str
    words: str
    remedy: str


ACCEPTED = 0

REASONS: tuple[Reason, ...] = (
    Reason("accepted", "", ""),
    Reason("missing", "a required value is empty", "Ask the sender to fill it in."),
    Reason("not a number", "the value is not a number", "Correct the value, or the column's type in the contract."),
    Reason("not a date", "the value is not a date in the agreed format", "Send dates as the contract says."),
    Reason("not a time", "the value is not a time of day", "Send times as HH:MM or HH:MM:SS."),
    Reason("unknown code", "the code is not in the agreed list", "Correct it, or add a spelling to the contract."),
    Reason("wrong form", "the value does not have the agreed form", "Correct the value."),
    Reason("too long", "the value is longer than the contract allows", "Check for a missing quote or delimiter."),
    Reason("out of range", "the value lies outside the agreed limits", "Check the value and its unit."),
    Reason("check digit", "the code's check digit is wrong", "Correct the code: a digit was lost or mistyped."),
    Reason("date in the future", "the date lies after the day of the extract", "Correct the date."),
    Reason("date before 1900", "the date lies before 1900", "Correct the date; leave it empty if not known."),
    Reason("before birth", "the date lies before the person's birth", "Check the date and the birth date."),
    Reason("dates out of order", "the period ends before it begins", "Check both dates."),
    Reason("unknown patient", "no accepted patient has this number", "Send both files of one extract; see the patient's own quarantine."),
    Reason("field count", "the line has too many or too few fields", "Look for a stray delimiter, quote or line break."),
    Reason("bad quoting", "a quotation mark is not closed or stands inside a field", "Double quotes inside a field, and close each one."),
    Reason("bad bytes", "the line holds bytes that are not text in the agreed encoding", "Save the file in the encoding of the contract."),
    Reason("null bytes", "the line holds null bytes", "The file was damaged on its way: send it again."),
    Reason("incomplete line", "the file ends in the middle of this line", "The file was cut short: send it again."),
    Reason("stray line break", "a carriage return stands in the middle of the line", "Quote fields that hold line breaks."),
    Reason("duplicate patient", "another row has the same patient number with different content", "Send one row for each patient."),
)  # fmt: skip

CODES: dict[str, int] = {reason.code: number for number, reason in enumerate(REASONS)}
"""Reason code -> its number, as used in arrays."""
