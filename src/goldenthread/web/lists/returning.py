"""What comes of contacts goes back to the lake: appended to the feed of programme contacts, which the next refresh pseudonymises."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import date

from django.conf import settings

from goldenthread.web.initiatives import actions as initiatives
from goldenthread.web.lists.choices import RETURNED
from goldenthread.web.lists.models import Attempt


def send_back(practice: str, initiative: str, nhs_number: str, on: date, result: str) -> bool:
    """Append an outcome to the feed; whether that was done.

    The feed lies with the other raw feeds. Lists that belong to no initiative are not evaluated, so nothing is written.
    """
    name = initiatives.contacts_name(initiative) if initiative else ""
    if not name or not nhs_number:
        return False
    folder = settings.DEPLOYMENT.feeds_dir / "programme" / f"GT{practice}"
    path = folder / "contact.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if fresh:
                path.chmod(0o600)
                writer.writerow(["INITIATIVE", "NHS_NUMBER", "CONTACT_DATE", "OUTCOME"])
            writer.writerow([name, nhs_number, on.isoformat(), RETURNED[result]])
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        return False
    return True


def send_waiting(release: str, practice: str, initiative: str, number_of: Callable[[str], str]) -> int:
    """Send back contacts that could not be sent when they were recorded, such as while the key service was down; returns how many.

    ``number_of`` gives the NHS number behind a token, and nothing where it cannot be said.
    """
    if not initiative:
        return 0
    sent = 0
    waiting = Attempt.objects.filter(
        item__work__release=release, item__work__practice=practice, returned=False
    )
    for one in waiting.select_related("item"):
        if send_back(practice, initiative, number_of(one.item.token), one.on, one.result):
            one.returned = True
            one.save(update_fields=["returned"])
            sent += 1
    return sent
