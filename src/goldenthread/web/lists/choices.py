"""The words that a list's records are made of: data, so that what flows back can be counted."""

from __future__ import annotations

STATUSES = {
    "new": "To review",
    "accepted": "Accepted, to contact",
    "contacted": "Contacted",
    "booked": "Booked",
    "completed": "Done",
    "declined": "Declined",
    "excluded": "Not suitable",
    "already": "Being done already",
    "wrong": "Wrongly listed",
    "gone": "No longer here",
}
OPEN = ("new", "accepted", "contacted", "booked")
REASONS = {
    "excluded": {
        "too_ill": "Too ill, or near the end of life",
        "not_clinically_right": "Not clinically right for this person",
        "safeguarding": "Safeguarding or safety",
        "declined_before": "Has declined before",
        "other": "Another reason",
    },
    "already": {
        "same_service": "Already with this service",
        "other_service": "Another service does this",
        "recently_done": "Done recently",
    },
    "wrong": {
        "coded_wrongly": "A code in the record is wrong",
        "out_of_date": "The record is out of date",
        "no_longer_true": "It is no longer true of them",
        "rule_wrong": "The rule picks the wrong people",
    },
}
KINDS = {
    "letter": "Letter",
    "sms": "Text message",
    "phone": "Telephone",
    "visit": "Home visit",
    "surgery": "At the surgery",
    "video": "Video",
}
RESULTS = {
    "offered": "Offered",
    "no_answer": "No answer",
    "reached": "Spoken to",
    "booked": "Booked",
    "declined": "Declined",
    "completed": "Met, and done",
}
STATUS_AFTER = {
    "offered": "contacted",
    "no_answer": "contacted",
    "reached": "contacted",
    "booked": "booked",
    "declined": "declined",
    "completed": "completed",
}
RETURNED = {
    "offered": "invited",
    "no_answer": "invited",
    "reached": "reached",
    "booked": "reached",
    "declined": "declined",
    "completed": "completed",
}
"""What each result is called in the ``contact`` table, from which evaluation reads."""
NEEDS = {
    "interpreter": "Interpreter", "large_print": "Large print", "easy_read": "Easy read", "carer": "Carer comes too", "longer": "Longer appointment",
    "step_free": "Step-free access", "hearing": "Hearing support", "home": "Home visit only",
}  # fmt: skip
